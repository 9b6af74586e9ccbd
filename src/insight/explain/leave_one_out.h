// A word left out contributes what the value loses without it.
#pragma once

#include <span>
#include <vector>

#include "insight/explain/passes.h"
#include "insight/explain/sequence.h"
#include "insight/explain/target.h"
#include "model/inference.h"

namespace bertune::insight {

// Returns the contributions of the sequence's words to each target, [targets][words]. `whole`: the targets'
// values for the whole sequence; `mask` takes the place of the tokens of a target's own words.
std::vector<std::vector<double>> leave_one_out(const model::Weights& weights, model::Workspace& workspace,
                                               const Sequence& sequence, std::span<const Target> targets,
                                               std::span<const double> whole, std::int32_t mask,
                                               const Passes& passes);

}  // namespace bertune::insight
