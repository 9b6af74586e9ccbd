#include "data/tagged/tag_scheme.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/names.h"

namespace bertune::data {
namespace {

struct Tag {
  // B, I, E, S or O: the last and the single word of BILOU are E and S here, and M of BMES is I.
  char letter = 'O';
  std::string_view type = "_";
};

bool is_tag(std::string_view tag, std::string_view letters) {
  if (tag == "O") return true;
  return !tag.empty() && tag[0] != 'O' && letters.find(tag[0]) != std::string_view::npos &&
         (tag.size() == 1 || tag[1] == '-');
}

Tag parse(std::string_view text, TagScheme scheme) {
  if (text.empty() || text == "O") return {};
  if (scheme == TagScheme::io) return {'I', text};
  Tag tag{text[0], text.size() > 2 ? text.substr(2) : std::string_view("_")};
  if (scheme == TagScheme::bilou && tag.letter == 'L') tag.letter = 'E';
  if (scheme == TagScheme::bilou && tag.letter == 'U') tag.letter = 'S';
  if (scheme == TagScheme::bioes && tag.letter == 'M') tag.letter = 'I';
  return tag;
}

// Returns whether two tags of entities belong to different ones, as conlleval sees it.
bool is_border(const Tag& left, const Tag& right) {
  return left.letter == 'E' || left.letter == 'S' || right.letter == 'B' || right.letter == 'S' ||
         left.type != right.type;
}

std::vector<Entity> read_lenient(std::span<const std::string_view> tags, TagScheme scheme) {
  std::vector<Entity> found;
  Tag before;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const Tag tag = parse(tags[i], scheme);
    const auto word = static_cast<std::int32_t>(i);
    if (tag.letter != 'O') {
      const bool begins = before.letter == 'O' || is_border(before, tag);
      if (begins) found.push_back({tag.type, word, word});
      found.back().end_word = word + 1;
    }
    before = tag;
  }
  return found;
}

std::vector<Entity> read_strict(std::span<const std::string_view> tags, TagScheme scheme) {
  std::vector<Entity> found;
  for (std::size_t begin = 0, end = 0; begin < tags.size(); begin = end) {
    const Tag first = parse(tags[begin], scheme);
    end = begin + 1;
    if (first.letter != 'B' && first.letter != 'S') continue;
    Tag last = first;
    while (end < tags.size() && (last.letter == 'B' || last.letter == 'I')) {
      const Tag tag = parse(tags[end], scheme);
      if ((tag.letter != 'I' && tag.letter != 'E') || tag.type != first.type) break;
      last = tag;
      ++end;
    }
    if (scheme == TagScheme::iob2 || last.letter == 'E' || last.letter == 'S') {
      found.push_back({first.type, static_cast<std::int32_t>(begin), static_cast<std::int32_t>(end)});
    }
  }
  return found;
}

constexpr Names kSchemes(std::to_array<Named<TagScheme>>({{TagScheme::none, "no entity scheme"},
                                                          {TagScheme::iob1, "IOB1"},
                                                          {TagScheme::iob2, "IOB2"},
                                                          {TagScheme::bioes, "BIOES"},
                                                          {TagScheme::bilou, "BILOU"},
                                                          {TagScheme::io, "IO"}}));

}  // namespace

std::string_view to_string(TagScheme scheme) { return kSchemes.of(scheme); }

TagScheme scheme_of_tags(const std::vector<std::string>& tags) {
  const auto all = [&](std::string_view letters) {
    return std::ranges::all_of(tags, [&](const std::string& tag) { return is_tag(tag, letters); });
  };
  // One-letter tags alone, without "O", may as well be parts of speech.
  const bool of_entities = std::ranges::any_of(tags, [](const std::string& tag) { return tag.size() > 2; }) ||
                           (tags.size() > 1 && std::ranges::find(tags, "O") != tags.end());
  if (!of_entities) return TagScheme::none;
  if (all("BI")) return TagScheme::iob2;
  if (all("BIES") || all("BMES")) return TagScheme::bioes;
  if (all("BILU")) return TagScheme::bilou;
  return TagScheme::none;
}

std::size_t IobUse::add(std::span<const std::string_view> tags) {
  std::size_t first = tags.size();
  Tag before;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const Tag tag = parse(tags[i], TagScheme::iob2);
    const bool same = before.letter != 'O' && before.type == tag.type;
    if (tag.letter == 'B') ++begun_;
    if (tag.letter == 'B' && same) ++between_;
    if (tag.letter == 'I' && !same) {
      ++begun_inside_;
      first = std::min(first, i);
    }
    before = tag;
  }
  return first;
}

std::vector<Entity> entities(std::span<const std::string_view> tags, TagScheme scheme,
                             EntityReading reading) {
  if (scheme == TagScheme::none) return {};
  const bool has_book = scheme != TagScheme::iob1 && scheme != TagScheme::io;
  if (reading == EntityReading::strict && has_book) return read_strict(tags, scheme);
  return read_lenient(tags, scheme);
}

std::string inside_tag(std::string_view tag) {
  return tag.starts_with("B-") ? fmt::format("I-{}", tag.substr(2)) : std::string();
}

}  // namespace bertune::data
