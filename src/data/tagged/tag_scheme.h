// Tags of words and the entities that they spell: IOB1, IOB2, BIOES and BILOU, as seqeval reads them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::data {

// `none`: the tags name no entities (parts of speech). IOB1 begins an entity with B- only where one of the
// same type ends just before. IO has types alone, without letters: neighbors of one type are one entity.
enum class TagScheme { none, iob1, iob2, bioes, bilou, io };

std::string_view to_string(TagScheme scheme);

// Words first_word .. end_word of a sentence.
struct Entity {
  std::string_view type;  // part of a tag; "_" of tags that are a bare letter
  std::int32_t first_word = 0, end_word = 0;
  bool operator==(const Entity&) const = default;
};

// Detects the scheme by the letters before the dashes. Of B, I and O it is iob2: only sentences tell it from
// IOB1, and IO from none.
TagScheme scheme_of_tags(const std::vector<std::string>& tags);

// IobUse counts how the tags B-, I- and O of many sentences, given one by one, are used.
class IobUse {
 public:
  // Returns the first word whose I- continues nothing, or the number of words.
  std::size_t add(std::span<const std::string_view> tags);
  // Many more entities begin with I- than with a B- that IOB1 does not want.
  bool is_iob1() const { return begun_inside_ > 3 * needless(); }
  // B- tags where IOB1 wants none: nothing of their type ends just before.
  std::int64_t needless() const { return begun_ - between_; }
  // I- tags that continue no entity of their type: they begin one.
  std::int64_t begun_inside() const { return begun_inside_; }

 private:
  std::int64_t begun_inside_ = 0, begun_ = 0,
               between_ = 0;  // between_: of begun_, right after their own type
};

// lenient: what conlleval and seqeval without a mode do: a tag that cannot continue an entity begins one.
// BILOU, which these do not know, is read as BIOES. strict: seqeval's mode='strict' with the scheme: an
// entity that does not begin and end by the book is none (IOB1 and IO have no such book: as lenient).
enum class EntityReading { lenient, strict };

// Returns the entities in the order of words. Empty for `none`.
std::vector<Entity> entities(std::span<const std::string_view> tags, TagScheme scheme,
                             EntityReading reading = EntityReading::lenient);

// The tag of a word that continues what `tag` begins: I-X of B-X; empty when `tag` is no B-.
std::string inside_tag(std::string_view tag);

}  // namespace bertune::data
