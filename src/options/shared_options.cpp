#include "options/shared_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "bertune/error.h"
#include "bertune/threads.h"
#include "core/names.h"
#include "options/parsed_option.h"

namespace bertune::options {
namespace {

// "no" is Accelerate's, for mixed_precision.
constexpr Names kPrecisions(std::to_array<Named<Precision>>({{Precision::fp32, "fp32"},
                                                             {Precision::fp32, "no"},
                                                             {Precision::bf16, "bf16"},
                                                             {Precision::int8, "int8"}}));

}  // namespace

void add_data_options(CLI::App& command, tasks::FileOptions& options) {
  const std::string group = "Data";
  command
      .add_option("--text-column,--text_column,--text_column_names,--text_column_name", options.text_column,
                  "Column of the text (default: detected)")
      ->group(group);
  command
      .add_option("--text-pair-column,--text_pair_column", options.text_pair_column,
                  "Column of the second text of a pair")
      ->group(group);
  command
      .add_option("--label-column,--label_column,--label_column_name", options.label_column,
                  "Column of the label (default: detected); multi-label: also columns of 0 and 1: a,b,c")
      ->join(',')
      ->group(group);
  command
      .add_option("--format", options.format,
                  "Input format: csv, tsv, jsonl, json or text; for tagged words conll, conllu, jsonl or csv "
                  "(default: detected)")
      ->group(group);
  command
      .add_flag("--strict", options.strict,
                "Stop at an answer that is not in its context (default: training leaves it out, and a test "
                "compares "
                "its text)")
      ->group(group);
  command.add_option("--delimiter", options.delimiter, "Character between fields (default: detected)")
      ->group(group);
  command
      .add_option("--encoding", options.encoding,
                  "Encoding of the data files, such as latin-1 or utf-16 (default: detected, mostly UTF-8)")
      ->group(group);
  command
      .add_option("--max-bad-rows,--max_bad_rows", options.max_bad_rows,
                  "Leave out up to N rows that cannot be read or used (0: stop, and name the first)")
      ->group(group)
      ->capture_default_str();
  command.add_flag("--no-header", options.no_header, "The first line is data; columns are numbers from 1")
      ->group(group);
}

void add_text_options(CLI::App& command, tasks::FileOptions& options) {
  add_data_options(command, options);
  for (const char* name : {"--label-column", "--strict"}) command.get_option(name)->group("");
  command.get_option("--format")
      ->description("Input format: csv, tsv, jsonl, json or text (default: detected)");
}

void add_task_options(CLI::App& command, std::string& task, std::string& problem_type,
                      const std::string& tasks) {
  command.add_option("--task", task, "Task: " + tasks + " (default: detected from the data)")->group("Data");
  command
      .add_option(
          "--problem-type,--problem_type", problem_type,
          "single_label_classification, multi_label_classification or regression (default: detected from the "
          "labels)")
      ->group("Data");
}

void add_correction_options(CLI::App& command, tasks::TrainingFiles& files) {
  command
      .add_option("--relabel", files.relabel,
                  "File of bertune noise whose column \"correct\" has the right labels, or drop")
      ->type_name("FILE")
      ->group("Data");
  command.add_option("--exclude", files.exclude, "File of bertune noise whose rows are left out")
      ->type_name("FILE")
      ->group("Data");
}

void add_labels_file_option(CLI::App& command, tasks::FileOptions& options, const std::string& of) {
  command
      .add_option("--labels-file,--labels_file", options.labels_file,
                  "File with the label, or the tags, of a row per line, for the rows of " + of)
      ->group("Data");
}

void add_long_text_options(CLI::App& command, LongTextOptions& options, const std::string& when) {
  const std::string group = "Long texts";
  add_parsed_option(command, "--long-text,--long_text", options.long_text, long_text_from_string,
                    "What is read of texts above --max-length: truncate, head-tail (beginning and end) or "
                    "windows (all of it), " +
                        when)
      ->type_name("HOW")
      ->group(group);
  command
      .add_option("--window-stride,--window_stride", options.window_stride,
                  "Tokens that neighboring windows share (default: an eighth of --max-length)")
      ->group(group);
  add_parsed_option(command, "--window-score,--window_score", options.window_score, window_score_from_string,
                    "Logits of a text from those of its windows: mean or max (default: max for multi-label)")
      ->type_name("mean|max")
      ->group(group);
}

void add_question_answering_options(CLI::App& command, tasks::QuestionAnsweringOptions& options) {
  const std::string group = "Question answering";
  command
      .add_option("--doc-stride,--doc_stride", options.doc_stride,
                  "Tokens that neighboring windows of a long context share (default: 128)")
      ->group(group);
  command
      .add_option("--n-best-size,--n-best,--n_best_size", options.n_best_size,
                  "Start and end positions to combine when searching the answer (default: 20)")
      ->group(group);
  command
      .add_option("--max-answer-length,--max_answer_length", options.max_answer_length,
                  "Most tokens of an answer (default: 30)")
      ->group(group);
  command
      .add_flag("--version-2-with-negative,--version_2_with_negative", options.version_2_with_negative,
                "Questions may have no answer (default: if a training question has none)")
      ->group(group);
  command
      .add_option(
          "--null-score-diff-threshold,--null_score_diff_threshold", options.null_score_diff_threshold,
          "Predict no answer if its score exceeds the best answer's by more than this (default: best on "
          "validation, or 0)")
      ->group(group);
}

void show_first(CLI::App& command, std::initializer_list<const char*> names) {
  for (const char* name : names) command.get_option(name)->group("Options");  // CLI11's name of the first
}

void ScreenOptions::add_to(CLI::App& command) {
  command.add_flag("--quiet,--disable_tqdm", quiet, "Hide progress only");
  command.add_flag("--silent", silent, "Print only errors on standard error");
}

void add_threads_option(CLI::App& command, ThreadOptions& options) {
  command.add_option("--threads", options.threads,
                     "Threads to compute with (default: all CPUs of this process)");
  command.add_flag("--pin-threads", options.pin, "Bind each thread to its own CPU");
}

void ThreadOptions::apply() const {
  if (threads < 0)
    throw UsageError("threads", fmt::format("`threads` is {}; it must be at least 1, or 0 for all", threads));
  set_num_threads(threads);
}

std::optional<Precision> precision_from_string(const std::string& name) {
  if (name == "auto") return std::nullopt;
  if (const auto precision = kPrecisions.find(name)) return precision;
  throw UsageError("precision",
                   fmt::format("`precision` is \"{}\"; it must be auto, fp32, bf16 or int8", name));
}

void add_precision_option(CLI::App& command, std::optional<Precision>& precision) {
  add_parsed_option(command, "--precision", precision, precision_from_string,
                    "Data type of matrix multiplications: fp32, bf16 (scores differ in the third digit), "
                    "int8 (fastest; scores "
                    "differ in the second digit), or auto (bf16 if faster on this CPU)")
      ->default_str("fp32");
}

}  // namespace bertune::options
