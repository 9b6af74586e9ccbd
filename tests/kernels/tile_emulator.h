// The tests' stand-in for a processor with AMX.
#pragma once

namespace bertune::kernels::testing {

// From now on this process runs the tile instructions that kernels/cpu/amx_tile.h uses, on a processor
// without them: it raises SIGILL, and the handler does what Intel's manual says. So the machine code that is
// tested is that which a processor with tiles would run. An instruction takes some microseconds.
void emulate_tiles();

// Threads that have configured emulated tiles and not released them.
int threads_with_tiles();

}  // namespace bertune::kernels::testing
