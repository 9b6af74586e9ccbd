#include "tasks/sentence_embedding/prediction.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <utility>

#include "core/json.h"
#include "core/utf8.h"

namespace bertune::tasks {
namespace {

std::string valid_text(std::string_view text) {
  std::uint64_t replaced = 0;
  return replace_invalid_utf8(text, replaced);
}

std::string in_json(std::string_view text) {
  return Json(valid_text(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void append_numbers(std::span<const float> numbers, std::string& line) {
  char separator = '[';
  for (const float number : numbers) {
    line += std::exchange(separator, ',');
    if (std::isfinite(number)) {
      fmt::format_to(std::back_inserter(line), "{}", number);
    } else {
      line += "null";  // as JSON has no word for it
    }
  }
  line += ']';
}

std::string csv_field(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : valid_text(text)) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

}  // namespace

std::string embedding_line(const data::Row& row, std::span<const float> embedding,
                           std::span<const float> pair_embedding) {
  std::string line = fmt::format("{{\"text\":{}", in_json(row.text));
  if (!pair_embedding.empty()) line += fmt::format(",\"text_pair\":{}", in_json(row.text_pair));
  line += ",\"embedding\":";
  append_numbers(embedding, line);
  if (!pair_embedding.empty()) {
    line += ",\"embedding_pair\":";
    append_numbers(pair_embedding, line);
  }
  return line + "}\n";
}

std::string similarity_line(const data::Row& row, double similarity, bool csv) {
  if (csv) return fmt::format("{},{},{}\n", csv_field(row.text), csv_field(row.text_pair), similarity);
  const Json score = similarity;
  return fmt::format("{{\"text\":{},\"text_pair\":{},\"score\":{}}}\n", in_json(row.text),
                     in_json(row.text_pair), score.dump());
}

std::string npy_header(std::int64_t rows, std::int64_t columns) {
  constexpr std::size_t kMagic = 10, kLength = 128;  // a multiple of 64; 40 digits of the shape fit
  std::string text =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  text.resize(kLength - kMagic - 1, ' ');
  text += '\n';
  std::string header = "\x93NUMPY";
  header += {'\x01', '\x00', static_cast<char>(text.size()), '\x00'};
  return header + text;
}

}  // namespace bertune::tasks
