// Reads config.json key by key, each with the values that it may have.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace bertune::checkpoint {

// A key that is absent, null, or no key of the family (nullptr) leaves the target as it is. What cannot be is
// an Error that names the key and what is expected.
class ConfigReader {
 public:
  ConfigReader(const Json& json, const std::string& where) : json_(json), where_(where) {}

  const Json* find(const char* key) const;  // nullptr when the key is absent or null
  bool is_null(const char* key) const;
  [[noreturn]] void fail(const char* key, const Json& value, std::string_view expected) const;

  void read(const char* key, std::int64_t& target, std::int64_t least, std::int64_t most) const;
  void read_probability(const char* key, float& target) const;
  void read_nonnegative(const char* key, float& target) const;
  void read_flag(const char* key, bool& target) const;
  std::optional<std::string> read_choice(const char* key, std::span<const std::string_view> choices) const;
  void refuse_true(const char* key, std::string_view reason) const;

 private:
  const Json& json_;
  const std::string& where_;
};

// The labels' names in the order of their ids; without id2label "LABEL_0", ... as many as num_labels says, or
// two.
std::vector<std::string> read_labels(const ConfigReader& reader, const std::string& where);

}  // namespace bertune::checkpoint
