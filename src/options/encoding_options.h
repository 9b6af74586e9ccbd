// The options of a tokenizer that encodes texts.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>

#include "bertune/tokenizer.h"

namespace bertune::options {

struct EncodingOptions {
  std::int64_t max_length = 0;  // 0: nothing is cut
  bool no_special_tokens = false, literal_special = false;

  // Declares all of them on `command`. The object must outlive it.
  void add_to(CLI::App& command);
  EncodeOptions values() const;
};

}  // namespace bertune::options
