// Small guards shared by every reader of downloaded files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/json.h"

namespace bertune::checkpoint {

// `text` with control characters escaped and malformed UTF-8 replaced, cut to a length that fits a line.
std::string printable(std::string_view text);
// The same in double quotes.
std::string in_quotes(std::string_view text);

struct JsonLimits {
  int depth = 64;  // of nested arrays and objects
  std::size_t values = 4'000'000;
  bool duplicate_names = false;  // whether an object may name a key twice (the last one counts, as in Python)
};

// A JSON object, parsed under limits that keep hostile text from exhausting stack or memory. Throws Error
// "<where>: ..." when the text is not valid JSON, is no object, or goes beyond the limits.
Json parse_json_object(std::string_view text, const std::string& where, const JsonLimits& limits = {});

// a * b, or nothing when it does not fit.
std::optional<std::uint64_t> checked_multiply(std::uint64_t a, std::uint64_t b);
std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b);
// The number of elements of a shape; nothing when a size is negative or the product does not fit 63 bits.
std::optional<std::uint64_t> element_count(std::span<const std::int64_t> shape);

// "[2, 3]", as Python prints a shape.
std::string shape_text(std::span<const std::int64_t> shape);

// Throws Error when a file is none of a model's (core/foreign_file.h).
void require_own_file(std::span<const std::byte> bytes, const std::string& where);

// Returns what to do about the damaged file `where`: training wrote it if Bertune's own files are beside it,
// and it was fetched otherwise.
std::string repair_hint(const std::string& where);

// The advice for folders that hold a model in a form that cannot be fine-tuned as it is.
inline constexpr std::string_view kMergeAdapter =
    "It holds a LoRA adapter only (adapter_config.json); `convert(merge)` makes a model of it and its "
    "base";
inline constexpr std::string_view kConvertGoogle =
    "It holds Google's checkpoint (bert_config.json, bert_model.ckpt); convert it once, in Python, with "
    "Transformers 4 "
    "and TensorFlow installed: BertForPreTraining.from_pretrained(\"bert_model.ckpt.index\", from_tf=True, "
    "config=BertConfig.from_json_file(\"bert_config.json\")).save_pretrained(folder)";

}  // namespace bertune::checkpoint
