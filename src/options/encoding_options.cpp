#include "options/encoding_options.h"

#include <CLI/CLI.hpp>

namespace bertune::options {

void EncodingOptions::add_to(CLI::App& command) {
  command.add_option("--max-length", max_length, "Truncate to N tokens, the longer text first")
      ->check(CLI::PositiveNumber);
  command.add_flag("--no-special-tokens", no_special_tokens,
                   "Leave out [CLS] and [SEP], or the tokenizer's equivalents");
  command.add_flag("--literal-special", literal_special,
                   "Read special tokens such as [SEP] in the input as plain text");
}

EncodeOptions EncodingOptions::values() const {
  EncodeOptions options;
  options.add_special_tokens = !no_special_tokens;
  options.split_special_tokens = literal_special;
  if (max_length > 0) {
    options.truncation = Truncation::longest_first;
    options.max_length = max_length;
  }
  return options;
}

}  // namespace bertune::options
