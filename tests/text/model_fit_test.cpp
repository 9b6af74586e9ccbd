// A tokenizer beside the model that it is for: what does not fit, and what is to be said of its files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "bertune/tokenizer.h"
#include "support/temporary_directory.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kTokens = 8;
const std::string kVocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nplay\n##ing\nthe\n";

using Files = std::vector<std::pair<std::string, std::string>>;

BertTokenizer tokenizer_of(const Files& files) {
  const testing::TemporaryDirectory folder;
  for (const auto& [name, contents] : files) folder.write(name, contents);
  return BertTokenizer::from_pretrained(folder.path());
}

template <typename Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ModelFit, AByteOrderMarkIsNoPartOfTheFirstToken) {
  BertTokenizer bert = tokenizer_of({{"vocab.txt", "\xef\xbb\xbf" + kVocabulary}});
  EXPECT_EQ(bert.pad_token_id(), 0);
  EXPECT_EQ(bert.vocab_size(), kTokens);
  EXPECT_THAT(bert.encode("the playing").input_ids, ElementsAre(2, 7, 5, 6, 3));
  bert.fit_to(kTokens, 2);
}

// It has an id, as in Transformers, that no text comes to.
TEST(ModelFit, ABlankLastLineNeedsNoEmbedding) {
  for (const char* blank : {"\n", "\r\n", " \n", "\n\n"}) {
    BertTokenizer bert = tokenizer_of({{"vocab.txt", kVocabulary + blank}});
    EXPECT_GT(bert.vocab_size(), kTokens);
    bert.fit_to(kTokens, 2);
    EXPECT_THAT(bert.encode("the playing").input_ids, ElementsAre(2, 7, 5, 6, 3));
    EXPECT_THAT(bert.notes(), IsEmpty());
  }
}

TEST(ModelFit, AnAddedTokenBeyondIsRefusedWhereATextHoldsIt) {
  BertTokenizer bert =
      tokenizer_of({{"vocab.txt", kVocabulary}, {"added_tokens.json", R"({"[E1]": 8, "[E2]": 9})"}});
  EXPECT_TRUE(bert.fits(9));
  bert.fit_to(9, 2);
  EXPECT_TRUE(bert.fits(8));
  EXPECT_FALSE(bert.fits(9));
  ASSERT_EQ(bert.notes().size(), 1U);
  EXPECT_THAT(bert.notes()[0],
              AllOf(HasSubstr("1 added token has"), HasSubstr("\"[E2]\""), HasSubstr("vocab_size is 9")));
  EXPECT_THAT(bert.encode("the [E1]").input_ids, ElementsAre(2, 7, 8, 3));
  EXPECT_THAT(error_of([&] { bert.encode("the [E2]"); }),
              AllOf(HasSubstr("the text \"the "), HasSubstr("token \"[E2]\""), HasSubstr("id is 9")));
  PackedEncodings rows;
  EXPECT_THAT(error_of([&] {
                bert.encode_packed({"the", "the [E2]"}, {}, {}, rows);
              }),
              HasSubstr("\"[E2]\""));
}

TEST(ModelFit, RefusesAVocabularyOfAnotherModel) {
  BertTokenizer bert = tokenizer_of({{"vocab.txt", kVocabulary}});
  EXPECT_THAT(error_of([&] { bert.fit_to(kTokens - 1, 2); }),
              AllOf(HasSubstr("vocab.txt"), HasSubstr("8 tokens"), HasSubstr("embeds 7")));
  // [CLS] and [SEP] stand in every row.
  BertTokenizer added = tokenizer_of(
      {{"vocab.txt", "[PAD]\n[UNK]\nthe\n"}, {"added_tokens.json", R"({"[CLS]": 3, "[SEP]": 4})"}});
  EXPECT_THAT(error_of([&] { added.fit_to(4, 2); }), HasSubstr("another model"));
}

TEST(ModelFit, RefusesPairsForAModelOfOneTokenType) {
  BertTokenizer bert = tokenizer_of({{"vocab.txt", kVocabulary}});
  bert.fit_to(kTokens, 1);
  EXPECT_THAT(bert.encode("the").input_ids, ElementsAre(2, 7, 3));
  const auto refused = AllOf(HasSubstr("type_vocab_size"), HasSubstr("single texts"));
  EXPECT_THAT(error_of([&] { bert.encode("the", "the"); }), refused);
  PackedEncodings rows;
  EXPECT_THAT(error_of([&] { bert.encode_packed({"the"}, {"the"}, {}, rows); }), refused);
  EXPECT_THAT(error_of([&] { bert.second_token_type(); }), refused);
  bert.fit_to(kTokens, 0);  // DistilBERT tells no texts apart, and takes two all the same
  EXPECT_EQ(bert.encode("the", "the").input_ids.size(), 5U);
}

TEST(ModelFit, SaysWhenACasedVocabularyIsLowerCased) {
  const std::string cased = kVocabulary + "The\nPlay\nÉcole\n";
  const auto notes = [](const Files& files) { return tokenizer_of(files).notes(); };
  const std::vector<std::string> found = notes({{"vocab.txt", cased}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0], AllOf(HasSubstr("3 of its 11 tokens"), HasSubstr("\"do_lower_case\": false"),
                              HasSubstr("tokenizer_config.json")));
  EXPECT_EQ(notes({{"vocab.txt", cased}, {"tokenizer_config.json", "{}"}}).size(), 1U);
  // Where a file says it, that is what is wanted.
  for (const char* said : {R"({"do_lower_case": true})", R"({"do_lower_case": false})"})
    EXPECT_THAT(notes({{"vocab.txt", cased}, {"tokenizer_config.json", said}}), IsEmpty());
  EXPECT_THAT(notes({{"vocab.txt", kVocabulary}}), IsEmpty());
  std::string rare = kVocabulary + "The\n";
  for (int i = 0; i < 100; ++i) rare += "word" + std::to_string(i) + "\n";
  EXPECT_THAT(notes({{"vocab.txt", rare}}), IsEmpty());
}

TEST(ModelFit, NamesAPointerInThePlaceOfAFile) {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 110\n";
  for (const char* name : {"vocab.txt", "tokenizer.json"}) {
    const std::string message = error_of([&] { tokenizer_of({{name, pointer}}); });
    EXPECT_THAT(message, AllOf(HasSubstr(name), HasSubstr("git lfs pull")));
    EXPECT_THAT(message, ::testing::Not(HasSubstr("json.exception")));
  }
}

}  // namespace
}  // namespace bertune
