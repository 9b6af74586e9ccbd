#include "checkpoint/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "bertune/error.h"
#include "checkpoint/untrusted.h"

namespace bertune::checkpoint {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the bound of the reference implementation
constexpr std::size_t kMaxRank = 32;

struct Extent {
  StoredTensor tensor;
  std::uint64_t begin = 0, end = 0;
};

std::uint64_t require_unsigned(const Json& value, const std::string& where, std::string_view what) {
  if (!value.is_number_unsigned()) {
    throw Error(fmt::format("{}: {} is not a whole number; the header is damaged: {}", where, what,
                            repair_hint(where)));
  }
  return value.get<std::uint64_t>();
}

std::vector<std::int64_t> read_shape(const Json& tensor, const std::string& where, const std::string& name) {
  const auto shape = tensor.find("shape");
  if (shape == tensor.end() || !shape->is_array() || shape->size() > kMaxRank) {
    throw Error(fmt::format("{}: tensor {} has no valid \"shape\"; the header is damaged", where, name));
  }
  std::vector<std::int64_t> sizes;
  for (const Json& size : *shape) {
    const std::uint64_t value = require_unsigned(size, where, fmt::format("a size of tensor {}", name));
    if (value > (std::uint64_t{1} << 53)) {
      throw Error(fmt::format("{}: tensor {} has the size {}, which cannot be", where, name, value));
    }
    sizes.push_back(static_cast<std::int64_t>(value));
  }
  return sizes;
}

DType read_dtype(const Json& tensor, const std::string& where, const std::string& name) {
  const auto dtype = tensor.find("dtype");
  if (dtype == tensor.end() || !dtype->is_string()) {
    throw Error(fmt::format("{}: tensor {} has no \"dtype\"; the header is damaged", where, name));
  }
  const auto known = dtype_from_safetensors_name(dtype->get_ref<const std::string&>());
  if (!known) {
    throw Error(fmt::format(
        "{}: tensor {} has the dtype {}, which Bertune does not read; use a checkpoint in F32, F16 or BF16",
        where, name, in_quotes(dtype->get_ref<const std::string&>())));
  }
  return *known;
}

Extent read_extent(const std::string& key, const Json& value, std::uint64_t data_size,
                   const std::string& where) {
  const std::string name = in_quotes(key);
  if (!value.is_object()) throw Error(fmt::format("{}: the entry of {} is no tensor", where, name));
  Extent extent;
  extent.tensor = {key, read_dtype(value, where, name), read_shape(value, where, name), 0};
  const auto offsets = value.find("data_offsets");
  if (offsets == value.end() || !offsets->is_array() || offsets->size() != 2) {
    throw Error(fmt::format("{}: tensor {} has no \"data_offsets\" [begin, end]; the header is damaged",
                            where, name));
  }
  const std::string what = fmt::format("an offset of tensor {}", name);
  extent.begin = require_unsigned((*offsets)[0], where, what);
  extent.end = require_unsigned((*offsets)[1], where, what);
  const auto elements = element_count(extent.tensor.shape);
  const auto bytes = elements ? checked_multiply(*elements, size_of(extent.tensor.dtype)) : std::nullopt;
  if (!bytes || extent.begin > extent.end || *bytes != extent.end - extent.begin) {
    throw Error(fmt::format(
        "{}: tensor {} is {} {}, which does not fit its bytes {} to {}; the header is damaged", where, name,
        safetensors_name(extent.tensor.dtype), shape_text(extent.tensor.shape), extent.begin, extent.end));
  }
  if (extent.end > data_size) {
    throw Error(fmt::format(
        "{}: is cut off or damaged: its header says that tensor {} ends at byte {} of the data, but "
        "the file has {}; {}",
        where, name, extent.end, data_size, repair_hint(where)));
  }
  extent.tensor.elements = *elements;
  return extent;
}

// The data must be the tensors end to end, as the format demands: a hole or an overlap means a damaged
// header.
void require_gapless(const std::vector<Extent>& extents, std::uint64_t data_size, const std::string& where) {
  std::uint64_t end = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != end) {
      throw Error(fmt::format(
          "{}: tensor {} starts at byte {} of the data where {} was due ({}); the header is damaged", where,
          in_quotes(extent.tensor.name), extent.begin, end,
          extent.begin < end ? "two tensors overlap" : "a hole"));
    }
    end = extent.end;
  }
  if (end != data_size) {
    throw Error(fmt::format("{}: is damaged: its header says {} bytes of data but the file has {}; {}", where,
                            end, data_size, repair_hint(where)));
  }
}

// Texts under names. The format allows nothing else, but some tools write null, numbers and lists; no weight
// depends on them, so that they are passed over.
std::map<std::string, std::string> read_metadata(const Json& header, const std::string& where) {
  std::map<std::string, std::string> metadata;
  const auto found = header.find("__metadata__");
  if (found == header.end() || found->is_null()) return metadata;
  if (!found->is_object()) throw Error(fmt::format("{}: \"__metadata__\" is not an object", where));
  for (const auto& [key, value] : found->items()) {
    if (value.is_string()) metadata[key] = value.get<std::string>();
  }
  return metadata;
}

