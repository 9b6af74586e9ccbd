#include "cli/commands/language_model_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "bertune/predictor.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "core/utf8.h"
#include "tasks/prediction.h"

namespace bertune::cli {
namespace {

struct Options {
  std::filesystem::path model, base;  // base: of an adapter
  HubFlags hub;
  // Never a vector of arguments: CLI11 would read "[MASK]" as a list that holds MASK.
  std::optional<std::string> text;
  std::string first, second;
  std::int64_t top = 5;
  ThreadOptions threads;
  bool json = false;
};

std::string valid(const std::string& text) {
  std::uint64_t replaced = 0;
  return replace_invalid_utf8(text, replaced);
}

Predictor open(const Options& options, Architecture architecture) {
  use_threads(options.threads);
  return Predictor(options.model, {.architecture = architecture, .base = options.base, .top = options.top});
}

template <typename Kind>
Kind predict(const Predictor& predictor, const Input& input) {
  Truncated truncated;
  const std::vector<Prediction> predictions = predictor.predict({&input, 1}, &truncated);
  if (truncated.tokens > 0) {
    warn(fmt::format("the model reads the first {} tokens; {} more were left out", predictor.max_length(),
                     truncated.tokens));
  }
  return std::get<Kind>(predictions.front());
}

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
    for (const WordGuess& guess : guesses) fmt::print("  {:>6.1f} %  {}\n", 100 * guess.score, guess.word);
  }
}

void fill_masks(const Options& options) {
  if (options.top < 1) throw UsageError("--top must be at least 1");
  const Predictor predictor = open(options, Architecture::masked_lm);
  const auto answer = [&](const std::string& given) {
    const Input input{.text = valid(given)};
    print_words(input.text, predict<Words>(predictor, input), options.json);
  };
  if (options.text) return answer(*options.text);
  for (std::string text; std::getline(std::cin, text);) {
    if (text.ends_with('\r')) text.pop_back();
    if (!text.empty()) answer(text);
  }
}

void say_whether_next(const Options& options) {
  const Predictor predictor = open(options, Architecture::next_sentence_prediction);
  const Input input{.text = valid(options.first), .text_pair = valid(options.second)};
  const NextSentence next = predict<NextSentence>(predictor, input);
  if (options.json) {
    fmt::print("{}\n", to_json(next, {}));
  } else {
    fmt::print("{:.1f} % that the second follows the first\n", 100 * next.is_next);
  }
}

}  // namespace

void add_fill_mask_command(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("fill-mask", "The most probable words for [MASK] in a text");
  command
      ->add_option("--model,--model_name_or_path", options->model,
                   "Folder of a pre-trained BERT, or its name on the hub")
      ->required();
  options->hub.add_to(*command);
  command->add_option("text", options->text,
                      "A text with [MASK] in it (default: texts on standard input, one a line)");
  command->add_option("--top,--top_k", options->top, "Words a mask")->capture_default_str();
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "A JSON object a text");
  command->footer("Example:\n  bertune fill-mask --model bert-base \"The capital of France is [MASK].\"");
  command->callback([options] {
    options->model = options->hub.find(options->model, options->json);
    options->base = options->hub.find_base(options->model, options->json);
    fill_masks(*options);
  });
}

void add_next_sentence_command(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("next-sentence", "How probable it is that one text follows another");
  command
      ->add_option("--model,--model_name_or_path", options->model,
                   "Folder of a pre-trained BERT, or its name on the hub")
      ->required();
  options->hub.add_to(*command);
  command->add_option("first", options->first, "A text")->required();
  command->add_option("second", options->second, "The text that may follow it")->required();
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "As a JSON object");
  command->footer(
      "Example:\n  bertune next-sentence --model bert-base \"It rained.\" \"We stayed at home.\"");
  command->callback([options] {
    options->model = options->hub.find(options->model, options->json);
    options->base = options->hub.find_base(options->model, options->json);
    say_whether_next(*options);
  });
}

}  // namespace bertune::cli
