// The program's operator new: large blocks come from core/large_blocks.h, all others from malloc. It is the
// program's alone, because a library must leave this choice to whoever links it.
#include <cstdlib>
#include <new>

#include "core/large_blocks.h"

// AddressSanitizer has its own.
#ifndef __SANITIZE_ADDRESS__

void* operator new(std::size_t bytes) {
  if (void* const large = bertune::allocate_large(bytes)) return large;
  for (;;) {
    if (void* const memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void operator delete(void* memory) noexcept {
  if (!bertune::release_large(memory)) std::free(memory);
}

void operator delete(void* memory, std::size_t /*bytes*/) noexcept { operator delete(memory); }

#endif
