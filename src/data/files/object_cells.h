// One JSON object to cells: a cell per key.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/files/records.h"

namespace bertune::data {

class ObjectCells {
 public:
  // Cells are views into this object until the next call. Throws Error "<where>: ...".
  void parse(std::string_view text, const std::string& where, Record& record);
  const std::vector<std::string>& keys() const { return keys_; }
  // Sets the keys that number the cells from now on; others are ignored.
  void set_keys(const std::vector<std::string>& keys);

 private:
  friend class ObjectHandler;
  // The number of a key, keys_.size() where it is none. Objects mostly have the same keys in the same order,
  // so that the one after `last` comes first.
  std::size_t place_of(const std::string& key, std::size_t last) const;
  void add_key(const std::string& key);

  std::vector<std::string> keys_;
  std::unordered_map<std::string, std::size_t> places_;  // of the keys
  std::vector<std::string> values_;                      // one per key
  std::vector<CellKind> kinds_;
  bool fixed_ = false;
};

}  // namespace bertune::data
