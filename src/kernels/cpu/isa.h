// The common parts of the sources of this folder. Each is compiled once for each instruction set, BERTUNE_ISA
// naming the namespace: everything here has internal linkage, so that no copy made with wide instructions can
// be linked into code that runs without them (the build checks the objects for that). For the same reason no
// standard containers or algorithms are used in this folder.
#pragma once

#include <cstdint>

#include "core/parallel.h"
#include "kernels/ops.h"

namespace bertune::kernels::BERTUNE_ISA {

extern const OpTable kTable;

namespace {

#if defined(__AVX512F__)
constexpr std::int64_t kLanes = 16;
#elif defined(__AVX__)
constexpr std::int64_t kLanes = 8;
#else
constexpr std::int64_t kLanes = 4;
#endif

// A vector register of floats; arithmetic is by element, and the compiler contracts a * b + c.
typedef float Vec __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

typedef std::uint32_t Bits
    __attribute__((vector_size(kLanes * sizeof(std::uint32_t)), aligned(4), may_alias));
typedef std::int32_t Indices __attribute__((vector_size(kLanes * sizeof(std::int32_t))));

inline Vec load(const float* pointer) { return *reinterpret_cast<const Vec*>(pointer); }
inline void store(float* pointer, Vec value) { *reinterpret_cast<Vec*>(pointer) = value; }
// These read and write for code that takes a row by vectors and, at its end, by numbers: the second argument
// tells which.
inline Vec read(const float* pointer, Vec) { return load(pointer); }
inline float read(const float* pointer, float) { return *pointer; }
inline void store(float* pointer, float value) { *pointer = value; }
// The subtraction keeps -0.0: Vec{} + value is an addition that must be made, and -0.0 would become 0.0.
inline Vec broadcast(float value) { return value - Vec{}; }

inline std::int64_t min(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
inline std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
