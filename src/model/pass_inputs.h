// Copies what a pass reads of a batch to memory of the table.
#pragma once

#include "bertune/batch.h"
#include "bertune/config.h"
#include "kernels/uploads.h"
#include "model/layers/pass.h"

namespace bertune::model {

// Adds the tokens of a batch to what is copied next: ids, and where each token is. The copy sets the pointers
// of `pass`, which must stay where it is until then; all else is set at once.
void add_tokens(const BertConfig& config, const Batch& batch, kernels::Uploads& uploads, Pass& pass);

}  // namespace bertune::model
