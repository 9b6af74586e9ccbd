#include "checkpoint/tensor_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "bertune/error.h"
#include "checkpoint/untrusted.h"
#include "core/parallel.h"

namespace bertune::checkpoint {
namespace {

static_assert(std::endian::native == std::endian::little,
              "checkpoints are little endian, and read as they lie");

constexpr std::int64_t kBlock = 1 << 18;  // elements: large enough to hide the start of a thread

// The bytes come from a file at any offset, so that no pointer to Stored may be formed.
template <typename Stored, typename Convert>
void convert_block(const std::byte* bytes, std::span<float> out, const Convert& convert) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes + i * sizeof(Stored), sizeof(Stored));
    out[i] = convert(stored);
  }
}

void convert_block(DType dtype, const std::byte* bytes, std::span<float> out) {
  switch (dtype) {
    case DType::f32:
      std::memcpy(out.data(), bytes, out.size_bytes());
      return;
    case DType::f16:
      return convert_block<std::uint16_t>(bytes, out, f16_to_f32);
    case DType::bf16:
      return convert_block<std::uint16_t>(bytes, out, bf16_to_f32);
    case DType::f64:
      return convert_block<double>(bytes, out, [](double value) { return static_cast<float>(value); });
    default:
      throw Error(
          fmt::format("a tensor of {} cannot be read as floating-point numbers", safetensors_name(dtype)));
  }
}

}  // namespace

void convert_to_f32(DType dtype, std::span<const std::byte> bytes, std::span<float> out) {
  if (bytes.size() != out.size() * size_of(dtype)) throw Error("a tensor's bytes do not match its shape");
  const auto items = static_cast<std::int64_t>(out.size());
  parallel_for(block_count(items, kBlock), [&](std::int64_t block) {
    const std::int64_t first = block * kBlock, count = std::min(kBlock, items - first);
    const auto start = static_cast<std::size_t>(first);
    convert_block(dtype, bytes.data() + start * size_of(dtype),
                  out.subspan(start, static_cast<std::size_t>(count)));
  });
}

void require_readable(const StoredTensor& tensor, std::size_t out_size, const std::string& where) {
  const bool floating = tensor.dtype == DType::f32 || tensor.dtype == DType::f16 ||
                        tensor.dtype == DType::bf16 || tensor.dtype == DType::f64;
  if (!floating) {
    throw Error(
        fmt::format("{}: tensor {} holds {} where floating-point weights are needed; quantized checkpoints "
                    "cannot be fine-tuned, "
                    "use the original one",
                    where, in_quotes(tensor.name), safetensors_name(tensor.dtype)));
  }
  if (tensor.elements != out_size) {
    throw Error(fmt::format("{}: tensor {} has shape {}, {} numbers, but the model takes {}", where,
                            in_quotes(tensor.name), shape_text(tensor.shape), tensor.elements, out_size));
  }
}

}  // namespace bertune::checkpoint
