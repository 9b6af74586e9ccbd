#include "predict/shared_model.h"

#include <utility>

#include "bertune/error.h"
#include "model/inference.h"
#include "predict/workspaces.h"
#include "tasks/batches.h"

namespace bertune::predict {
namespace {

ModelOutput first_half(ModelOutput output) {
  output.logits = output.logits.first(output.logits.size() / 2);
  output.next_sentence_logits = output.next_sentence_logits.first(output.next_sentence_logits.size() / 2);
  return output;
}

}  // namespace

SharedModel::SharedModel(train::ModelFolder folder, Precision precision)
    : tokenizer_(std::move(folder.tokenizer)),
      weights_(folder.model.share(precision)),
      model_(std::move(folder.model)),
      max_length_(folder.max_length),
      settings_(std::move(folder.settings)),
      workspaces_(std::make_unique<Workspaces>()) {}
SharedModel::~SharedModel() = default;

Architecture SharedModel::architecture() const { return weights_->architecture(); }
const BertConfig& SharedModel::config() const { return weights_->config(); }
std::size_t SharedModel::weights_bytes() const { return weights_->size_bytes(); }
std::size_t SharedModel::workspace_bytes() const { return workspaces_->size_bytes(); }

void SharedModel::ask(const tasks::Request& request, const AskOptions& options,
                      tasks::UsePrediction use) const {
  const std::unique_ptr<tasks::Decoder> decoder = request.decoder(std::move(use));
  Workspaces::Lease workspace(*workspaces_);
  const bool doubles = options.alone_as_among_others && options.batch_size > 1;
  tasks::for_each_batch(*request.examples, options.batch_size, [&](std::int64_t first, const Batch& batch) {
    if (doubles && batch.sequences() == 1) {
      Batch twice = batch;
      request.examples->add_to(twice, first);
      decoder->add(first, batch, first_half(model::run(*weights_, twice, *workspace)));
    } else {
      decoder->add(first, batch, model::run(*weights_, batch, *workspace));
    }
    if (options.stop.stop_requested()) throw Interrupted("stopped while predicting");
  });
  decoder->finish();
}

}  // namespace bertune::predict
