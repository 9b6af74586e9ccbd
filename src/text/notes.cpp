// Notes on a tokenizer's files, for a person.
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>

#include "core/utf8.h"
#include "text/tokenizer_spec.h"
#include "text/unicode/unicode.h"

namespace bertune::text {
namespace {

bool has_capitals(std::string_view token) {
  if (token.starts_with('[') && token.ends_with(']')) return false;  // [CLS], [unused1]
  for (std::size_t position = 0; position < token.size();) {
    const CodePoint character = decode_utf8(token, position);
    if ((Unicode::instance().properties(character.value) & kLowers) != 0) return true;
    position += character.bytes;
  }
  return false;
}

}  // namespace

std::string note_on_case(const TokenizerSpec& spec, const Vocabulary& vocabulary) {
  constexpr std::size_t kOneOf = 100;  // a few capitals are in uncased vocabularies too
  if (spec.byte_level || spec.says_case || !spec.config.do_lower_case) return {};
  std::size_t capitals = 0;
  for (std::int32_t id = 0; id < vocabulary.id_limit(); ++id)
    capitals += vocabulary.contains(id) && has_capitals(vocabulary.token(id)) ? 1 : 0;
  if (capitals * kOneOf < vocabulary.size()) return {};
  const std::filesystem::path config =
      std::filesystem::path(spec.source).parent_path() / "tokenizer_config.json";
  return fmt::format(
      "{}: {} of its {} tokens have capital letters, which no text can match: texts are lower-cased, for no "
      "file says otherwise. If the model is a cased one, put {{\"do_lower_case\": false}} into {}",
      spec.source, capitals, vocabulary.size(), config.string());
}

}  // namespace bertune::text
