// Standard input that can be interrupted while it waits.
#pragma once

#include <istream>

namespace bertune::cli {

// Reading throws Interrupted once interrupt_token() asks for a stop, also while nothing arrives, and Error
// where the system cannot read.
std::istream& standard_input();

}  // namespace bertune::cli
