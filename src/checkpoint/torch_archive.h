// pytorch_model.bin: the zip that torch.save writes, a pickle of names and layouts (data.pkl) beside one
// stored entry per storage (data/0, data/1, ...). Read without executing anything: see pickle.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/tensor_source.h"
#include "core/file.h"

namespace bertune::checkpoint {

class TorchArchive : public TensorSource {
 public:
  // Throws Error naming the file and what to do: no zip, a damaged one, TorchScript, big endian, a pickle
  // that holds more than tensors. The format before torch 1.6 is TorchStream's (torch_stream.h).
  explicit TorchArchive(const fs::path& path);
  // The same over bytes that outlive the object; `where` stands for the file in messages.
  TorchArchive(std::span<const std::byte> bytes, std::string where);
  ~TorchArchive() override;

  const std::vector<StoredTensor>& tensors() const override;
  // Views that are not contiguous (transposed, sliced) come out row-major.
  void read_f32(std::size_t index, std::span<float> out) const override;
  void release_pages() const override;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace bertune::checkpoint
