// Gives the host access to memory of the table: in place, if the host reaches it there
// (OpTable::host_memory), or else in a copy of its own.
#pragma once

#include <span>
#include <vector>

#include "kernels/ops.h"

namespace bertune::kernels {

// Numbers of the table's memory for the host to read.
template <typename T>
class HostView {
 public:
  // Returns the numbers as they are once the operations before this call have ended. They hold until `memory`
  // is written, or until the next call.
  std::span<const T> see(std::span<const T> memory) {
    const OpTable& table = ops();
    if (table.host_memory) return memory;
    copy_.resize(memory.size());
    table.download(copy_.data(), memory.data(), memory.size_bytes());
    return copy_;
  }

 private:
  std::vector<T> copy_;
};

// Calls write(std::span<T>), which writes all numbers of `memory`.
template <typename T, typename Write>
void write_on_host(std::span<T> memory, const Write& write) {
  const OpTable& table = ops();
  if (table.host_memory) return write(memory);
  std::vector<T> copy(memory.size());
  write(std::span(copy));
  table.upload(memory.data(), copy.data(), memory.size_bytes());
}

// Calls change(std::span<T>), which reads the numbers of `memory` and writes some of them.
template <typename T, typename Change>
void change_on_host(std::span<T> memory, const Change& change) {
  write_on_host(memory, [&](std::span<T> numbers) {
    const OpTable& table = ops();
    if (!table.host_memory) table.download(numbers.data(), memory.data(), memory.size_bytes());
    change(numbers);
  });
}

}  // namespace bertune::kernels
