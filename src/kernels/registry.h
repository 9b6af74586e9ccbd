#pragma once

#include "kernels/ops.h"

namespace bertune::kernels {

// What ops() returns from now on; null: the table that was chosen for this machine. Not while operations run.
void use_table(const OpTable* table);

// A table of cpu/ with what it leaves to the reference.
OpTable completed(OpTable table);

}  // namespace bertune::kernels
