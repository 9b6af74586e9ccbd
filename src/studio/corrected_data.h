// The rows of a file of texts with the labels that a person has corrected, as CSV.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "data/files/records.h"
#include "data/files/text_file.h"

namespace bertune::studio {

class CorrectedData {
 public:
  // `file`: relative to the project, as in the places of `corrections` (corrections_of()). Throws Refusal
  // (422) for files whose labels are no column of a table, and Error as a reader of them does.
  CorrectedData(const std::filesystem::path& project, const std::string& file, const OrderedJson& settings,
                const OrderedJson& corrections);

  // The next part, "" at the end. All columns are as they were, with a header where the file has one or
  // names its columns in each row, and rows to leave out are missing.
  std::string next();

 private:
  std::string line_of(const data::Record& record, const std::string& label) const;

  std::string file_;
  OrderedJson corrections_;
  data::TextFile text_;
  std::string_view rest_;
  std::unique_ptr<data::RecordParser> parser_;
  std::vector<std::string> names_;
  std::size_t label_ = 0;
  bool has_begun_ = false;  // the names of the columns were given
};

}  // namespace bertune::studio
