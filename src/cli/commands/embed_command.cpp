#include "cli/commands/embed_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "cli/commands/predict_command.h"
#include "cli/config/run_config.h"
#include "report/table.h"
#include "tasks/sentence_embedding/examples.h"
#include "tasks/sentence_embedding/prediction.h"
#include "train/arguments.h"
#include "train/evaluation.h"
#include "train/interrupt.h"
#include "train/model_folder.h"

namespace bertune::cli {
namespace {

// A model that embeds rows as they come, and what there is to say of it and of them.
class Embedder {
 public:
  explicit Embedder(const PredictOptions& options)
      : options_(options),
        config_(SentenceEmbeddingConfig::from_pretrained(options.model, options.base)),
        folder_(train::ModelFolder::open(options.model, options.max_length, Architecture::sentence_embedding,
                                         "", options.base)) {
    folder_.model.set_precision(Precision::fp32, train::precision_from_string(options.precision));
    task_.embedding = folder_.model.config().sentence_embedding;
    task_.max_length = folder_.max_length;
  }

  std::int64_t width() const { return folder_.model.config().hidden_size; }

  // Calls use(embedding of the text, of its pair or nothing) for each row, in order.
  void embed(
      const std::vector<data::Row>& rows, bool pairs,
      const std::function<void(std::size_t row, std::span<const float>, std::span<const float>)>& use) {
    const auto examples = tasks::make_examples(rows, pairs, folder_.tokenizer, task_);
    const auto n = static_cast<std::size_t>(width());
    texts_ += static_cast<std::int64_t>(examples->lengths.size());
    truncated_ += examples->truncated_texts;
    train::for_each_output(folder_.model, *examples, options_.batch_size,
                           [&](std::int64_t first, const Batch&, const ModelOutput& output) {
                             auto row = static_cast<std::size_t>(first);
                             for (std::size_t at = 0; at < output.logits.size(); at += pairs ? 2 * n : n) {
                               use(row++, output.logits.subspan(at, n),
                                   pairs ? output.logits.subspan(at + n, n) : std::span<const float>());
                             }
                           });
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    if (!config_) {
      notes.push_back(
          fmt::format("{}: has no modules.json that says how embeddings are made: they are the mean "
                      "over all tokens, not normalized",
                      options_.model.string()));
    }
    if (truncated_ > 0) {
      notes.push_back(
          fmt::format("{} of {} texts are longer than {} tokens and were truncated (--max-length)",
                      report::grouped(truncated_), report::grouped(texts_), folder_.max_length));
    }
    return notes;
  }

 private:
  const PredictOptions& options_;
  std::optional<SentenceEmbeddingConfig> config_;
  train::ModelFolder folder_;
  tasks::SentenceEmbedding task_;
  std::int64_t texts_ = 0, truncated_ = 0;
};

void write_lines(const PredictOptions& options, Embedder& embedder) {
  bool pairs = false;
  predict_rows(
      options,
      [&](const data::ColumnChoice& columns) {
        pairs = static_cast<bool>(columns.text_pair);
        return std::string();
      },
      [&](const std::vector<data::Row>& rows) {
        std::string lines;
        embedder.embed(rows, pairs, [&](std::size_t row, auto embedding, auto pair_embedding) {
          lines += tasks::embedding_line(rows[row], embedding, pair_embedding);
        });
        return lines;
      });
}

// The number of rows stands at the start of the file, and is known at its end.
void write_array(const PredictOptions& options, Embedder& embedder) {
  std::int64_t rows_done = 0;
  predict_rows(
      options,
      [&](const data::ColumnChoice& columns) {
        if (columns.text_pair) {
          throw UsageError(
              fmt::format("--output {}: an array has one embedding for each row, and the rows are pairs "
                          "(\"{}\" and \"{}\"); "
                          "choose one of them with --text-column, or write .jsonl",
                          options.output.string(), columns.text.name, columns.text_pair.name));
        }
        return tasks::npy_header(0, embedder.width());
      },
      [&](const std::vector<data::Row>& rows) {
        std::string numbers;
        embedder.embed(rows, false, [&](std::size_t, std::span<const float> embedding, auto) {
          numbers.append(reinterpret_cast<const char*>(embedding.data()), embedding.size_bytes());
        });
        rows_done += static_cast<std::int64_t>(rows.size());
        return numbers;
      },
      [&] { return tasks::npy_header(rows_done, embedder.width()); });
}

void run(const PredictOptions& options) {
  if (options.batch_size < 1) throw UsageError("--batch-size must be at least 1");
  const train::InterruptGuard guard;
  use_threads(options.threads);
  Embedder embedder(options);
  if (options.output.extension() == ".npy") {
    write_array(options, embedder);
  } else {
    write_lines(options, embedder);
  }
  print_notes(embedder.notes());
}

}  // namespace

void add_embed_command(CLI::App& app) {
  const auto options = std::make_shared<PredictOptions>();
  CLI::App* command = app.add_subcommand("embed", "Write sentence embeddings of texts");
  add_run_config(*command);
  command
      ->add_option("--model,--model_name_or_path", options->model,
                   "Folder of a model, or its name on the hub; best one for sentence embeddings")
      ->required();
  options->hub.add_to(*command);
  command->add_option("file,--test_file", options->input,
                      "Data file (default: standard input, one text per line)");
  command->add_option("--output", options->output,
                      "File to write: JSON Lines, or with the ending .npy a NumPy array (default: standard "
                      "output)");
  options->data.add_to(*command, "--input-format");
  command->add_option("--max-length,--max_seq_length", options->max_length,
                      "Tokens of a text; longer ones are truncated (default: as the model's files say)");
  command->add_option("--batch-size,--per_device_eval_batch_size", options->batch_size, "Texts per batch")
      ->capture_default_str();
  add_threads_option(*command, options->threads);
  add_precision_option(*command, options->precision);
  command->add_flag("--quiet,--disable_tqdm", options->quiet, "No progress");
  command->footer(
      "Examples:\n"
      "  echo \"where is my parcel?\" | bertune embed --model sentence-transformers/all-MiniLM-L6-v2\n"
      "  bertune embed --model DIR texts.csv --text-column title --output titles.npy\n"
      "A line of the output: {\"text\": ..., \"embedding\": [...]}, and of a pair of texts \"text_pair\" and "
      "\"embedding_pair\" too");
  command->callback([options] {
    options->model = options->hub.find(options->model, options->quiet);
    options->base = options->hub.find_base(options->model, options->quiet);
    run(*options);
  });
}

}  // namespace bertune::cli
