#include "cli/options/shared_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "bertune/error.h"
#include "cli/options/parsed_option.h"
#include "cli/screen/flag_words.h"
#include "core/names.h"
#include "core/parallel.h"

namespace bertune::cli {
namespace {

// "no" is Accelerate's, for --mixed_precision.
constexpr Names kPrecisions(std::to_array<Named<Precision>>(
    {{Precision::fp32, "fp32"}, {Precision::fp32, "no"}, {Precision::bf16, "bf16"}}));

}  // namespace

void add_data_options(CLI::App& command, tasks::FileOptions& options) {
  const std::string group = "Data";
  command
      .add_option("--text-column,--text_column,--text_column_names,--text_column_name", options.text_column,
                  "Column of the text (default: guessed, and said)")
      ->group(group);
  command
      .add_option("--text-pair-column,--text_pair_column", options.text_pair_column,
                  "Column of a second text, for pairs")
      ->group(group);
  command
      .add_option("--label-column,--label_column,--label_column_name", options.label_column,
                  "Column of the label; of several labels a text also columns of 0 and 1, one a label: a,b,c")
      ->join(',')
      ->group(group);
  command
      .add_option("--format", options.format,
                  "Of the input: csv, tsv, jsonl, json or text; of tagged words conll, conllu, jsonl or csv "
                  "(default: by content and file name)")
      ->group(group);
  command
      .add_flag("--strict", options.strict,
                "Stop at an answer that its context does not hold (default: its text alone is compared, and "
                "training leaves it out)")
      ->group(group);
  command.add_option("--delimiter", options.delimiter, "Character between fields (default: by format)")
      ->group(group);
  command
      .add_option("--encoding", options.encoding,
                  "Of the data files, such as latin-1 or utf-16 (default: UTF-8, or what the bytes show)")
      ->group(group);
  command
      .add_option("--max-bad-rows,--max_bad_rows", options.max_bad_rows,
                  "Leave out so many rows that cannot be read or used (0: the first are named, and it stops)")
      ->group(group)
      ->capture_default_str();
  command.add_flag("--no-header", options.no_header, "The first line is data; columns are numbers from 1")
      ->group(group);
}

void add_labels_file_option(CLI::App& command, tasks::FileOptions& options, const std::string& of) {
  command
      .add_option("--labels-file,--labels_file", options.labels_file,
                  "File whose lines are the labels of the rows of " + of)
      ->group("Data");
}

void add_question_answering_options(CLI::App& command, tasks::QuestionAnsweringOptions& options) {
  const std::string group = "Question answering";
  command
      .add_option("--doc-stride,--doc_stride", options.doc_stride,
                  "Tokens that neighbouring windows of a long context share (default: 128)")
      ->group(group);
  command
      .add_option("--n-best-size,--n-best,--n_best_size", options.n_best_size,
                  "Starts and ends that are paired to find the answer (default: 20)")
      ->group(group);
  command
      .add_option("--max-answer-length,--max_answer_length", options.max_answer_length,
                  "Tokens of an answer (default: 30)")
      ->group(group);
  command
      .add_flag("--version-2-with-negative,--version_2_with_negative", options.version_2_with_negative,
                "A question may have no answer (default: if one of the training set has none)")
      ->group(group);
  command
      .add_option("--null-score-diff-threshold,--null_score_diff_threshold",
                  options.null_score_diff_threshold,
                  "No answer where it is better than the best one by more than this (default: what was best "
                  "on validation, or 0)")
      ->group(group);
}

void ScreenOptions::add_to(CLI::App& command) {
  command.add_flag("--quiet,--disable_tqdm", quiet,
                   "No progress; findings, notes and guesses are still said");
  command.add_flag("--silent", silent, "Nothing on standard error but errors");
}

void add_threads_option(CLI::App& command, ThreadOptions& options) {
  command.add_option("--threads", options.threads,
                     "Threads to compute with (default: all that this process may use)");
  command.add_flag("--pin-threads", options.pin, "Bind each thread to a CPU of its own");
}

std::optional<Precision> precision_from_string(const std::string& name) {
  if (name == "auto") return std::nullopt;
  if (const auto precision = kPrecisions.find(name)) return precision;
  throw UsageError("precision",
                   fmt::format("no precision is named \"{}\"; the choices are auto, fp32 and bf16", name));
}

void add_precision_option(CLI::App& command, std::optional<Precision>& precision) {
  add_parsed_option(command, "--precision", precision, precision_from_string,
                    "Of matrix products: fp32; bf16, faster where the processor has it, with scores that "
                    "differ in the third digit; or auto")
      ->default_str("fp32");
}

void use_threads(const ThreadOptions& options) {
  if (options.threads < 0)
    throw UsageError(fmt::format("--threads is {}; it must be at least 1, or 0 for all", options.threads));
  set_num_threads(options.threads);
  if (options.pin && pin_threads() < num_threads()) {
    warn(fmt::format("--pin-threads: not all of {} threads can be bound to the {} CPUs of this process",
                     num_threads(), available_threads()));
  }
}

}  // namespace bertune::cli
