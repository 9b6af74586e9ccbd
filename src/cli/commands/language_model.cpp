#include "cli/commands/language_model.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "cli/screen/messages.h"
#include "core/utf8.h"

namespace bertune::cli {

void LanguageModelOptions::add_model_to(CLI::App& command) {
  command
      .add_option("--model,--model_name_or_path", model,
                  "Folder of a pre-trained BERT, or its name on the hub")
      ->required();
  hub.add_to(command);
}

void LanguageModelOptions::add_output_to(CLI::App& command, const std::string& what_json_is) {
  add_threads_option(command, threads);
  command.add_flag("--json", json, what_json_is);
}

Predictor LanguageModelOptions::open(Architecture architecture, std::int64_t top) {
  model = hub.find(model, json);
  base = hub.find_base(model, json);
  use_threads(threads);
  return Predictor(model, {.architecture = architecture, .base = base, .top = top});
}

Prediction ask(const Predictor& predictor, const Input& input) {
  Truncated truncated;
  std::vector<Prediction> predictions = predictor.predict({&input, 1}, &truncated);
  if (truncated.tokens > 0) {
    warn(fmt::format("the model reads the first {} tokens; {} more were left out", predictor.max_length(),
                     truncated.tokens));
  }
  return std::move(predictions.front());
}

std::string valid_utf8(const std::string& text) {
  std::uint64_t replaced = 0;
  return replace_invalid_utf8(text, replaced);
}

}  // namespace bertune::cli
