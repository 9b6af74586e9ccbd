#include "cli/commands/language_model_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/error.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "core/json.h"
#include "core/utf8.h"
#include "tasks/metrics.h"
#include "train/model_folder.h"

namespace bertune::cli {
namespace {

constexpr std::string_view kHowToGetOne = "bertune pretrain trains one, and bert-base-uncased comes with one";

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

struct Guess {
  std::int32_t id;
  double probability;
};

std::vector<Guess> best_guesses(std::span<const float> logits, std::int64_t count) {
  const std::vector<double> probabilities =
      tasks::probabilities(ProblemType::single_label_classification, logits);
  std::vector<std::int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto end = ids.begin() + std::min(count, static_cast<std::int64_t>(ids.size()));
  std::partial_sort(ids.begin(), end, ids.end(), [&](std::int32_t a, std::int32_t b) {
    const double left = probabilities[static_cast<std::size_t>(a)],
                 right = probabilities[static_cast<std::size_t>(b)];
    return left != right ? left > right : a < b;
  });
  std::vector<Guess> guesses;
  for (auto id = ids.begin(); id != end; ++id)
    guesses.push_back({*id, probabilities[static_cast<std::size_t>(*id)]});
  return guesses;
}

void warn_if_cut(const Encoding& encoding, std::int64_t max_length) {
  if (encoding.truncated_tokens == 0) return;
  warn(fmt::format("the model reads the first {} tokens; {} more were left out", max_length,
                   encoding.truncated_tokens));
}

// The tokens that stand for [MASK] in the text, in order.
std::vector<std::vector<Guess>> guess_masks(train::ModelFolder& folder, const std::string& text,
                                            std::int64_t count) {
  const Encoding encoding = folder.tokenizer.encode(
      text, {.truncation = Truncation::longest_first, .max_length = folder.max_length});
  Batch batch;
  batch.add(encoding);
  std::size_t masks = 0;
  for (const std::int32_t id : encoding.input_ids) {
    const bool is_mask = id == folder.tokenizer.mask_token_id();
    masks += is_mask ? 1 : 0;
    batch.labels.push_back(is_mask ? 0 : kIgnoredLabel);  // where logits are wanted
  }
  if (masks == 0) {
    const std::string mask(folder.tokenizer.id_to_token(folder.tokenizer.mask_token_id()));
    throw UsageError(fmt::format("\"{}\" holds no {}{}", text, mask,
                                 encoding.truncated_tokens > 0
                                     ? fmt::format(" in its first {} tokens", folder.max_length)
                                     : "; put one where a word is missing"));
  }
  warn_if_cut(encoding, folder.max_length);
  const std::span<const float> logits = folder.model.forward(batch).logits;
  const std::size_t width = logits.size() / masks;
  std::vector<std::vector<Guess>> guesses;
  for (std::size_t i = 0; i < masks; ++i)
    guesses.push_back(best_guesses(logits.subspan(i * width, width), count));
  return guesses;
}

void print_guesses(const train::ModelFolder& folder, const std::string& text,
                   const std::vector<std::vector<Guess>>& masks, bool json) {
  Json line = {{"text", text}, {"masks", Json::array()}};
  if (!json) fmt::print("{}\n", text);
  for (const std::vector<Guess>& guesses : masks) {
    Json tokens = Json::array();
    for (const Guess& guess : guesses) {
      const std::string token = folder.tokenizer.decode({guess.id}, false);
      tokens.push_back({{"token", token}, {"score", guess.probability}});
      if (!json) fmt::print("  {:>6.1f} %  {}\n", 100 * guess.probability, token);
    }
    line["masks"].push_back(tokens);
    if (!json && &guesses != &masks.back()) fmt::print("\n");
  }
  if (json) fmt::print("{}\n", line.dump());
}

void fill_masks(const Options& options) {
  if (options.top < 1) throw UsageError("--top must be at least 1");
  use_threads(options.threads);
  train::ModelFolder folder = train::ModelFolder::open(options.model, std::nullopt, Architecture::masked_lm,
                                                       kHowToGetOne, options.base);
  const auto answer = [&](const std::string& given) {
    std::uint64_t replaced = 0;
    const std::string text = replace_invalid_utf8(given, replaced);
    print_guesses(folder, text, guess_masks(folder, text, options.top), options.json);
  };
  if (options.text) return answer(*options.text);
  for (std::string text; std::getline(std::cin, text);) {
    if (text.ends_with('\r')) text.pop_back();
    if (!text.empty()) answer(text);
  }
}

void say_whether_next(const Options& options) {
  use_threads(options.threads);
  train::ModelFolder folder = train::ModelFolder::open(
      options.model, std::nullopt, Architecture::next_sentence_prediction, kHowToGetOne, options.base);
  std::uint64_t replaced = 0;
  const Encoding encoding = folder.tokenizer.encode(
      replace_invalid_utf8(options.first, replaced), replace_invalid_utf8(options.second, replaced),
      {.truncation = Truncation::longest_first, .max_length = folder.max_length});
  warn_if_cut(encoding, folder.max_length);
  Batch batch;
  batch.add(encoding);
  const double is_next =
      tasks::probabilities(ProblemType::single_label_classification, folder.model.forward(batch).logits)[0];
  if (options.json) {
    fmt::print("{}\n", Json{{"is_next", is_next}}.dump());
  } else {
    fmt::print("{:.1f} % that the second follows the first\n", 100 * is_next);
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
