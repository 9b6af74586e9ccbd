#include "cli/commands/explain_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "bertune/error.h"
#include "bertune/explain.h"
#include "cli/commands/explain_options.h"
#include "cli/commands/sink.h"
#include "cli/commands/task_commands.h"
#include "cli/config/run_config.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/messages.h"
#include "cli/screen/standard_input.h"
#include "core/counted.h"
#include "data/files/packing.h"
#include "insight/explain/model_explainer.h"
#include "predict/shared_model.h"
#include "report/explanation_report.h"
#include "report/html/explanation_page.h"
#include "report/progress.h"
#include "report/terminal.h"
#include "tasks/prediction.h"
#include "train/model_folder.h"

namespace bertune::cli {
namespace {

constexpr std::size_t kMostOnPage = 1000;

struct ExplainCommandOptions {
  AskedModel model;
  std::filesystem::path input, output;
  std::string output_format;
  ExplainFlags explain;
  std::optional<std::int64_t> max_length;
  tasks::FileOptions data;
  ThreadOptions threads;
  ScreenOptions screen;
};

enum class Form { text, jsonl, csv, html };

Form form_of(const ExplainCommandOptions& options) {
  const std::string extension = data::unpacked_name(options.output).extension().string();
  std::string name = options.output_format;
  if (name.empty() && extension == ".html") name = "html";
  if (name.empty() && extension == ".csv") name = "csv";
  if (name.empty()) name = options.output.empty() ? "text" : "jsonl";
  if (name == "text") return Form::text;
  if (name == "jsonl") return Form::jsonl;
  if (name == "csv") return Form::csv;
  if (name == "html") return Form::html;
  throw UsageError(fmt::format("--output-format is \"{}\"; it must be text, jsonl, csv or html", name));
}

std::vector<std::string> texts_of(const Input& input) {
  if (!input.words.empty()) return {};
  if (!input.question.empty()) return {input.question, input.context};
  if (input.text_pair) return {input.text, *input.text_pair};
  return {input.text};
}

class Writer {
 public:
  explicit Writer(const ExplainCommandOptions& options)
      : options_(options), form_(form_of(options)), sink_(options.output) {
    if (form_ == Form::csv) sink_.write(report::explanation_header());
  }

  void add(const std::string& where, const Input& input, Explanation explanation,
           std::span<const std::string> labels) {
    if (form_ == Form::text) {
      const report::Style style(options_.output.empty() && report::terminal_of(STDOUT_FILENO).colors);
      sink_.write(report::explanation_text(where, explanation, options_.explain.top, style));
    } else if (form_ == Form::jsonl) {
      OrderedJson line = OrderedJson::object();
      line["where"] = where;
      line.update(OrderedJson::parse(to_json(explanation, labels)));
      sink_.write(tasks::json_line(line));
    } else if (form_ == Form::csv) {
      sink_.write(report::explanation_lines(where, explanation));
    } else {
      if (page_.size() == kMostOnPage)
        throw UsageError(fmt::format("a page holds {}; explain fewer rows, or choose --output-format jsonl",
                                     counted(static_cast<std::int64_t>(kMostOnPage), "text")));
      page_.push_back({texts_of(input), std::move(explanation)});
    }
  }

  void finish(const std::filesystem::path& model) {
    if (form_ == Form::html) sink_.write(report::html::explanation_page(model.string(), page_));
    sink_.finish();
  }

 private:
  const ExplainCommandOptions& options_;
  Form form_;
  Sink sink_;
  std::vector<report::html::ShownExplanation> page_;
};

void explain(ExplainCommandOptions& options) {
  const ExplainOptions asked = options.explain.options();
  form_of(options);
  const InterruptGuard guard;
  use_threads(options.threads);
  const auto model = std::make_shared<const predict::SharedModel>(
      train::ModelFolder::open(options.model.folder, options.max_length, options.model.base),
      Precision::fp32);
  const tasks::TaskEntry& task = task_of(model->architecture(), options.model.folder);
  insight::ModelExplainer explainer(model, asked, options.model.folder);
  const bool is_stream = options.input.empty() || options.input == "-";
  const std::unique_ptr<tasks::RequestSource> source =
      task.open({.path = is_stream ? "" : options.input,
                 .stream = is_stream ? &standard_input() : nullptr,
                 .data = options.data},
                explainer.trained(), {});
  Writer writer(options);
  report::ProgressBar bar(std::cerr, "explaining", source->items(),
                          {.terminal = report::terminal_of(STDERR_FILENO),
                           .quiet = options.screen.hides_progress() || options.output.empty()});
  std::int64_t done = 0;
  for (tasks::Request request; source->next(request);) {
    for (std::int64_t item = 0; item < request.items; ++item) {
      const Input input = request.input(item);
      const std::string where = request.where ? request.where(item) : fmt::format("{}", done + 1);
      writer.add(where, input, explainer.explain(input, stop_where_asked), explainer.labels());
      bar.update(++done);
    }
    print_notes(source->take_notes());
  }
  writer.finish(options.model.folder);
  bar.finish();
  print_notes(source->take_notes());
}

}  // namespace

void add_explain_command(CLI::App& app) {
  const auto options = std::make_shared<ExplainCommandOptions>();
  CLI::App* command = app.add_subcommand("explain", "Show which words a model's predictions come from");
  add_run_config(*command);
  options->model.add_to(*command, "Folder of the fine-tuned model, or its name on the Hugging Face Hub");
  command->add_option("file", options->input,
                      "Data file (default: standard input, one text per line; questions as JSON Lines)");
  command->add_option("--output", options->output, "File to write (default: standard output)")
      ->type_name("FILE");
  command->add_option("--output-format", options->output_format,
                      "Output format: text, jsonl, csv or html (default: as the file is named, or text)");
  options->explain.add_to(*command, "", true);
  command->add_option("--max-length,--max_seq_length", options->max_length,
                      "Tokens per text (default: as in training)");
  add_data_options(*command, options->data);
  add_threads_option(*command, options->threads);
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n"
      "  echo \"where is my parcel?\" | bertune explain --model my-model\n"
      "  bertune explain --model my-model test.csv --output why.html\n"
      "See docs/explain.md.");
  command->callback([options] {
    options->model.find(options->screen.hides_progress());
    explain(*options);
  });
}

}  // namespace bertune::cli
