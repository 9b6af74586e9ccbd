// The best that this machine does, for profiles.
#pragma once

#include "bertune/model.h"
#include "kernels/profile.h"

namespace bertune::cli {

inline kernels::MachinePeak peak_of(Precision precision) {
  return kernels::measure_peak(precision == Precision::bf16   ? kernels::Operands::bf16
                               : precision == Precision::int8 ? kernels::Operands::int8
                                                              : kernels::Operands::f32);
}

}  // namespace bertune::cli
