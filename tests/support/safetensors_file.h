// A small safetensors reader and writer for tests, independent of the library's own: a test that loads its
// expected values with the code under test could agree with itself.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bertune::testing {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path) : path_(path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot open " + path.string());
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    std::uint64_t header_size = 0;
    if (bytes_.size() < sizeof header_size)
      throw std::runtime_error("no safetensors header in " + path.string());
    std::memcpy(&header_size, bytes_.data(), sizeof header_size);
    data_ = sizeof header_size + header_size;
    if (data_ > bytes_.size()) throw std::runtime_error("safetensors header cut off in " + path.string());
    header_ = nlohmann::json::parse(bytes_.begin() + sizeof header_size,
                                    bytes_.begin() + static_cast<std::ptrdiff_t>(data_));
  }

  bool contains(const std::string& name) const { return header_.contains(name); }

  std::vector<std::string> names(const std::string& prefix = "") const {
    std::vector<std::string> names;
    for (const auto& [name, entry] : header_.items()) {
      if (name != "__metadata__" && name.starts_with(prefix)) names.push_back(name);
    }
    return names;
  }

  std::vector<std::int64_t> shape(const std::string& name) const {
    return entry(name).at("shape").get<std::vector<std::int64_t>>();
  }

  // The JSON text that the fixtures keep in their one metadata entry.
  nlohmann::json about() const {
    return nlohmann::json::parse(header_.at("__metadata__").at("about").get<std::string>());
  }

  std::vector<float> floats(const std::string& name) const { return read<float>(name, "F32"); }
  std::vector<std::int32_t> integers(const std::string& name) const {
    return read<std::int32_t>(name, "I32");
  }
  // F32 or F64, for expected values.
  std::vector<double> numbers(const std::string& name) const {
    if (entry(name).at("dtype") == "F64") return read<double>(name, "F64");
    const std::vector<float> values = floats(name);
    return {values.begin(), values.end()};
  }

 private:
  const nlohmann::json& entry(const std::string& name) const {
    if (!contains(name)) throw std::runtime_error("no tensor " + name + " in " + path_.string());
    return header_.at(name);
  }

  template <typename T>
  std::vector<T> read(const std::string& name, const std::string& dtype) const {
    const nlohmann::json& found = entry(name);
    if (found.at("dtype") != dtype) {
      throw std::runtime_error(name + " in " + path_.string() + " is " +
                               found.at("dtype").get<std::string>() + ", not " + dtype);
    }
    const auto [begin, end] = found.at("data_offsets").get<std::pair<std::size_t, std::size_t>>();
    if (begin > end || end > bytes_.size() - data_) throw std::runtime_error(name + " is cut off");
    std::vector<T> values((end - begin) / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes_.data() + data_ + begin, values.size() * sizeof(T));
    return values;
  }

  std::filesystem::path path_;
  std::string bytes_;
  std::size_t data_ = 0;  // where the tensors begin
  nlohmann::json header_;
};

// Collects tensors, then writes them as one file.
class SafetensorsWriter {
 public:
  void add(const std::string& name, std::vector<std::int64_t> shape, std::span<const float> values) {
    append(name, "F32", std::move(shape), std::as_bytes(values));
  }
  void add(const std::string& name, std::span<const double> values) {
    append(name, "F64", {static_cast<std::int64_t>(values.size())}, std::as_bytes(values));
  }
  void add(const std::string& name, std::span<const std::int32_t> values) {
    append(name, "I32", {static_cast<std::int64_t>(values.size())}, std::as_bytes(values));
  }

  void write(const std::filesystem::path& path) const {
    std::string header = header_.dump();
    header.append((8 - header.size() % 8) % 8, ' ');  // tensors begin at a multiple of 8 bytes
    const std::uint64_t header_size = header.size();
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&header_size), sizeof header_size);
    file << header << data_;
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
  }

 private:
  void append(const std::string& name, const char* dtype, std::vector<std::int64_t> shape,
              std::span<const std::byte> bytes) {
    const std::size_t begin = data_.size();
    data_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    header_[name] = {{"dtype", dtype}, {"shape", std::move(shape)}, {"data_offsets", {begin, data_.size()}}};
  }

  nlohmann::json header_ = nlohmann::json::object();
  std::string data_;
};

}  // namespace bertune::testing
