#include "cli/commands/predict_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "bertune/error.h"
#include "cli/commands/explained_lines.h"
#include "cli/commands/sink.h"
#include "cli/commands/task_commands.h"
#include "cli/config/run_config.h"
#include "cli/options/shard_option.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/predict_profile.h"
#include "cli/screen/standard_input.h"
#include "core/file.h"
#include "options/parsed_option.h"
#include "options/run_text.h"
#include "predict/parts.h"
#include "predict/shared_model.h"
#include "tasks/prediction.h"
#include "train/arguments.h"
#include "train/model_folder.h"

namespace bertune::cli {

report::ProgressBar prediction_bar(const PredictOptions& options, std::int64_t total) {
  return report::ProgressBar(std::cerr, "predicting", total,
                             {.terminal = report::terminal_of(STDERR_FILENO),
                              .quiet = options.screen.hides_progress() || options.output.empty()});
}

namespace {

tasks::PredictionFile file_of(const PredictOptions& options) {
  return {.path = options.input,
          .stream = options.reads_standard_input() ? &standard_input() : nullptr,
          .data = options.data,
          .output_format = options.output_format,
          .shard = options.shard};
}

// The part of a shard, and what it is to be made of.
struct ShardPart {
  predict::Parts parts;
  Json made_of;
};

// Throws AlreadyDone where the part is there.
ShardPart prepare_part(const PredictOptions& options) {
  if (options.reads_standard_input()) throw UsageError("--shard needs a file, and not standard input");
  if (options.output.empty() || options.output == "-")
    throw UsageError("--shard needs --output, the folder for the parts");
  if (options.profile) throw UsageError("--profile cannot be used with --shard");
  if (path_exists(options.output) && !std::filesystem::is_directory(options.output)) {
    throw UsageError(fmt::format("--output {}: is a file; with --shard it is the folder for the parts",
                                 options.output.string()));
  }
  const bool csv = options.output_format == "csv";
  ShardPart part{{options.output, *options.shard, csv ? ".csv" : ".jsonl", csv},
                 predict::made_of(options.input, options.model.folder, options.model.base, options.settings)};
  part.parts.require_own(part.made_of);
  if (part.parts.is_finished())
    throw AlreadyDone(fmt::format("{}: is there already; nothing to do", part.parts.path().string()));
  return part;
}

// Counts the oddities in the input texts that a person should know of.
class Oddities {
 public:
  explicit Oddities(const predict::SharedModel& model) : model_(model) {}

  void add(const tasks::Request& request) {
    texts_ += request.items;
    cut_ += request.truncated.inputs;
    tokens_ += request.examples->tokens_of_first(request.examples->rows());
    unknown_ += request.examples->count_of(model_.tokenizer().unk_token_id());
    for (std::int64_t item = 0; first_cut_.empty() && request.truncated.inputs > 0 && request.is_cut &&
                                request.where && item < request.items;
         ++item) {
      if (request.is_cut(item)) first_cut_ = request.where(item);
    }
  }
  void print() const {
    if (!first_cut_.empty())
      print_notes({tasks::truncation_note(cut_, texts_, first_cut_, model_.trained().max_length)});
    if (const std::string note = tasks::unknown_tokens_note(unknown_, tokens_); !note.empty())
      print_notes({note});
  }

