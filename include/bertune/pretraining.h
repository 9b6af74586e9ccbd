// Pre-trains on plain text, as `pretrain` of the program does it: masked words and next sentences (Devlin et
// al. 2019, section 3.1), from a checkpoint or from scratch.
//
//     bertune::PretrainOptions options;
//     options.model = "bert-base-uncased-folder", options.train = {"our-texts.txt"};
//     options.objective = "mlm";
//     options.arguments.output_dir = "our-bert";
//     bertune::pretrain(options).validation;
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "bertune/events.h"
#include "bertune/export.h"
#include "bertune/model.h"
#include "bertune/trainer.h"
#include "bertune/training_arguments.h"

namespace bertune {

// Options of pre-training; names and defaults are those of the program (docs/pretraining.md).
struct PretrainOptions {
  PretrainOptions() { arguments.learning_rate = 1e-4; }

  std::filesystem::path model;       // folder of the checkpoint that training continues from,
  std::filesystem::path config;      // or config.json with the sizes of a new model
  std::filesystem::path vocabulary;  // and the folder of its tokenizer; see vocabulary.h
  Initialization initialization = Initialization::normal;  // of a new model
  // Files of text, or patterns ("texts/*.txt"), packed or not; the second may be empty.
  std::vector<std::filesystem::path> train, validation;
  // A folder that keeps the tokenized text for other runs. Empty: text of more than 1 GiB is kept in
  // output_dir/text-cache while the run lasts, and less in memory.
  std::filesystem::path text_cache;
  std::string format;                      // txt, jsonl, csv, ...; empty: by the name of the file
  std::string text_column = "text";        // of tables: one document per row
  std::string document_per;                // "blank-line", "file" or "line"; empty: detected
  std::string objective = "mlm+nsp";       // or "mlm"
  std::optional<std::int64_t> max_length;  // tokens per row; unset: 128, or fewer where the model has fewer
  double mlm_probability = 0.15;           // share of the tokens to predict
  std::int64_t max_predictions = 0;        // of a row at most; 0: no limit
  bool whole_word_masking = false;         // all pieces of a word, or none
  double short_seq_prob = 0.1;             // share of the pairs that are made shorter
  std::optional<double> hidden_dropout, attention_dropout;  // in place of the checkpoint's
  bool overwrite = false;       // start over in an output folder that holds a model
  TrainingArguments arguments;  // output_dir must be given; learning_rate is 1e-4 unless it is set

  // The callback for events and the stop token, as in TrainOptions (trainer.h).
  std::function<void(const Event& event)> on_event;
  std::stop_token stop;
};

// Runs pre-training. The result's test metrics are empty; its validation metrics have loss and perplexity,
// and the accuracies of both objectives. Throws as fine_tune does (trainer.h).
BERTUNE_EXPORT TrainResult pretrain(const PretrainOptions& options);

}  // namespace bertune
