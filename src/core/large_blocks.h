// Large blocks of memory, such as the rows and the tokens of a large file: beyond a budget they lie in files
// without a name, so that the system can write them out when memory is short. The program's operator new asks
// here for them (cli/operator_new.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace bertune {

struct LargeBlocks {
  std::uint64_t budget = 0;  // bytes that all large blocks together may take of memory
  std::filesystem::path
      folder;  // of the files; not used in memory (tmpfs), and where the disk is nearly full
  std::size_t smallest = std::size_t{64}
                         << 20;  // bytes of a large block: malloc keeps smaller ones for reuse
};

// Calls with large sizes are answered from here on. To be called before there are threads and large blocks.
void keep_large_blocks(const LargeBlocks& options);

// Returns zeroed memory on whole pages, or null where the block is not large: it is malloc's then. In memory
// too where the folder cannot take it.
void* allocate_large(std::size_t bytes) noexcept;
// Frees a block; false where it is none of these.
bool release_large(void* memory) noexcept;

// Returns how many bytes lie in files.
std::uint64_t large_bytes_in_files() noexcept;

// The folder of the file that this address lies in, or null. For a handler of SIGBUS, which comes where the
// disk fails: takes no lock and no memory.
const char* large_file_at(const void* address) noexcept;

}  // namespace bertune
