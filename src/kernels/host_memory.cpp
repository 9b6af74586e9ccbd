#include "kernels/host_memory.h"

#include <cstring>

#include "core/aligned_buffer.h"

namespace bertune::kernels::host {

void* allocate(std::size_t bytes, std::size_t sparse) { return allocate_zeroed(bytes, sparse); }
void release(void* memory, std::size_t bytes) { release_zeroed(memory, bytes); }
void commit(void* memory, std::size_t bytes) {
  make_pages({static_cast<float*>(memory), bytes / sizeof(float)});
}
void copy(void* to, const void* from, std::size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);  // memcpy takes no null, even for nothing
}

}  // namespace bertune::kernels::host
