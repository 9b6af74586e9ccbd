#include "cli/commands/fill_mask_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bertune/error.h"
#include "cli/commands/language_model.h"
#include "cli/screen/standard_input.h"
#include "tasks/prediction.h"

namespace bertune::cli {
namespace {

struct FillMaskOptions : LanguageModelOptions {
  // The argument is never a vector: CLI11 would read "[MASK]" as a list that holds MASK.
  std::optional<std::string> text;
  std::int64_t top = 5;
};

void print_words(const std::string& text, const Words& words, bool json) {
  if (json) {
    OrderedJson line = tasks::prediction_json(words, {});
    line["text"] = text;
    fmt::print("{}", tasks::json_line(line));
    return;
  }
  fmt::print("{}\n", text);
  for (const std::vector<WordGuess>& guesses : words.masks) {
    if (&guesses != &words.masks.front()) fmt::print("\n");
    for (const WordGuess& guess : guesses) fmt::print("  {:>6.1f}%  {}\n", 100 * guess.score, guess.word);
  }
}

void fill_masks(FillMaskOptions& options) {
  if (options.top < 1) throw UsageError("--top must be at least 1");
  const Predictor predictor = options.open(Architecture::masked_lm, options.top);
  const auto answer = [&](const std::string& given) {
    const Input input{.text = tasks::valid_text(given)};
    print_words(input.text, std::get<Words>(ask(predictor, input)), options.json);
  };
  if (options.text) return answer(*options.text);
  for (std::string text; std::getline(standard_input(), text);) {
    if (text.ends_with('\r')) text.pop_back();
    if (!text.empty()) answer(text);
  }
}

}  // namespace

void add_fill_mask_command(CLI::App& app) {
  const auto options = std::make_shared<FillMaskOptions>();
  CLI::App* command = app.add_subcommand("fill-mask", "Print the most probable words for [MASK] in a text");
  options->add_model_to(*command);
  command->add_option("text", options->text,
                      "A text with [MASK] in it (default: standard input, one text per line)");
  command->add_option("--top,--top_k", options->top, "Words per mask")->capture_default_str();
  options->add_output_to(*command, "Print one JSON object per text");
  command->footer(
      "Example:\n  bertune fill-mask --model bert-base-uncased \"The capital of France is [MASK].\"");
  command->callback([options] { fill_masks(*options); });
}

}  // namespace bertune::cli
