// An optimizer's rule over all ranges and rows of a step: a task for each block of a range, and for each row.
#pragma once

#include "kernels/cpu/element_blocks.h"
#include "kernels/host_memory.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

// A step whose numbers begin `offset` behind those of the given one; its gradients and states by theirs.
template <typename Step>
Step shifted(Step step, std::int64_t offset, std::int64_t gradient_offset, std::int64_t state_offset) {
  step.values += offset;
  step.gradients += gradient_offset;
  step.for_each_state([state_offset](float*& state) {
    if (state != nullptr) state += state_offset;
  });
  return step;
}

template <typename Step>
void update_row(const UpdateList<Step>& list, const SteppedRow& row, void (*rule)(const Step&)) {
  for (std::int64_t i = row.first; i < row.end; ++i) {
    const std::int64_t size = list.row_steps[i].size, offset = row.row * size;
    Step step = shifted(list.row_steps[i], offset, list.one_gradient ? 0 : offset, row.state_row * size);
    if (i == row.first) {
      step.for_each_state([&](float* state) {
        if (state != nullptr) host::commit(state, static_cast<std::size_t>(step.size) * sizeof(float));
      });
    }
    rule(step);
  }
}

// Calls `rule`, which works on the calling thread.
template <typename Step>
void update(const UpdateList<Step>& list, void (*rule)(const Step&)) {
  constexpr std::int64_t kMaxRanges = 512;  // at a time
  std::int64_t first_blocks[kMaxRanges + 1];
  for (std::int64_t start = 0; start == 0 || start < list.range_count; start += kMaxRanges) {
    const Step* ranges = list.ranges + start;
    const std::int64_t count = min(kMaxRanges, list.range_count - start);
    first_blocks[0] = 0;
    for (std::int64_t i = 0; i < count; ++i)
      first_blocks[i + 1] = first_blocks[i] + block_count(ranges[i].size, kBlock);
    const std::int64_t blocks = first_blocks[count], rows = start == 0 ? list.row_count : 0;
    parallel_for(blocks + rows, [&](std::int64_t task) {
      if (task >= blocks) return update_row(list, list.rows[task - blocks], rule);
      std::int64_t range = 0;  // the last whose blocks do not begin behind the task
      for (std::int64_t step = kMaxRanges; step > 0; step /= 2) {
        if (range + step < count && first_blocks[range + step] <= task) range += step;
      }
      const std::int64_t offset = (task - first_blocks[range]) * kBlock;
      Step part = shifted(ranges[range], offset, offset, offset);
      part.size = min(kBlock, part.size - offset);
      rule(part);
    });
  }
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
