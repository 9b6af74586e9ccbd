#include "cli/commands/language_model.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "cli/screen/messages.h"

namespace bertune::cli {

void LanguageModelOptions::add_model_to(CLI::App& command) {
  model.add_to(command, "Folder of a pre-trained BERT, or its name on the Hugging Face Hub");
}

void LanguageModelOptions::add_output_to(CLI::App& command, const std::string& what_json_is) {
  add_threads_option(command, threads);
  command.add_flag("--json", json, what_json_is);
  screen.add_to(command);
}

Predictor LanguageModelOptions::open(Architecture architecture, std::int64_t top) {
  model.find(json || screen.hides_progress());
  use_threads(threads);
  return Predictor(model.folder, {.architecture = architecture, .base = model.base, .top = top});
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

}  // namespace bertune::cli
