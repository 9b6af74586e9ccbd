// The memory of this process, and what the machine has left.
#pragma once

#include <cstdint>

namespace bertune {

// Returns the bytes of memory that this process has, pages of files among them.
std::uint64_t resident_memory();
// Returns the bytes that are of this process alone; pages of files, which the system can drop, are not
// counted.
std::uint64_t own_memory();

// Returns what the machine has free, or the container's limit leaves (cgroup v2); 0: unknown.
std::uint64_t available_memory();

}  // namespace bertune
