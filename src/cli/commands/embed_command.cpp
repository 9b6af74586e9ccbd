#include "cli/commands/embed_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "cli/commands/predict_command.h"
#include "cli/commands/sink.h"
#include "cli/config/run_config.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/standard_input.h"
#include "predict/shared_model.h"
#include "report/table.h"
#include "tasks/sentence_embedding/prediction.h"
#include "train/arguments.h"
#include "train/model_folder.h"

namespace bertune::cli {
namespace {

// A model that embeds rows as they come, and what there is to say of it and of them.
class Embedder {
 public:
  explicit Embedder(const PredictOptions& options)
      : options_(options),
        config_(SentenceEmbeddingConfig::from_pretrained(options.model.folder, options.model.base)),
        model_(train::ModelFolder::open(options.model.folder, options.max_length,
                                        Architecture::sentence_embedding, "", options.model.base),
               train::precision_of(options.precision)) {
    task_.embedding = model_.config().sentence_embedding;
    task_.max_length = model_.trained().max_length;
  }

  std::int64_t width() const { return model_.config().hidden_size; }

  // Embeddings of the rows' texts; of pairs, of first and second texts in turn.
  std::vector<std::vector<float>> embed(const std::vector<data::Row>& rows, bool pairs) {
    std::vector<data::Row> texts;
    for (const data::Row& row : rows) {
      texts.emplace_back().text = row.text;
      if (pairs) texts.emplace_back().text = row.text_pair;
    }
    const tasks::Request request = tasks::request_of(texts, false, task_, model_.tokenizer());
    texts_ += request.items;
    truncated_ += request.truncated.inputs;
    std::vector<std::vector<float>> embeddings;
    model_.ask(request, {.batch_size = options_.batch_size * (pairs ? 2 : 1), .stop = interrupt_token()},
               [&](std::int64_t, Prediction prediction) {
                 embeddings.push_back(std::move(std::get<Embedding>(prediction).embedding));
               });
    return embeddings;
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes = model_.tokenizer().notes();
    if (!config_) {
      notes.push_back(
          fmt::format("{}: has no modules.json that says how embeddings are made: they are the mean "
                      "over all tokens, not normalized",
                      options_.model.folder.string()));
    }
    if (truncated_ > 0) {
      notes.push_back(
          fmt::format("{} of {} texts are longer than {} tokens and were truncated (--max-length)",
                      report::grouped(truncated_), report::grouped(texts_), task_.max_length));
    }
    return notes;
  }

 private:
  const PredictOptions& options_;
  std::optional<SentenceEmbeddingConfig> config_;
  predict::SharedModel model_;
  tasks::SentenceEmbedding task_;
  std::int64_t texts_ = 0, truncated_ = 0;
};

data::RowStream open_rows(const PredictOptions& options) {
  const data::ReadOptions read = options.data.read_options(false);
  return options.reads_standard_input() ? data::RowStream(standard_input(), "standard input", read)
                                        : data::RowStream(options.input, read);
}

// Calls `use` for the rows as they come: memory does not grow with them.
void for_each_part(const PredictOptions& options, data::RowStream& stream,
                   const std::function<void(const std::vector<data::Row>&)>& use) {
  constexpr std::int64_t kRowsAtATime = 1024;
  report::ProgressBar bar = prediction_bar(options, 0);
  std::vector<data::Row> rows;
  for (std::int64_t done = 0; stream.next_batch(kRowsAtATime, rows);) {
    use(rows);
    done += static_cast<std::int64_t>(rows.size());
    bar.update(done);
  }
  bar.finish();
}

void write_lines(const PredictOptions& options, Embedder& embedder) {
  data::RowStream stream = open_rows(options);
  Sink sink(options.output);
  const bool pairs = static_cast<bool>(stream.columns().text_pair);
  for_each_part(options, stream, [&](const std::vector<data::Row>& rows) {
    const std::vector<std::vector<float>> embeddings = embedder.embed(rows, pairs);
    std::string lines;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      lines += pairs ? tasks::embedding_line(rows[i], embeddings[2 * i], embeddings[2 * i + 1])
                     : tasks::embedding_line(rows[i], embeddings[i]);
    }
    sink.write(lines);
  });
  sink.finish();
  print_notes(stream.notes());
}

// The number of rows stands at the start of the file, and is known at its end.
void write_array(const PredictOptions& options, Embedder& embedder) {
  data::RowStream stream = open_rows(options);
  Sink sink(options.output);
  const data::ColumnChoice& columns = stream.columns();
  if (columns.text_pair) {
    throw UsageError(
        fmt::format("--output {}: an array has one embedding for each row, and the rows are pairs "
                    "(\"{}\" and \"{}\"); "
                    "choose one of them with --text-column, or write .jsonl",
                    options.output.string(), columns.text.name, columns.text_pair.name));
  }
  sink.write(tasks::npy_header(0, embedder.width()));
  std::int64_t rows_done = 0;
  for_each_part(options, stream, [&](const std::vector<data::Row>& rows) {
    for (const std::vector<float>& embedding : embedder.embed(rows, false))
      sink.write({reinterpret_cast<const char*>(embedding.data()), embedding.size() * sizeof(float)});
    rows_done += static_cast<std::int64_t>(rows.size());
  });
  sink.rewrite_beginning(tasks::npy_header(rows_done, embedder.width()));
  sink.finish();
  print_notes(stream.notes());
}

void run(const PredictOptions& options) {
  if (options.batch_size < 1) throw UsageError("--batch-size must be at least 1");
  const bool packed = data::packing_by_name(options.output) != data::Packing::none;
  if (packed && data::unpacked_name(options.output).extension() == ".npy") {
    throw UsageError(fmt::format(
        "--output {}: the size of an array stands at its beginning, so that it cannot be packed as it "
        "is written; write .npy, or .jsonl.gz",
        options.output.string()));
  }
  const InterruptGuard guard;
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
  options->model.add_to(
      *command,
      "Model folder, or its name on the Hugging Face Hub; works best with a model for sentence embeddings");
  command->add_option("file,--test_file", options->input,
                      "Data file (default: standard input, one text per line)");
  command
      ->add_option(
          "--output", options->output,
          "File to write: JSON Lines, or a NumPy array if it ends in .npy (default: standard output)")
      ->type_name("FILE");
  add_text_options(*command, options->data);
  command->add_option("--input-format", options->data.format)->group("");  // an earlier name of --format
  command->add_option("--max-length,--max_seq_length", options->max_length,
                      "Tokens per text; longer texts are truncated (default: that of the model's files)");
  command->add_option("--batch-size,--per_device_eval_batch_size", options->batch_size, "Texts per batch")
      ->capture_default_str();
  add_threads_option(*command, options->threads);
  add_precision_option(*command, options->precision);
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n"
      "  echo \"hello\" | bertune embed --model sentence-transformers/all-MiniLM-L6-v2\n"
      "  bertune embed --model my-model texts.csv --text-column title --output t.npy\n"
      "A line of the output: {\"text\": ..., \"embedding\": [...]}\n"
      "A pair of texts has \"text_pair\" and \"embedding_pair\" too.");
  command->callback([options] {
    options->model.find(options->screen.hides_progress());
    run(*options);
  });
}

}  // namespace bertune::cli
