#include "cli/commands/next_sentence_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <variant>

#include "cli/commands/language_model.h"
#include "tasks/prediction.h"

namespace bertune::cli {
namespace {

struct NextSentenceOptions : LanguageModelOptions {
  std::string first, second;
};

void score_pairs(NextSentenceOptions& options) {
  const Predictor predictor = options.open(Architecture::next_sentence_prediction);
  const Input input{.text = tasks::valid_text(options.first), .text_pair = tasks::valid_text(options.second)};
  const auto next = std::get<NextSentence>(ask(predictor, input));
  if (options.json) {
    fmt::print("{}\n", to_json(next, {}));
  } else {
    fmt::print("{:.1f}% that the second follows the first\n", 100 * next.is_next);
  }
}

}  // namespace

void add_next_sentence_command(CLI::App& app) {
  const auto options = std::make_shared<NextSentenceOptions>();
  CLI::App* command =
      app.add_subcommand("next-sentence", "Print the probability that one text follows another");
  options->add_model_to(*command);
  command->add_option("first", options->first, "First text")->required();
  command->add_option("second", options->second, "The text that may follow it")->required();
  options->add_output_to(*command, "Print a JSON object");
  command->footer(
      "Example:\n  bertune next-sentence --model bert-base-uncased \"It rained.\" \"We went home.\"");
  command->callback([options] { score_pairs(*options); });
}

}  // namespace bertune::cli
