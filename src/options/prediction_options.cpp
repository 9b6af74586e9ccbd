#include "options/prediction_options.h"

#include <CLI/CLI.hpp>

#include "options/parsed_option.h"
#include "train/arguments.h"

namespace bertune::options {

void PredictionOptions::add_values_to(CLI::App& command) {
  add_long_text_options(command, long_text, "as in training by default");
  add_question_answering_options(command, question_answering);
  command.add_option("--top,--top_k", top, "Candidates to list per question")
      ->group("Question answering")
      ->capture_default_str();
  command.add_option(
      "--threshold", threshold,
      "Multi-label: probability above which a label counts (default: best on validation, or 0.5)");
  command.add_option(
      "--min-confidence,--min_confidence", min_confidence,
      "Classes and choices: score below which the label stays empty (bertune calibrate finds one)");
  command.add_option("--max-length,--max_seq_length", max_length,
                     "Tokens per text (default: as in training)");
  command.add_option("--batch-size,--per_device_eval_batch_size", batch_size, "Examples per batch")
      ->capture_default_str();
  add_threads_option(command, threads);
  add_precision_option(command, precision);
}

void PredictionOptions::add_architecture_to(CLI::App& command) {
  add_parsed_option(
      command, "--architecture", architecture, architecture_from_string,
      "Head of the model, as config.json names it: BertForMaskedLM, BertModel (embeddings), ...");
}

bertune::PredictorOptions PredictionOptions::values() const {
  bertune::PredictorOptions options;
  options.architecture = architecture;
  options.max_length = max_length;
  options.long_text = long_text;
  options.batch_size = batch_size;
  options.precision = train::precision_of(precision);
  options.threshold = threshold;
  options.min_confidence = min_confidence;
  options.top = top;
  options.doc_stride = question_answering.doc_stride;
  options.n_best_size = question_answering.n_best_size;
  options.max_answer_length = question_answering.max_answer_length;
  options.null_score_diff_threshold = question_answering.null_score_diff_threshold;
  return options;
}

}  // namespace bertune::options
