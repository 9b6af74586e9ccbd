// Bertune's side of live.py. Reads batches that the peer has tokenized and writes what Bertune computes with
// them:
//   logits, loss, grad.<name>   of batch 0, before any step, dropout off
//   losses, grad_norms          of one AdamW step a batch, with the Trainer's clipping and linear schedule to
//   0 texts.*                     ids by Bertune's own tokenizer and logits after the steps, of the lines of
//   a file
// and saves the model, as it then is, as a folder.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bertune/model.h"
#include "bertune/optim.h"
#include "bertune/tokenizer.h"
#include "support/safetensors_file.h"

namespace bertune {
namespace {

using testing::SafetensorsFile;
using testing::SafetensorsWriter;

struct Settings {
  std::filesystem::path model, input, output, save, texts;
  std::int64_t steps = 0, warmup_steps = 0, max_length = 128, batch_size = 32;
  double max_grad_norm = 1.0;
  optim::AdamWOptions adamw = {.lr = 5e-5, .weight_decay = 0.0};  // what the Trainer starts with
};

Settings parse(int argc, char** argv) {
  Settings settings;
  CLI::App app("Writes what Bertune computes with the batches of INPUT, for live.py to compare");
  app.add_option("MODEL", settings.model, "Folder of a BertForSequenceClassification")->required();
  app.add_option("INPUT", settings.input, "Batches, as safetensors")->required();
  app.add_option("OUTPUT", settings.output, "Results, as safetensors")->required();
  app.add_option("--steps", settings.steps, "AdamW steps, one a batch");
  app.add_option("--learning-rate,--lr", settings.adamw.lr, "Rate of the first step");
  app.add_option("--weight-decay", settings.adamw.weight_decay, "Of all but biases and LayerNorm");
  app.add_option("--warmup-steps", settings.warmup_steps, "Steps up to the full rate");
  app.add_option("--max-grad-norm", settings.max_grad_norm, "Norm to clip gradients to");
  app.add_option("--save", settings.save, "Folder for the model after the steps");
  app.add_option("--texts", settings.texts,
                 "File of texts, one a line, to compute logits of after the steps");
  app.add_option("--max-length", settings.max_length, "Tokens that a text of --texts is cut to");
  app.add_option("--batch-size", settings.batch_size, "Texts of --texts in one batch");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return settings;
}

Batch read_batch(const SafetensorsFile& file, std::int64_t index) {
  const std::string prefix = "batch." + std::to_string(index) + ".";
  Batch batch;
  batch.input_ids = file.integers(prefix + "input_ids");
  batch.token_type_ids = file.integers(prefix + "token_type_ids");
  batch.cu_seqlens = file.integers(prefix + "cu_seqlens");
  batch.labels = file.integers(prefix + "labels");
  return batch;
}

void write_logits(const std::string& name, std::span<const float> logits, std::int64_t num_labels,
                  SafetensorsWriter& output) {
  output.add(name, {static_cast<std::int64_t>(logits.size()) / num_labels, num_labels}, logits);
}

void write_gradients(BertForSequenceClassification& model, const Batch& batch, SafetensorsWriter& output) {
  model.train();
  const ModelOutput result = model.forward(batch);
  write_logits("logits", result.logits, model.config().num_labels(), output);
  output.add("loss", {}, std::span(&result.loss, 1));
  model.backward();
  for (const Parameter& parameter : model.parameters().layout()) {
    output.add("grad." + parameter.name, parameter.shape, model.parameters().gradient(parameter.name));
  }
}

void write_training(BertForSequenceClassification& model, const SafetensorsFile& input,
                    const Settings& settings, SafetensorsWriter& output) {
  const auto optimizer = optim::adamw(model.parameters(), settings.adamw);
  const auto schedule = optim::schedule_from_string("linear").make(
      {settings.adamw.lr, settings.warmup_steps, settings.steps}, {});
  std::vector<double> losses, norms;
  model.train();
  for (std::int64_t step = 0; step < settings.steps; ++step) {
    optimizer->zero_grad();
    losses.push_back(model.forward(read_batch(input, step)).loss);
    model.backward();
    norms.push_back(optim::gradient_norm(model.parameters()));
    optimizer->set_learning_rate(schedule->learning_rate(step));
    optimizer->step(optim::clip_scale(norms.back(), settings.max_grad_norm));
  }
  output.add("losses", losses);
  output.add("grad_norms", norms);
}

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void write_texts(BertForSequenceClassification& model, const BertTokenizer& tokenizer,
                 const Settings& settings, SafetensorsWriter& output) {
  const std::vector<std::string> lines = read_lines(settings.texts);
  const std::vector<Encoding> encodings =
      tokenizer.encode_batch({lines.begin(), lines.end()}, {},
                             {.truncation = Truncation::longest_first, .max_length = settings.max_length});
  std::vector<float> logits;
  Batch batch, all;
  model.eval();
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    batch.add(encodings[i]);
    all.add(encodings[i]);
    if (batch.sequences() < settings.batch_size && i + 1 < encodings.size()) continue;
    const ModelOutput result = model.forward(batch);
    logits.insert(logits.end(), result.logits.begin(), result.logits.end());
    batch.clear();
  }
  write_logits("texts.logits", logits, model.config().num_labels(), output);
  output.add("texts.input_ids", all.input_ids);
  output.add("texts.cu_seqlens", all.cu_seqlens);
}

void run(const Settings& settings) {
  const SafetensorsFile input(settings.input);
  LoadOptions options;
  options.hidden_dropout_prob = options.attention_probs_dropout_prob = options.classifier_dropout = 0.0F;
  auto model = BertForSequenceClassification::from_pretrained(settings.model, options);
  SafetensorsWriter output;
  write_gradients(model, read_batch(input, 0), output);
  if (settings.steps > 0) write_training(model, input, settings, output);
  if (!settings.texts.empty() || !settings.save.empty()) {
    const auto tokenizer = BertTokenizer::from_pretrained(settings.model);
    if (!settings.texts.empty()) write_texts(model, tokenizer, settings, output);
    if (!settings.save.empty()) save_pretrained(settings.save, model, tokenizer);
  }
  output.write(settings.output);
}

}  // namespace
}  // namespace bertune

int main(int argc, char** argv) {
  try {
    bertune::run(bertune::parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "parity_probe: %s\n", error.what());
    return 1;
  }
  return 0;
}
