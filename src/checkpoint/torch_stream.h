// pytorch_model.bin as torch wrote it before version 1.6: pickles one behind the other (pickle.h), and then
// of each storage its number of elements and its bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/pickle.h"
#include "checkpoint/tensor_source.h"
#include "core/file.h"

namespace bertune::checkpoint {

class TorchStream : public TensorSource {
 public:
  // Returns whether a file begins as one of this format.
  static bool is_one(std::span<const std::byte> file) { return legacy_magic_bytes(file) > 0; }

  // Throws Error naming the file and what to do: cut off, damaged, big endian, a pickle that holds more than
  // tensors.
  explicit TorchStream(const fs::path& path);
  // The same over bytes that outlive the object; `where` stands for the file in messages.
  TorchStream(std::span<const std::byte> bytes, std::string where);

  const std::vector<StoredTensor>& tensors() const override { return tensors_; }
  // Views that are not contiguous (transposed, sliced) come out row-major.
  void read_f32(std::size_t index, std::span<float> out) const override;
  void release_pages() const override {
    if (mapped_) mapped_->release_pages();
  }

 private:
  void parse(std::span<const std::byte> file);

  std::string where_;
  std::optional<MappedFile> mapped_;
  std::vector<StoredTensor> tensors_;
  std::vector<PickledTensor> layouts_;                // of each tensor
  std::vector<std::span<const std::byte>> storages_;  // that of each tensor
};

// Opens a file that any version of torch.save wrote.
std::unique_ptr<TensorSource> open_torch_file(const fs::path& path);

}  // namespace bertune::checkpoint