std::string_view read_header(std::span<const std::byte> file, const std::string& where) {
  require_own_file(file, where);
  std::uint64_t length = 0;
  if (file.size() < sizeof length) {
    throw Error(fmt::format("{}: {} bytes are too few for a safetensors file; {}", where, file.size(),
                            repair_hint(where)));
  }
  std::memcpy(&length, file.data(), sizeof length);
  if (length > kMaxHeaderBytes) {
    throw Error(
        fmt::format("{}: its header would be {} bytes long: this is not a safetensors file, or a damaged one",
                    where, length));
  }
  if (length > file.size() - sizeof length) {
    throw Error(
        fmt::format("{}: is cut off or damaged: it says that its header has {} bytes but only {} follow; {}",
                    where, length, file.size() - sizeof length, repair_hint(where)));
  }
  return {reinterpret_cast<const char*>(file.data()) + sizeof length, static_cast<std::size_t>(length)};
}

std::string header_text(const std::vector<TensorView>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  Json meta = metadata;
  meta["format"] = "pt";
  std::string header = "{\"__metadata__\":" + meta.dump();
  std::uint64_t offset = 0;
  for (const TensorView& tensor : tensors) {
    const std::uint64_t end = offset + *element_count(tensor.shape) * size_of(tensor.dtype);
    header += fmt::format(",{}:{{\"dtype\":\"{}\",\"shape\":{},\"data_offsets\":[{},{}]}}",
                          Json(tensor.name).dump(), safetensors_name(tensor.dtype), Json(tensor.shape).dump(),
                          offset, end);
    offset = end;
  }
  header += "}";
  header.append((8 - header.size() % 8) % 8, ' ');
  return header;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const fs::path& path) : where_(path.string()), mapped_(path) {
  parse(mapped_->bytes());
}

SafetensorsFile::SafetensorsFile(std::span<const std::byte> bytes, std::string where)
    : where_(std::move(where)) {
  parse(bytes);
}

void SafetensorsFile::parse(std::span<const std::byte> file) {
  const std::string_view text = read_header(file, where_);
  const Json header = parse_json_object(text, where_ + ": its header", {.depth = 8, .values = 1'000'000});
  data_ = file.subspan(sizeof(std::uint64_t) + text.size());
  metadata_ = read_metadata(header, where_);
  std::vector<Extent> extents;
  for (const auto& [key, value] : header.items()) {
    if (key != "__metadata__") extents.push_back(read_extent(key, value, data_.size(), where_));
  }
  std::stable_sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  require_gapless(extents, data_.size(), where_);
  for (Extent& extent : extents) {
    tensors_.push_back(std::move(extent.tensor));
    begins_.push_back(extent.begin);
  }
}

void SafetensorsFile::read_f32(std::size_t index, std::span<float> out) const {
  const StoredTensor& tensor = tensors_.at(index);
  require_readable(tensor, out.size(), where_);
  convert_to_f32(tensor.dtype, bytes(index), out);
}

std::optional<std::size_t> SafetensorsFile::find(std::string_view name) const {
  const auto found = std::find_if(tensors_.begin(), tensors_.end(),
                                  [&](const StoredTensor& tensor) { return tensor.name == name; });
  if (found == tensors_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - tensors_.begin());
}

std::span<const std::byte> SafetensorsFile::bytes(std::size_t index) const {
  const StoredTensor& tensor = tensors_.at(index);
  return data_.subspan(static_cast<std::size_t>(begins_[index]),
                       static_cast<std::size_t>(tensor.elements) * size_of(tensor.dtype));
}

TensorView f32_view(std::string name, std::vector<std::int64_t> shape, std::span<const float> values) {
  return {std::move(name), DType::f32, std::move(shape), std::as_bytes(values)};
}

namespace {

void write_made(AtomicFile& file, const TensorView& tensor) {
  const std::uint64_t bytes = *element_count(tensor.shape) * size_of(tensor.dtype);
  std::vector<std::byte> part(static_cast<std::size_t>(std::min(bytes, kPartBytes)));
  for (std::uint64_t offset = 0; offset < bytes; offset += part.size()) {
    part.resize(static_cast<std::size_t>(std::min(bytes - offset, kPartBytes)));
    tensor.make(offset, part);
    file.write(part);
  }
}

}  // namespace

void write_safetensors(const fs::path& path, std::vector<TensorView> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorView& a, const TensorView& b) {
    return size_of(a.dtype) != size_of(b.dtype) ? size_of(a.dtype) > size_of(b.dtype) : a.name < b.name;
  });
  std::vector<std::string_view> names{"__metadata__"};
  for (const TensorView& tensor : tensors) {
    const auto elements = element_count(tensor.shape);
    if (!elements ||
        (!tensor.make && checked_multiply(*elements, size_of(tensor.dtype)) != tensor.bytes.size())) {
      throw Error(fmt::format("{}: tensor {} of shape {} was given {} bytes of {}", path.string(),
                              in_quotes(tensor.name), shape_text(tensor.shape), tensor.bytes.size(),
                              safetensors_name(tensor.dtype)));
    }
    names.push_back(tensor.name);
  }
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    throw Error(fmt::format("{}: two tensors to write are called {}", path.string(), in_quotes(*twice)));
  }
  const std::string header = header_text(tensors, metadata);
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const TensorView& tensor : tensors) {
    tensor.make ? write_made(file, tensor) : file.write(tensor.bytes);
  }
  file.commit();
}

}  // namespace bertune::checkpoint
