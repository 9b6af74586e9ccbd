// The safetensors format: 8 bytes of header length, a JSON header of names, dtypes, shapes and offsets, the
// data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/tensor_source.h"
#include "core/file.h"

namespace bertune::checkpoint {

class SafetensorsFile : public TensorSource {
 public:
  // Maps the file and checks its whole header, trusting none of it. Throws Error naming the file, the tensor
  // and what to do.
  explicit SafetensorsFile(const fs::path& path);
  // The same over bytes that outlive the object; `where` stands for the file in messages.
  SafetensorsFile(std::span<const std::byte> bytes, std::string where);

  const std::vector<StoredTensor>& tensors() const override {
    return tensors_;
  }  // in the order of their data
  void read_f32(std::size_t index, std::span<float> out) const override;
  void release_pages() const override {
    if (mapped_) mapped_->release_pages();
  }

  std::optional<std::size_t> find(std::string_view name) const;  // an index into tensors()
  // Little endian, row-major, at any alignment; valid as long as the object.
  std::span<const std::byte> bytes(std::size_t index) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }  // "__metadata__"

 private:
  void parse(std::span<const std::byte> file);

  std::string where_;
  std::optional<MappedFile> mapped_;
  std::span<const std::byte> data_;
  std::vector<StoredTensor> tensors_;
  std::vector<std::uint64_t> begins_;  // into data_, a tensor each
  std::map<std::string, std::string> metadata_;
};

// A tensor to write; `bytes` is row-major and little endian, with product(shape) * size_of(dtype) bytes.
struct TensorView {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
  // A function in place of bytes that are nowhere as a whole: it fills the part of them that begins at
  // `offset`, and is called for parts of kPartBytes, in order.
  std::function<void(std::uint64_t offset, std::span<std::byte> part)> make = {};
};
inline constexpr std::uint64_t kPartBytes = std::uint64_t{1} << 23;

TensorView f32_view(std::string name, std::vector<std::int64_t> shape, std::span<const float> values);

// Writes `tensors` to `path`, atomically (a path under AtomicDirectory::path() is fine too), straight from
// the views.
// __metadata__ is {"format": "pt"} with `metadata` added. Keys are sorted by name within an element size, the
// larger elements first, as the safetensors library lays them out. Throws Error when a name comes twice, when
// bytes do not match a shape, or when the disk is full.
void write_safetensors(const fs::path& path, std::vector<TensorView> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace bertune::checkpoint
