// The registry knows which tables exist, which of them this machine can run, and which one is used.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "bertune/error.h"
#include "core/names.h"
#include "kernels/ops.h"
#include "kernels/ref/table.h"

namespace bertune::kernels {

#ifdef BERTUNE_REFERENCE_ONLY  // a build for fuzzing readers: Clang does not compile the sources of cpu/

namespace {
std::vector<OpTable> fast_tables() { return {}; }
}  // namespace

#else

namespace x86_64_v2 {
extern const OpTable kTable;
}
namespace avx2 {
extern const OpTable kTable;
}
namespace avx512 {
extern const OpTable kTable;
}
namespace avx512_vnni {
extern const OpTable kTable;
}
namespace avx512_bf16 {
extern const OpTable kTable;
}
namespace amx {
extern const OpTable kTable;
}

namespace {

struct Candidate {
  const OpTable* table;
  bool (*supported)();
};

// GCC's detection asks both the processor and, by XGETBV, the system.
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi2");
}

// VDPBF16PS multiplies twice the numbers of an FMA; Zen 4 starts as many of them as FMAs, Intel's cores a
// quarter, so that f32 is the faster way there (measured on Emerald Rapids without AMX: 80 GFLOP/s a core,
// where f32 does 150).
bool has_fast_dot_products() { return __builtin_cpu_is("amd") != 0; }

bool has_avx512_vnni() { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
bool has_avx512_bf16() { return has_avx512_vnni() && __builtin_cpu_supports("avx512bf16"); }

// Linux gives tile registers only to a process that asks for them (Documentation/arch/x86/xstate.rst), for
// all of its threads.
bool has_amx() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return has_avx512_bf16() && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
         __builtin_cpu_supports("amx-int8") && ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

const std::array kCandidates = {
    Candidate{&amx::kTable, has_amx},
    Candidate{&avx512_bf16::kTable, has_avx512_bf16},
    Candidate{&avx512_vnni::kTable, has_avx512_vnni},
    Candidate{&avx512::kTable, has_avx512},
    Candidate{&avx2::kTable,
              [] {
                return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                       __builtin_cpu_supports("bmi2");
              }},
    Candidate{&x86_64_v2::kTable, [] { return bool{__builtin_cpu_supports("sse4.2") != 0}; }},
};

std::vector<OpTable> fast_tables() {
  std::vector<OpTable> list;
  for (const Candidate& candidate : kCandidates) {
    if (!candidate.supported()) continue;
    OpTable& table = list.emplace_back(*candidate.table);
    table.bf16_is_faster = table.bf16 && (candidate.table == &amx::kTable || has_fast_dot_products());
  }
  return list;
}

}  // namespace

#endif

namespace {

const std::vector<OpTable>& tables() {
  static const std::vector<OpTable> kTables = [] {
    std::vector<OpTable> list = fast_tables();
    list.push_back(ref::kTable);
    return list;
  }();
  return kTables;
}

const OpTable& choose() {
  const char* wanted = std::getenv("BERTUNE_ISA");
  if (wanted == nullptr || *wanted == '\0') return tables().front();
  std::vector<std::string_view> names;
  for (const OpTable& table : tables()) {
    if (table.name == wanted) return table;
    names.push_back(table.name);
  }
  throw Error(fmt::format("BERTUNE_ISA={}: this machine runs {}", wanted, fmt::join(names, ", ")));
}

}  // namespace

const OpTable& machine_ops() {
  static const OpTable& table = choose();
  return table;
}

std::vector<const OpTable*> supported_tables() {
  std::vector<const OpTable*> list;
  for (const OpTable& table : tables()) list.push_back(&table);
  return list;
}

Activation activation_from_string(std::string_view name) {
  static constexpr Names kNames(
      std::to_array<Named<Activation>>({{Activation::gelu, "gelu"},
                                        {Activation::gelu, "gelu_python"},
                                        {Activation::gelu_tanh, "gelu_new"},
                                        {Activation::gelu_tanh, "gelu_fast"},
                                        {Activation::gelu_tanh, "gelu_pytorch_tanh"},
                                        {Activation::quick_gelu, "quick_gelu"},
                                        {Activation::relu, "relu"},
                                        {Activation::silu, "silu"},
                                        {Activation::silu, "swish"},
                                        {Activation::tanh, "tanh"}}));
  if (const auto activation = kNames.find(name)) return *activation;
  throw Error(fmt::format("hidden_act \"{}\" is not supported; the choices are {}", name, kNames.choices()));
}

}  // namespace bertune::kernels