 private:
  const predict::SharedModel& model_;
  std::int64_t texts_ = 0, cut_ = 0, tokens_ = 0, unknown_ = 0;
  std::string first_cut_;
};

// Answers what the source asks, a part at a time: memory does not grow with it.
void predict_all(const predict::SharedModel& model, std::optional<ExplainedLines> explained,
                 tasks::RequestSource& source, const PredictOptions& options,
                 const std::filesystem::path& output) {
  Sink sink(output);
  sink.write(explained ? explained->header(source.header()) : source.header());
  report::ProgressBar bar = prediction_bar(options, source.items());
  std::int64_t done = 0;
  Oddities oddities(model);
  std::optional<PredictProfile> profile;
  if (options.profile) profile.emplace();
  const predict::AskOptions ask{.batch_size = options.batch_size,
                                .alone_as_among_others = !options.reads_standard_input(),
                                .stop = interrupt_token()};
  for (tasks::Request request; source.next(request);) {
    std::string lines;  // a pipe gets them all at once, for whom waits for the answer to what arrived
    model.ask(request, ask, [&](std::int64_t item, Prediction prediction) {
      const std::optional<Prediction> whole = explained ? std::optional(prediction) : std::nullopt;
      if (options.min_confidence) tasks::abstain(prediction, *options.min_confidence);
      const std::string line = request.line(item, prediction);
      lines += explained ? explained->line(line, request.input(item), *whole) : line;
      bar.update(done + item + 1);
    });
    sink.write(lines);
    if (profile) profile->part_ends();
    oddities.add(request);
    done += request.items;
    print_notes(source.take_notes());
  }
  sink.finish();
  bar.finish();
  if (profile) {
    std::cerr << profile->finish(options.output.parent_path() / "profile.json",
                                 train::precision_of(options.precision));
  }
  oddities.print();
  print_notes(source.take_notes());
}

void predict(const PredictOptions& options) {
  if (options.batch_size < 1) throw UsageError("--batch-size must be at least 1");
  if (options.profile && options.output.filename() == "profile.json")
    throw UsageError("--output: profile.json is the name of the trace; choose another");
  std::optional<ShardPart> part;
  if (options.shard) part.emplace(prepare_part(options));
  const InterruptGuard guard;
  use_threads(options.threads);
  const auto model = std::make_shared<const predict::SharedModel>(
      train::ModelFolder::open(options.model.folder, options.max_length, options.model.base),
      train::precision_of(options.precision));
  print_notes(model->tokenizer().notes());
  if (options.min_confidence)
    tasks::require_abstaining(model->architecture(), model->config(), *options.min_confidence);
  tasks::require_long_text_fits(model->architecture(), options.long_text);
  const tasks::TaskEntry& task = task_of(model->architecture(), options.model.folder);
  const std::unique_ptr<tasks::RequestSource> source =
      task.open(file_of(options), model->trained(),
                {.threshold = options.threshold,
                 .long_text = options.long_text,
                 .question_answering = options.question_answering,
                 .top = options.top});
  std::optional<ExplainedLines> explained;
  if (options.explains) explained.emplace(model, options);
  // The folder is claimed only here: a first attempt that fails on its options shall not decide what it is
  // for.
  if (part) part->parts.claim(part->made_of);
  predict_all(*model, std::move(explained), *source, options, part ? part->parts.path() : options.output);
}

// Options that the bytes of the output do not depend on.
Json without_places(Json settings) {
  for (const char* name : {"model", "test_file", "output", "shard", "batch-size"}) settings.erase(name);
  return settings;
}

}  // namespace

void add_predict_command(CLI::App& app) {
  const auto options = std::make_shared<PredictOptions>();
  CLI::App* command = app.add_subcommand("predict", "Run a fine-tuned model on new data");
  add_run_config(*command);
  options->model.add_to(*command, "Folder of the fine-tuned model, or its name on the Hugging Face Hub");
  command->add_option("file,--test_file", options->input,
                      "Data file (default: standard input, one text per line; questions as JSON Lines)");
  command->add_option("--output", options->output, "File to write (default: standard output)")
      ->type_name("FILE");
  options::add_parsed_option(
      *command, "--shard", options->shard,
      [](const std::string& text) { return shard_from_string(text, variable); },
      "Predict part I of N of the file, from 0, into the folder --output: I/N, or auto in a Slurm array or "
      "under "
      "a launcher (bertune merge joins the parts)")
      ->type_name("I/N");
  command->add_option("--output-format", options->output_format, "Output format: jsonl or csv")
      ->capture_default_str();
  add_data_options(*command, options->data);
  command
      ->add_option("--id-column,--id_column", options->data.id_column,
                   "Column that identifies rows of texts; copied to the output as \"id\"")
      ->group("Data");
  command->add_option("--input-format", options->data.format)->group("");  // an earlier name of --format
  options->add_values_to(*command);
  command->add_flag(
      "--profile", options->profile,
      "Measure batches: time per operation and layer, and a trace in profile.json, beside the output");
  command
      ->add_flag("--explain", options->explains,
                 "Add the words that each answer comes from (bertune explain shows them)")
      ->group("Explanations");
  options->explanations.add_to(*command, "Explanations", false);
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n"
      "  echo \"where is my parcel?\" | bertune predict --model my-model\n"
      "  bertune predict --model my-model new.csv --output predictions.jsonl\n"
      "  bertune predict --model my-model new.csv --shard 3/16 --output parts\n"
      "A line of the output, for texts:\n"
      "  {\"text\": ..., \"label\": ..., \"score\": ..., \"scores\": {label: probability}}");
  command->callback([options, command] {
    if (command->count("--format") > 0 && command->count("--output-format") == 0) {
      print_notes(
          {fmt::format("--format {0} is how the input is read; what is written is {1} "
                       "(--output-format jsonl or csv)",
                       options->data.format, options->output_format)});
    }
    for (const char* flag : {"--method", "--target", "--top-words", "--max-steps"}) {
      if (command->count(flag) > 0 && !options->explains)
        throw UsageError(fmt::format("{} is of explanations: it goes with --explain", flag));
    }
    options->model.find(options->screen.hides_progress());
    if (options->shard) options->settings = without_places(options::settings_of(*command));
    predict(*options);
  });
}

}  // namespace bertune::cli
