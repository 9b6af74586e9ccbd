#include "kernels/protected_table.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstring>
#include <map>
#include <new>

#include "kernels/host_memory.h"

namespace bertune::kernels::testing {
namespace {

constexpr std::size_t kPage = 4096, kRegion = std::size_t{1} << 30;

// All memory is of one region, whose pages are handed out in order and again where they were released.
struct Region {
  std::byte* begin;
  std::size_t used = 0, allocations = 0, allocations_so_far = 0;
  std::multimap<std::size_t, void*> released;  // by size

  Region()
      : begin(static_cast<std::byte*>(
            ::mmap(nullptr, kRegion, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    if (begin == MAP_FAILED) throw std::bad_alloc();
  }
};
Region& region() {
  static Region all;
  return all;
}

// Memory is accessible for the lifetime of this object.
class Access {
 public:
  Access() { protect(PROT_READ | PROT_WRITE); }
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;
  ~Access() { protect(PROT_NONE); }

 private:
  static void protect(int protection) { ::mprotect(region().begin, region().used, protection); }
};

std::size_t whole_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

void* allocate(std::size_t bytes, std::size_t) {
  if (bytes == 0) return nullptr;
  bytes = whole_pages(bytes);
  Region& all = region();
  ++all.allocations, ++all.allocations_so_far;
  if (const auto again = all.released.find(bytes); again != all.released.end()) {
    void* memory = again->second;
    all.released.erase(again);
    const Access access;
    return std::memset(memory, 0, bytes);
  }
  if (all.used + bytes > kRegion) throw std::bad_alloc();
  void* memory = all.begin + all.used;
  all.used += bytes;
  return memory;
}

void release(void* memory, std::size_t bytes) {
  region().released.emplace(whole_pages(bytes), memory);
  --region().allocations;
}

void copy(void* to, const void* from, std::size_t bytes) {
  const Access access;
  host::copy(to, from, bytes);
}

#define BERTUNE_GUARDED(name, Op) \
  void name(const Op& op) {       \
    const Access access;          \
    machine_ops().name(op);       \
  }
namespace guarded {
BERTUNE_OPERATIONS(BERTUNE_GUARDED)
}
#undef BERTUNE_GUARDED

OpTable make_table() {
  OpTable table = machine_ops();
  table.host_memory = false;
  table.allocate = allocate;
  table.release = release;
  table.commit = [](void*, std::size_t) {};
  table.upload = table.download = copy;
#define BERTUNE_ENTRY(name, Op) table.name = guarded::name;
  BERTUNE_OPERATIONS(BERTUNE_ENTRY)
#undef BERTUNE_ENTRY
  return table;
}

}  // namespace

const OpTable& protected_table() {
  static const OpTable kTable = make_table();
  return kTable;
}

std::size_t protected_allocations() { return region().allocations; }
std::size_t protected_allocations_so_far() { return region().allocations_so_far; }

}  // namespace bertune::kernels::testing
