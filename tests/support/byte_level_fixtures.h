// Tokenizer folders of byte-level BPE, as tests/parity/byte_level_tokenizers.py writes them.
#pragma once

#include <sstream>
#include <string>

#include "core/file.h"
#include "core/json.h"
#include "core/utf8.h"
#include "support/temporary_directory.h"
#include "text/byte_level/byte_level.h"

namespace bertune::testing {

inline fs::path byte_level_fixture(const std::string& name) {
  return fs::path(BERTUNE_SOURCE_DIR) / "tests" / "parity" / "fixtures" / name;
}

// Whether a token has the character of one of these bytes.
inline bool holds_any(const std::string& token, const std::string& bytes) {
  for (const char byte : bytes) {
    std::string character;
    append_utf8(character, text::byte_character(static_cast<unsigned char>(byte)));
    if (token.find(character) != std::string::npos) return true;
  }
  return false;
}

// `spec` is a line of byte_level.jsonl: tokenizer_config.json as "config"; "json", if the tokenizer is stored
// as a whole; and "without", the bytes that the vocabulary is to lack.
inline void write_byte_level_folder(const TemporaryDirectory& folder, const Json& spec) {
  const std::string without = spec.value("without", "");
  Json vocabulary = Json::object(), merges = Json::array();
  const Json all = parse_json(read_file(byte_level_fixture("byte_level_vocab.json")), "vocab.json");
  for (const auto& [token, id] : all.items()) {
    if ((token.starts_with("<") && token.size() > 1) || !holds_any(token, without)) vocabulary[token] = id;
  }
  const std::string lines = read_file(byte_level_fixture("byte_level_merges.txt"));
  folder.write("tokenizer_config.json", spec["config"].dump());
  if (!spec.contains("json")) {
    folder.write("vocab.json", vocabulary.dump());
    folder.write("merges.txt", lines);
    return;
  }
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("#version") && !holds_any(line, without)) merges.push_back(line);
  }
  Json file = spec["json"];
  file["model"]["vocab"] = std::move(vocabulary);
  file["model"]["merges"] = std::move(merges);
  folder.write("tokenizer.json", file.dump());
}

}  // namespace bertune::testing
