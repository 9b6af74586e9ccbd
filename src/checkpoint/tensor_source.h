// TensorSource is the interface of every file of weights, whatever its format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/dtype.h"

namespace bertune::checkpoint {

struct StoredTensor {
  std::string name;  // as the file says it
  DType dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t elements = 0;  // product of shape
};

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  virtual const std::vector<StoredTensor>& tensors() const = 0;
  // Tensor `index` of tensors(), row-major, as f32: F16 and BF16 exactly, F64 to the nearest. Throws Error
  // when `out` has another size than the tensor, when its dtype is no floating-point type, or when the file
  // is damaged. May be called from several threads.
  virtual void read_f32(std::size_t index, std::span<float> out) const = 0;
  virtual void release_pages() const {}  // of a mapped file (core/file.h)
};

// `bytes` (little endian, any alignment) of `dtype` as f32; bytes.size() == out.size() * size_of(dtype). All
// threads share the work. The dtype must be f32, f16, bf16 or f64.
void convert_to_f32(DType dtype, std::span<const std::byte> bytes, std::span<float> out);

// Throws Error, naming `where` and the tensor, unless `tensor` can be read into `out_size` numbers of f32.
void require_readable(const StoredTensor& tensor, std::size_t out_size, const std::string& where);

}  // namespace bertune::checkpoint
