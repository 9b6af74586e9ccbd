// Memory of the tables whose operations run on the host: what they read and write is the host's own memory.
#pragma once

#include <cstddef>

namespace bertune::kernels::host {

void* allocate(std::size_t bytes, std::size_t sparse);
void release(void* memory, std::size_t bytes);
void commit(void* memory, std::size_t bytes);  // of floats
void copy(void* to, const void* from, std::size_t bytes);

}  // namespace bertune::kernels::host
