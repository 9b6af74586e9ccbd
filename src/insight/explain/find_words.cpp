#include "insight/explain/find_words.h"

#include <fmt/format.h>

#include <memory>
#include <new>
#include <utility>

#include "core/file.h"
#include "insight/explain/explained_mistakes.h"
#include "insight/results/mistake_words.h"
#include "train/model_folder.h"

namespace bertune::insight {
namespace {

std::string why_not(const std::string& outcome) {
  if (outcome == "tags" || outcome == "answers")
    return "the words behind a tag or an answer are what `bertune explain` shows";
  return "models of this task have no explanations";
}

OrderedJson words_of_model(const OrderedJson& facts, const ExplainedModel& model,
                           const std::stop_token& stop) {
  const auto shared = std::make_shared<const predict::SharedModel>(
      train::ModelFolder::open(model.folder, model.max_length, model.base), Precision::fp32);
  ModelExplainer explainer(shared, {.method = ExplainMethod::leave_one_out}, model.folder,
                           {.threshold = model.threshold});
  return explained_mistakes(facts, explainer, {}, stop);
}

}  // namespace

std::function<void(const OrderedJson& facts)> finder_of_words(
    std::filesystem::path run, std::optional<ExplainedModel> model,
    std::function<void(const std::string& note)> on_note, std::stop_token stop) {
  return [run = std::move(run), model = std::move(model), on_note = std::move(on_note),
          stop = std::move(stop)](const OrderedJson& facts) {
    OrderedJson file = {{"most_words", 0}, {"mistakes", OrderedJson::object()}};
    const std::string outcome = facts.at("outcome");
    try {
      if (!model) {
        file["why_not"] = "they were left out, as asked";
      } else if (outcome != "classes" && outcome != "labels" && outcome != "numbers") {
        file["why_not"] = why_not(outcome);
      } else {
        file = words_of_model(facts, *model, stop);
      }
    } catch (const std::bad_alloc&) {
      throw;  // the model is saved, and a program without memory says so in one way
    } catch (const std::exception& error) {
      on_note(fmt::format("no words behind the mistakes: {}", error.what()));
      file["why_not"] = "they could not be found";
    }
    file["predictions"] = hash_of_predictions(run);
    write_file_atomically(run / kExplanationsFile,
                          file.dump(1, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
  };
}

}  // namespace bertune::insight
