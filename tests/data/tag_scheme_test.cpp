#include "data/tagged/tag_scheme.h"

#include <gmock/gmock.h>

namespace bertune::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Tags = std::vector<std::string_view>;

constexpr auto kStrict = EntityReading::strict;

TEST(TagScheme, IsKnownByItsLetters) {
  EXPECT_EQ(scheme_of_tags({"B-LOC", "I-LOC", "O"}), TagScheme::iob2);
  EXPECT_EQ(scheme_of_tags({"B-LOC", "O"}), TagScheme::iob2);
  EXPECT_EQ(scheme_of_tags({"I-LOC", "O"}), TagScheme::iob2);
  EXPECT_EQ(scheme_of_tags({"B", "I", "O"}), TagScheme::iob2);
  EXPECT_EQ(scheme_of_tags({"B-LOC", "E-LOC", "O", "S-LOC"}), TagScheme::bioes);
  EXPECT_EQ(scheme_of_tags({"B-LOC", "L-LOC", "O", "U-LOC"}), TagScheme::bilou);
  EXPECT_EQ(scheme_of_tags({"B-LOC", "M-LOC", "E-LOC", "O", "S-LOC"}), TagScheme::bioes) << "BMES";
}

TEST(TagScheme, IsNoneForPartsOfSpeechAndMixtures) {
  EXPECT_EQ(scheme_of_tags({"ADJ", "NOUN"}), TagScheme::none);
  EXPECT_EQ(scheme_of_tags({"B-LOC", "LOC", "O"}), TagScheme::none);
  EXPECT_EQ(scheme_of_tags({"B-LOC", "E-LOC", "L-LOC"}), TagScheme::none);
  EXPECT_EQ(scheme_of_tags({"B", "I"}), TagScheme::none);
  EXPECT_EQ(scheme_of_tags({"O"}), TagScheme::none);
  EXPECT_EQ(scheme_of_tags({"O", "O-LOC"}), TagScheme::none);
  EXPECT_EQ(scheme_of_tags({"0", "1"}), TagScheme::none);
  EXPECT_EQ(scheme_of_tags({"", "O"}), TagScheme::none);
  EXPECT_EQ(scheme_of_tags({}), TagScheme::none);
}

// The expectations are those of seqeval 1.2.2.
TEST(Entities, AreReadLeniently) {
  const auto read = [](const Tags& tags) { return entities(tags, TagScheme::iob2); };
  EXPECT_THAT(read({"B-PER", "I-PER", "O", "B-LOC"}), ElementsAre(Entity{"PER", 0, 2}, Entity{"LOC", 3, 4}));
  EXPECT_THAT(read({"I-PER", "I-PER", "O"}), ElementsAre(Entity{"PER", 0, 2}));
  EXPECT_THAT(read({"B-PER", "I-LOC", "I-LOC"}), ElementsAre(Entity{"PER", 0, 1}, Entity{"LOC", 1, 3}));
  EXPECT_THAT(read({"B-PER", "B-PER", "I-PER"}), ElementsAre(Entity{"PER", 0, 1}, Entity{"PER", 1, 3}));
  EXPECT_THAT(read({"B", "I", "O", "B-"}), ElementsAre(Entity{"_", 0, 2}, Entity{"_", 3, 4}));
  EXPECT_THAT(read({"B-creative-work", "I-creative-work"}), ElementsAre(Entity{"creative-work", 0, 2}));
  EXPECT_THAT(read({"O", "O"}), IsEmpty());
  EXPECT_THAT(read({}), IsEmpty());
}

TEST(Entities, OfBioesAndBilou) {
  const Tags bioes = {"B-A", "I-A", "E-A", "S-A", "S-A", "E-A", "I-A", "O", "E-A"};
  EXPECT_THAT(entities(bioes, TagScheme::bioes),
              ElementsAre(Entity{"A", 0, 3}, Entity{"A", 3, 4}, Entity{"A", 4, 5}, Entity{"A", 5, 6},
                          Entity{"A", 6, 7}, Entity{"A", 8, 9}));
  EXPECT_THAT(entities(bioes, TagScheme::bioes, kStrict),
              ElementsAre(Entity{"A", 0, 3}, Entity{"A", 3, 4}, Entity{"A", 4, 5}));
  const Tags bilou = {"U-A", "U-A", "B-A", "L-A", "B-A", "I-A", "O"};
  EXPECT_THAT(entities(bilou, TagScheme::bilou),
              ElementsAre(Entity{"A", 0, 1}, Entity{"A", 1, 2}, Entity{"A", 2, 4}, Entity{"A", 4, 6}));
  EXPECT_THAT(entities(bilou, TagScheme::bilou, kStrict),
              ElementsAre(Entity{"A", 0, 1}, Entity{"A", 1, 2}, Entity{"A", 2, 4}));
}

TEST(Entities, ReadStrictlyBeginWithB) {
  EXPECT_THAT(entities(Tags{"I-A", "B-A", "I-B", "B-A", "I-A"}, TagScheme::iob2, kStrict),
              ElementsAre(Entity{"A", 1, 2}, Entity{"A", 3, 5}));
  EXPECT_THAT(entities(Tags{"I-A", "O"}, TagScheme::iob1, kStrict), ElementsAre(Entity{"A", 0, 1}));
}

TEST(Entities, OfPartsOfSpeechAreNone) {
  EXPECT_THAT(entities(Tags{"NOUN", "B-A"}, TagScheme::none), IsEmpty());
}

TEST(IobUse, TellsIob1FromMistakes) {
  IobUse iob1;
  EXPECT_EQ(iob1.add(Tags{"O", "I-A", "B-A", "I-B"}), 1U);
  EXPECT_EQ(iob1.begun_inside(), 2);
  EXPECT_TRUE(iob1.is_iob1());
  IobUse mistake;
  EXPECT_EQ(mistake.add(Tags{"B-A", "I-A", "O"}), 3U);
  EXPECT_FALSE(mistake.is_iob1());
  EXPECT_EQ(mistake.add(Tags{"B-A", "I-B"}), 1U);
  EXPECT_FALSE(mistake.is_iob1());
  EXPECT_EQ(mistake.begun_inside(), 1);
  IobUse without_b;
  without_b.add(Tags{"I-A", "I-A", "O"});
  EXPECT_TRUE(without_b.is_iob1());
}

TEST(InsideTag, IsThatOfB) {
  EXPECT_EQ(inside_tag("B-LOC"), "I-LOC");
  EXPECT_EQ(inside_tag("I-LOC"), "");
  EXPECT_EQ(inside_tag("O"), "");
  EXPECT_EQ(inside_tag("B"), "");
}

}  // namespace
}  // namespace bertune::data
