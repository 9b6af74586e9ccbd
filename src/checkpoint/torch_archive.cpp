#include "checkpoint/torch_archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "bertune/error.h"
#include "checkpoint/pickle.h"
#include "checkpoint/torch_layout.h"
#include "checkpoint/untrusted.h"
#include "checkpoint/zip_archive.h"

namespace bertune::checkpoint {
namespace {

constexpr std::uint64_t kMaxPickleBytes = std::uint64_t{64} << 20;
constexpr std::int64_t kMaxEntries = 1'000'000;

void require_zip(std::span<const std::byte> bytes, const std::string& where) {
  require_own_file(bytes, where);
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()),
                               std::min<std::size_t>(bytes.size(), 4));
  if (start.starts_with("PK")) return;
  if (start.starts_with('\x80')) {
    throw Error(
        fmt::format("{}: is a pickle that torch.save did not write; save the weights in Python with "
                    "save_pretrained, or torch.save(model.state_dict(), file)",
                    where));
  }
  throw Error(
      fmt::format("{}: is not a file that torch.save wrote (no zip archive); {}", where, repair_hint(where)));
}

}  // namespace

class TorchArchive::Implementation {
 public:
  Implementation(std::span<const std::byte> bytes, std::string where, std::optional<MappedFile> mapped)
      : where_(std::move(where)),
        mapped_(std::move(mapped)),
        zip_((require_zip(bytes, where_), bytes), where_),
        file_size_(bytes.size()) {
    const std::string prefix = find_prefix();
    require_little_endian(prefix);
    const std::vector<std::byte> pickle = read_entry(require_entry(prefix + "data.pkl"), 0, kWholeEntry);
    for (PickledTensor& tensor : read_state_dict(pickle, where_)) add(std::move(tensor), prefix);
  }

  void release_pages() const {
    if (mapped_) mapped_->release_pages();
  }
  const std::vector<StoredTensor>& tensors() const { return tensors_; }

  void read_f32(std::size_t index, std::span<float> out) const {
    const StoredTensor& stored = tensors_.at(index);
    const PickledTensor& layout = layouts_[index];
    require_readable(stored, out.size(), where_);
    if (out.empty()) return;
    const std::size_t width = size_of(stored.dtype);
    const std::uint64_t first = layout.offset * width;
    if (is_contiguous(layout) && stored.dtype == DType::f32) {
      return read_entry(entries_[index], first, std::as_writable_bytes(out));
    }
    std::vector<std::byte> bytes = read_entry(entries_[index], first, reach(layout) * width);
    if (!is_contiguous(layout)) bytes = gather(layout, stored.elements, bytes);
    convert_to_f32(stored.dtype, bytes, out);
  }

 private:
  static constexpr std::uint64_t kWholeEntry = ~std::uint64_t{0};

  // torch.save puts everything below one folder of any name: "archive/data.pkl", "archive/data/0".
  std::string find_prefix() const {
    std::optional<std::string> prefix;
    for (const ZipEntry& entry : zip_.entries()) {
      if (entry.name.ends_with("/constants.pkl")) {
        throw Error(fmt::format(
            "{}: is a TorchScript program, not a state dict; save the weights with save_pretrained", where_));
      }
      if (!entry.name.ends_with("/data.pkl")) continue;
      if (prefix) zip_.damaged("two entries called data.pkl");
      prefix = entry.name.substr(0, entry.name.size() - std::strlen("data.pkl"));
    }
    if (!prefix) {
      throw Error(fmt::format("{}: is a zip archive without data.pkl; torch.save did not write it", where_));
    }
    return *prefix;
  }

  void require_little_endian(const std::string& prefix) const {
    const std::string name = prefix + "byteorder";
    if (zip_.find(name) == nullptr) return;  // not there before PyTorch 2.1
    const ZipEntry& entry = require_entry(name);
    if (entry.size > 16) zip_.damaged("byteorder");
    const std::vector<std::byte> order = read_entry(entry, 0, kWholeEntry);
    if (std::string_view(reinterpret_cast<const char*>(order.data()), order.size()) != "little") {
      throw Error(fmt::format("{}: was not saved on a little-endian machine; save it again on one", where_));
    }
  }

  const ZipEntry& require_entry(const std::string& name) const {
    const ZipEntry* entry = zip_.find(name);
    if (entry == nullptr) zip_.damaged(fmt::format("the entry {} is missing", in_quotes(name)));
    if (!entry->is_plain) {
      throw Error(fmt::format(
          "{}: its entry {} is compressed or encrypted, which torch.save never does; save it again", where_,
          in_quotes(name)));
    }
    if (entry->size != entry->stored_size || entry->size > file_size_)
      zip_.damaged(fmt::format("the entry {} says {} bytes", in_quotes(name), entry->size));
    return *entry;
  }

  void read_entry(const ZipEntry& entry, std::uint64_t offset, std::span<std::byte> out) const {
    const std::span<const std::byte> bytes = zip_.bytes(entry);
    if (offset > bytes.size() || out.size() > bytes.size() - offset) zip_.damaged("an entry ends too early");
    std::ranges::copy(bytes.subspan(static_cast<std::size_t>(offset), out.size()), out.begin());
    if (out.size() == bytes.size()) zip_.require_checksum(entry, out);
  }

  std::vector<std::byte> read_entry(const ZipEntry& entry, std::uint64_t offset, std::uint64_t size) const {
    if (size == kWholeEntry) {
      size = entry.size;
      if (size > kMaxPickleBytes) zip_.damaged(fmt::format("data.pkl of {} bytes", size));
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    read_entry(entry, offset, bytes);
    return bytes;
  }

  void add(PickledTensor tensor, const std::string& prefix) {
    const ZipEntry& entry = require_entry(prefix + "data/" + tensor.storage);
    if (entry.size != tensor.storage_bytes) {
      throw Error(fmt::format("{}: the storage of tensor {} should have {} bytes but has {}; {}", where_,
                              in_quotes(tensor.name), tensor.storage_bytes, entry.size, repair_hint(where_)));
    }
    tensors_.push_back({tensor.name, tensor.dtype, tensor.shape, *element_count(tensor.shape)});
    entries_.push_back(entry);
    layouts_.push_back(std::move(tensor));
  }

  std::string where_;
  std::optional<MappedFile> mapped_;
  ZipArchive zip_;
  std::uint64_t file_size_ = 0;
  std::vector<StoredTensor> tensors_;
  std::vector<PickledTensor> layouts_;  // of each tensor
  std::vector<ZipEntry> entries_;       // with the storage of each tensor
};

TorchArchive::TorchArchive(const fs::path& path) {
  MappedFile mapped(path);
  const std::span<const std::byte> bytes = mapped.bytes();
  implementation_ = std::make_unique<Implementation>(bytes, path.string(), std::move(mapped));
}

TorchArchive::TorchArchive(std::span<const std::byte> bytes, std::string where)
    : implementation_(std::make_unique<Implementation>(bytes, std::move(where), std::nullopt)) {}

TorchArchive::~TorchArchive() = default;

const std::vector<StoredTensor>& TorchArchive::tensors() const { return implementation_->tensors(); }

void TorchArchive::release_pages() const { implementation_->release_pages(); }

void TorchArchive::read_f32(std::size_t index, std::span<float> out) const {
  implementation_->read_f32(index, out);
}

}  // namespace bertune::checkpoint
