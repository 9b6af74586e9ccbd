#include "kernels/protected_table.h"

#include <sys/mman.h>

#include <cstring>
#include <map>
#include <new>

namespace bertune::kernels::testing {
namespace {

constexpr std::size_t kPage = 4096;

// Whole pages, by address.
std::map<void*, std::size_t>& allocations() {
  static std::map<void*, std::size_t> map;
  return map;
}

// Memory is accessible for the lifetime of this object.
class Access {
 public:
  Access() { protect(PROT_READ | PROT_WRITE); }
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;
  ~Access() { protect(PROT_NONE); }

 private:
  static void protect(int protection) {
    for (const auto& [memory, bytes] : allocations()) ::mprotect(memory, bytes, protection);
  }
};

void* allocate(std::size_t bytes, std::size_t) {
  if (bytes == 0) return nullptr;
  bytes = (bytes + kPage - 1) / kPage * kPage;
  void* memory = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  allocations().emplace(memory, bytes);
  return memory;
}

void release(void* memory, std::size_t) {
  const auto found = allocations().find(memory);
  ::munmap(memory, found->second);
  allocations().erase(found);
}

void copy(void* to, const void* from, std::size_t bytes) {
  const Access access;
  std::memcpy(to, from, bytes);
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

std::size_t protected_allocations() { return allocations().size(); }

}  // namespace bertune::kernels::testing
