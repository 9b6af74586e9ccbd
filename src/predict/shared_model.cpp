#include "predict/shared_model.h"

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "model/inference.h"
#include "predict/workspaces.h"

namespace bertune::predict {

SharedModel::SharedModel(train::ModelFolder folder, Precision precision)
    : tokenizer_(std::move(folder.tokenizer)),
      weights_(folder.model.share(precision)),
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
  const tasks::Examples& examples = *request.examples;
  const std::unique_ptr<tasks::Decoder> decoder = request.decoder(std::move(use));
  Workspaces::Lease workspace(*workspaces_);
  Batch batch;
  for (std::int64_t first = 0; first < examples.rows(); first += options.batch_size) {
    const std::int64_t end = std::min(first + options.batch_size, examples.rows());
    batch.clear();
    for (std::int64_t row = first; row < end; ++row) examples.add_to(batch, row);
    decoder->add(first, batch, model::run(*weights_, batch, *workspace));
    if (options.stop.stop_requested()) throw Interrupted("stopped while predicting");
  }
  decoder->finish();
}

}  // namespace bertune::predict
