// Priorities say who goes first where there are more threads than processors.
#pragma once

namespace bertune::serve {

// Lowers the priority of the calling thread, and of those that it starts afterwards, below that of the
// network's thread: it has little to do, and somebody waits for it.
void yield_to_network();

}  // namespace bertune::serve
