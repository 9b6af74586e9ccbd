#include "checkpoint/torch_stream.h"

#include <fmt/format.h>

#include <cstring>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "bertune/error.h"
#include "checkpoint/torch_archive.h"
#include "checkpoint/torch_layout.h"
#include "checkpoint/untrusted.h"

namespace bertune::checkpoint {
namespace {

// The bytes of a storage, taken off the front of `rest`.
std::span<const std::byte> take_storage(const PickledStorage& storage, std::span<const std::byte>& rest,
                                        const std::string& where) {
  const auto cut_off = [&] {
    return Error(fmt::format("{}: is cut off within the storage {}; {}", where, in_quotes(storage.name),
                             repair_hint(where)));
  };
  std::uint64_t elements = 0;
  if (rest.size() < sizeof elements) throw cut_off();
  std::memcpy(&elements, rest.data(), sizeof elements);
  rest = rest.subspan(sizeof elements);
  if (elements != storage.elements) {
    throw Error(fmt::format("{}: the storage {} should have {} elements but says {}; {}", where,
                            in_quotes(storage.name), storage.elements, elements, repair_hint(where)));
  }
  const auto bytes = checked_multiply(elements, storage.width);
  if (!bytes || *bytes > rest.size()) throw cut_off();
  const auto taken = rest.first(static_cast<std::size_t>(*bytes));
  rest = rest.subspan(taken.size());
  return taken;
}

}  // namespace

TorchStream::TorchStream(const fs::path& path) : where_(path.string()), mapped_(path) {
  parse(mapped_->bytes());
}

TorchStream::TorchStream(std::span<const std::byte> bytes, std::string where) : where_(std::move(where)) {
  parse(bytes);
}

void TorchStream::parse(std::span<const std::byte> file) {
  if (!is_one(file)) throw Error(fmt::format("{}: is not in the format of torch before 1.6", where_));
  PickledFile pickles = read_legacy_pickles(file, where_);
  std::unordered_map<std::string_view, std::span<const std::byte>> storages;
  std::span<const std::byte> rest = file.subspan(pickles.end);
  for (const PickledStorage& storage : pickles.storages)
    storages.emplace(storage.name, take_storage(storage, rest, where_));
  for (PickledTensor& tensor : pickles.tensors) {
    tensors_.push_back({tensor.name, tensor.dtype, tensor.shape, *element_count(tensor.shape)});
    storages_.push_back(storages.at(tensor.storage));
    layouts_.push_back(std::move(tensor));
  }
}

void TorchStream::read_f32(std::size_t index, std::span<float> out) const {
  const StoredTensor& stored = tensors_.at(index);
  const PickledTensor& layout = layouts_[index];
  require_readable(stored, out.size(), where_);
  if (out.empty()) return;
  const std::size_t width = size_of(stored.dtype);
  const auto bytes = storages_[index].subspan(static_cast<std::size_t>(layout.offset) * width,
                                              static_cast<std::size_t>(reach(layout)) * width);
  if (is_contiguous(layout)) return convert_to_f32(stored.dtype, bytes, out);
  convert_to_f32(stored.dtype, gather(layout, stored.elements, bytes), out);
}

std::unique_ptr<TensorSource> open_torch_file(const fs::path& path) {
  if (TorchStream::is_one(MappedFile(path).bytes())) return std::make_unique<TorchStream>(path);
  return std::make_unique<TorchArchive>(path);
}

}  // namespace bertune::checkpoint
