#include "data/documents/tokenized_documents.h"

#include <gmock/gmock.h>

#include <numeric>

#include "core/parallel.h"
#include "core/random.h"
#include "data/helpers.h"

namespace bertune::data {
namespace {

using ::testing::ElementsAre;
using testing::has_note;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryDirectory;
using Ids = std::vector<std::int32_t>;

BertTokenizer tokenizer() {
  const TemporaryDirectory folder;
  return BertTokenizer::from_vocabulary(
      folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\n[\n]\nsep\na\nb\nc\n##b\n##c\n"), {});
}

Ids sentence(const TokenizedDocuments& documents, std::int64_t index) {
  Ids ids(static_cast<std::size_t>(documents.sentence_size(index)));
  documents.copy(documents.sentence_begin(index), ids);
  return ids;
}

TokenizedDocuments tokenize(std::string_view text, std::int64_t max_sentence_tokens = 512,
                            const std::string& name = "a.txt") {
  const TemporaryDirectory directory;
  return tokenize_documents({directory.write(name, text)}, tokenizer(), {}, max_sentence_tokens);
}

TEST(TokenizedDocuments, DocumentsSentencesTokens) {
  const TokenizedDocuments documents = tokenize("abc a.\nb.\n\nc [SEP] a.\nc.\n");
  ASSERT_EQ(documents.size(), 2);
  EXPECT_EQ(documents.sentences(), 4);
  EXPECT_EQ(documents.tokens(), 5 + 2 + 6 + 2);
  EXPECT_EQ(documents.document_begin(1), 2);
  EXPECT_EQ(documents.document_begin(2), 4);
  EXPECT_THAT(sentence(documents, 0), ElementsAre(9, 12, 13, 9, 5));
}

TEST(TokenizedDocuments, LongSentencesAreCut) {
  const TokenizedDocuments documents = tokenize("a b c a b c a b.\na.\n\nb.\nc.\n", 4);
  EXPECT_EQ(documents.document_begin(1), 4);
  EXPECT_THAT(sentence(documents, 0), ElementsAre(9, 10, 11, 9));
  EXPECT_THAT(sentence(documents, 2), ElementsAre(5));
}

// A line of megabytes without a blank, or with blanks alone to cut at, loses nothing.
TEST(TokenizedDocuments, EndlessLines) {
  std::string spaced;
  for (int i = 0; i < 300000; ++i) spaced += "a b ";
  EXPECT_EQ(tokenize(spaced + "\n" + spaced, 100).tokens(), 1200000);
  std::string wide;
  for (int i = 0; i < 100000; ++i) wide += "中";
  EXPECT_EQ(tokenize(wide, 100).tokens(), 100000);                 // each is [UNK]
  EXPECT_EQ(tokenize(std::string(100000, 'a'), 100).tokens(), 4);  // a word beyond 100 letters is [UNK]
  EXPECT_EQ(tokenize(std::string(100000, '\x80') + "a", 100).tokens(), 1);
}

TEST(TokenizedDocuments, OddDocumentsAreCounted) {
  const TokenizedDocuments documents =
      tokenize("{\"text\": \"\"}\n{\"text\": \"\\u0001\"}\n{\"text\": \"a\xFF. B.\"}\n", 512, "a.jsonl");
  EXPECT_EQ(documents.size(), 1);
  EXPECT_EQ(documents.sentences(), 2);
  EXPECT_TRUE(has_note(documents.notes, "2 empty documents"));
  EXPECT_TRUE(has_note(documents.notes, "not UTF-8"));
  const TokenizedDocuments text = tokenize("a\xFF\xC3.\nB.\n\nc.\nc.\n");
  EXPECT_TRUE(has_note(text.notes, "2 sequences of bytes that are not UTF-8"));
  EXPECT_THAT(message_of([] { tokenize("\x01\n"); }), HasSubstr("a.txt"));
  EXPECT_THAT(message_of([] { tokenize_documents({}, tokenizer()); }), HasSubstr("no file"));
}

TEST(TokenizedDocuments, SameForAnyNumberOfThreads) {
  std::string text;
  Random random(5, 5);
  for (int i = 0; i < 20000; ++i)
    text += random.below(5) == 0 ? "\n" : random.below(2) == 0 ? "a b c.\n" : "bb ca.\n";
  set_num_threads(1);
  const std::uint64_t one = tokenize(text).fingerprint();
  set_num_threads(3);
  EXPECT_EQ(tokenize(text).fingerprint(), one);
  set_num_threads(0);
  EXPECT_NE(tokenize(text + "a\n").fingerprint(), one);
  EXPECT_NE(tokenize(text, 2).fingerprint(), one);
}

// Both widths, over the borders of blocks, against a plain vector.
TEST(TokenizedDocuments, StoresWideAndNarrowIds) {
  for (const std::int64_t limit : {std::int64_t{1} << 16, (std::int64_t{1} << 16) + 1}) {
    TokenizedDocuments documents(limit);
    Random random(7, 7);
    Ids all;
    std::vector<std::int64_t> begins;
    while (all.size() < 2500000) {
      Ids ids(1 + random.below(9000));
      for (std::int32_t& id : ids)
        id = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(limit)));
      begins.push_back(static_cast<std::int64_t>(all.size()));
      all.insert(all.end(), ids.begin(), ids.end());
      documents.add_sentence(ids);
      documents.add_sentence({});
    }
    EXPECT_TRUE(documents.end_document());
    EXPECT_FALSE(documents.end_document());
    EXPECT_EQ(documents.size(), 1);
    ASSERT_EQ(documents.sentences(), static_cast<std::int64_t>(begins.size()));
    for (std::size_t s = 0; s < begins.size(); ++s)
      ASSERT_EQ(documents.sentence_begin(static_cast<std::int64_t>(s)), begins[s]);
    Ids copied(all.size());
    documents.copy(0, copied);
    EXPECT_EQ(copied, all);
    EXPECT_LE(documents.memory_bytes(),
              documents.tokens() * (limit > 65536 ? 4 : 2) + 50 * documents.sentences());
  }
}

}  // namespace
}  // namespace bertune::data
