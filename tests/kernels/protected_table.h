// A table of operations whose memory is another device's: it can be reached by operations and copies only.
// Anything else that reads or writes it ends the program (SIGSEGV), as it would be wrong on a device whose
// memory the host does not see. One thread at a time asks for operations.
#pragma once

#include <cstddef>

#include "kernels/ops.h"

namespace bertune::kernels::testing {

// Of the machine's best table, whose results it has to the bit.
const OpTable& protected_table();
// Allocations that are not released.
std::size_t protected_allocations();
// All that there ever were.
std::size_t protected_allocations_so_far();

}  // namespace bertune::kernels::testing
