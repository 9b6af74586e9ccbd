#include "checkpoint/torch_archive.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include "bertune/error.h"
#include "checkpoint/pickle.h"
#include "checkpoint/torch_layout.h"
#include "checkpoint/untrusted.h"

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
      : where_(std::move(where)), mapped_(std::move(mapped)) {
    require_zip(bytes, where_);
    open_zip(bytes);
    const std::string prefix = find_prefix();
    require_little_endian(prefix);
    const std::vector<std::byte> pickle = read_entry(require_entry(prefix + "data.pkl"), 0, kWholeEntry);
    for (PickledTensor& tensor : read_state_dict(pickle, where_)) add(std::move(tensor), prefix);
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

  struct CloseZip {
    void operator()(zip_t* archive) const { zip_discard(archive); }
  };
  struct CloseEntry {
    void operator()(zip_file_t* entry) const { zip_fclose(entry); }
  };

  struct Entry {
    zip_uint64_t index = 0;
    std::uint64_t size = 0;
  };

  [[noreturn]] void damaged(std::string_view what) const {
    throw Error(
        fmt::format("{}: its zip archive is cut off or damaged ({}); {}", where_, what, repair_hint(where_)));
  }

  void open_zip(std::span<const std::byte> bytes) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
    if (archive == nullptr) {
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      if (source != nullptr) zip_source_free(source);
      damaged(reason);
    }
    zip_error_fini(&error);
    zip_.reset(archive);
    file_size_ = bytes.size();
  }

  // torch.save puts everything below one folder of any name: "archive/data.pkl", "archive/data/0".
  std::string find_prefix() const {
    const zip_int64_t count = zip_get_num_entries(zip_.get(), 0);
    if (count > kMaxEntries) damaged("too many entries");
    std::optional<std::string> prefix;
    for (zip_int64_t index = 0; index < count; ++index) {
      const char* raw = zip_get_name(zip_.get(), static_cast<zip_uint64_t>(index), ZIP_FL_ENC_RAW);
      const std::string_view name = raw == nullptr ? std::string_view() : std::string_view(raw);
      if (name.ends_with("/constants.pkl")) {
        throw Error(fmt::format(
            "{}: is a TorchScript program, not a state dict; save the weights with save_pretrained", where_));
      }
      if (!name.ends_with("/data.pkl")) continue;
      if (prefix) damaged("two entries called data.pkl");
      prefix = name.substr(0, name.size() - std::strlen("data.pkl"));
    }
    if (!prefix) {
      throw Error(fmt::format("{}: is a zip archive without data.pkl; torch.save did not write it", where_));
    }
    return *prefix;
  }

  void require_little_endian(const std::string& prefix) const {
    const std::string name = prefix + "byteorder";
    if (zip_name_locate(zip_.get(), name.c_str(), ZIP_FL_ENC_RAW) < 0)
      return;  // not there before PyTorch 2.1
    const Entry entry = require_entry(name);
    if (entry.size > 16) damaged("byteorder");
    const std::vector<std::byte> order = read_entry(entry, 0, kWholeEntry);
    if (std::string_view(reinterpret_cast<const char*>(order.data()), order.size()) != "little") {
      throw Error(fmt::format("{}: was not saved on a little-endian machine; save it again on one", where_));
    }
  }

  Entry require_entry(const std::string& name) const {
    const zip_int64_t index = zip_name_locate(zip_.get(), name.c_str(), ZIP_FL_ENC_RAW);
    if (index < 0) damaged(fmt::format("the entry {} is missing", in_quotes(name)));
    zip_stat_t status;
    zip_stat_init(&status);
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(zip_.get(), static_cast<zip_uint64_t>(index), 0, &status) != 0 ||
        (status.valid & kNeeded) != kNeeded) {
      damaged(fmt::format("the entry {}", in_quotes(name)));
    }
    if (status.comp_method != ZIP_CM_STORE || status.encryption_method != ZIP_EM_NONE) {
      throw Error(fmt::format(
          "{}: its entry {} is compressed or encrypted, which torch.save never does; save it again", where_,
          in_quotes(name)));
    }
    if (status.size != status.comp_size || status.size > file_size_) {
      damaged(fmt::format("the entry {} says {} bytes", in_quotes(name), status.size));
    }
    return {static_cast<zip_uint64_t>(index), status.size};
  }

  void read_entry(const Entry& entry, std::uint64_t offset, std::span<std::byte> out) const {
    const std::lock_guard lock(mutex_);  // libzip's archive has one state
    const std::unique_ptr<zip_file_t, CloseEntry> file(zip_fopen_index(zip_.get(), entry.index, 0));
    if (!file) damaged(zip_strerror(zip_.get()));
    if (offset != 0 && zip_fseek(file.get(), static_cast<zip_int64_t>(offset), SEEK_SET) != 0) {
      damaged(zip_file_strerror(file.get()));
    }
    while (!out.empty()) {
      const zip_int64_t count = zip_fread(file.get(), out.data(), out.size());
      if (count < 0) damaged(zip_file_strerror(file.get()));
      if (count == 0) damaged("an entry ends too early");
      out = out.subspan(static_cast<std::size_t>(count));
    }
    if (std::byte beyond{}; zip_fread(file.get(), &beyond, 1) < 0) damaged(zip_file_strerror(file.get()));
  }

  std::vector<std::byte> read_entry(const Entry& entry, std::uint64_t offset, std::uint64_t size) const {
    if (size == kWholeEntry) {
      size = entry.size;
      if (size > kMaxPickleBytes) damaged(fmt::format("data.pkl of {} bytes", size));
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    read_entry(entry, offset, bytes);
    return bytes;
  }

  void add(PickledTensor tensor, const std::string& prefix) {
    const Entry entry = require_entry(prefix + "data/" + tensor.storage);
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
  std::unique_ptr<zip_t, CloseZip> zip_;
  std::uint64_t file_size_ = 0;
  mutable std::mutex mutex_;
  std::vector<StoredTensor> tensors_;
  std::vector<PickledTensor> layouts_;  // of each tensor
  std::vector<Entry> entries_;          // with the storage of each tensor
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

void TorchArchive::read_f32(std::size_t index, std::span<float> out) const {
  implementation_->read_f32(index, out);
}

}  // namespace bertune::checkpoint
