#include "insight/results/mistake_words.h"

#include <fmt/format.h>

#include "bertune/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {

std::string key_of_mistake(const OrderedJson& mistake) {
  const std::string text = mistake.value("text", ""), pair = mistake.value("text_pair", "");
  return fmt::format("{} {:016x}", mistake.value("where", ""), quick_hash(text + '\n' + pair));
}

std::string hash_of_predictions(const std::filesystem::path& folder) {
  return fmt::format("{:016x}", quick_hash(MappedFile(folder / kPredictedTensorsFile).text()));
}

void add_decisive_words(const std::filesystem::path& folder, OrderedJson& facts) {
  const std::filesystem::path path = folder / kExplanationsFile;
  OrderedJson file;
  if (path_exists(path)) file = OrderedJson(parse_json(read_file(path), path.string()));
  try {
    if (file.is_null() || file.at("predictions") != hash_of_predictions(folder)) {
      facts["explanations"] = {{"explained", 0},
                               {"why_not",
                                "the words behind them are found at the end of a training or an evaluation, "
                                "with the model at hand"}};
      return;
    }
    facts["explanations"] = {{"explained", file.at("mistakes").size()},
                             {"most_words", file.at("most_words")}};
    if (file.contains("why_not")) facts["explanations"]["why_not"] = file.at("why_not").get<std::string>();
    for (OrderedJson& mistake : facts.at("mistakes")) {
      const auto found = file.at("mistakes").find(key_of_mistake(mistake));
      if (found != file.at("mistakes").end()) mistake["decided"] = *found;
    }
  } catch (const OrderedJson::exception&) {
    throw Error(fmt::format("{}: is damaged: a value is of another kind than was written", path.string()));
  }
}

}  // namespace bertune::insight
