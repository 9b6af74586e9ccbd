// Tagged sentences of a file that a test writes.
#pragma once

#include <string>
#include <string_view>

#include "data/helpers.h"
#include "data/tagged/tagged.h"

namespace bertune::data::testing {

// The name stands for the file in notes and places.
inline TaggedDataset read_tagged_text(const std::string& name, std::string_view contents,
                                      const TaggedReadOptions& options = {}) {
  const TemporaryDirectory directory;
  TaggedDataset dataset = read_tagged(directory.write(name, contents), options);
  dataset.path = name;
  return dataset;
}

}  // namespace bertune::data::testing
