// One JSON object to cells: a cell a key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/files/records.h"

namespace bertune::data {

class ObjectCells {
 public:
  // Cells are views into this object until the next call. Throws Error "<where>: ...".
  void parse(std::string_view text, const std::string& where, Record& record);
  const std::vector<std::string>& keys() const { return keys_; }
  // From now on these keys number the cells, and others are ignored.
  void set_keys(const std::vector<std::string>& keys);

 private:
  friend class ObjectHandler;
  std::vector<std::string> keys_;
  std::vector<std::string> values_;  // one a key
  std::vector<CellKind> kinds_;
  bool fixed_ = false;
};

}  // namespace bertune::data
