// A corpus in files: as the same one in memory, and refused where it is not whole.
#include <gmock/gmock.h>

#include "core/random.h"
#include "data/documents/tokenized_documents.h"
#include "data/helpers.h"

namespace bertune::data {
namespace {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryDirectory;
using Ids = std::vector<std::int32_t>;

void fill(TokenizedDocuments& documents, std::int64_t limit) {
  Random random(3, 3);
  for (int document = 0; document < 3000; ++document) {
    for (std::uint64_t sentence = random.below(5); sentence < 5; ++sentence) {
      Ids ids(random.below(300));
      for (std::int32_t& id : ids)
        id = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(limit)));
      documents.add_sentence(ids);
    }
    documents.end_document();
  }
  documents.notes = {"a note"};
  documents.finish();
}

void expect_equal(const TokenizedDocuments& left, const TokenizedDocuments& right) {
  ASSERT_EQ(left.size(), right.size());
  ASSERT_EQ(left.sentences(), right.sentences());
  ASSERT_EQ(left.tokens(), right.tokens());
  EXPECT_EQ(left.fingerprint(), right.fingerprint());
  EXPECT_EQ(left.notes, right.notes);
  for (std::int64_t d = 0; d <= left.size(); ++d) ASSERT_EQ(left.document_begin(d), right.document_begin(d));
  for (std::int64_t s = 0; s < left.sentences(); ++s) {
    ASSERT_EQ(left.sentence_begin(s), right.sentence_begin(s));
    ASSERT_EQ(left.sentence_size(s), right.sentence_size(s));
  }
  Ids one(static_cast<std::size_t>(left.tokens())), other(one.size());
  left.copy(0, one), right.copy(0, other);
  EXPECT_EQ(one, other);
}

TEST(CorpusFiles, HoldWhatMemoryHolds) {
  for (const std::int64_t limit : {std::int64_t{30000}, std::int64_t{1} << 17}) {
    const TemporaryDirectory directory;
    TokenizedDocuments memory(limit, 128), files(limit, 128, directory.path());
    fill(memory, limit), fill(files, limit);
    expect_equal(memory, files);
    EXPECT_TRUE(memory.folder().empty());
    EXPECT_LT(files.memory_bytes(), 8 << 20);
    files.release_pages();
    expect_equal(memory, TokenizedDocuments::open(directory.path()));
  }
}

TEST(CorpusFiles, AreRefusedUnlessWhole) {
  const auto message = [](const char* file, std::uintmax_t size) {
    const TemporaryDirectory directory;
    TokenizedDocuments documents(100, 128, directory.path());
    fill(documents, 100);
    std::filesystem::resize_file(directory.path() / file, size);
    return message_of([&] { TokenizedDocuments::open(directory.path()); });
  };
  for (const char* file : {"tokens", "sentences", "anchors", "documents"})
    for (const std::uintmax_t size : {0, 4096})
      EXPECT_THAT(message(file, size), HasSubstr("does not describe the files beside it")) << file;
  EXPECT_THAT(message("corpus.json", 20), HasSubstr("corpus.json"));
  const TemporaryDirectory directory;
  directory.write("corpus.json", "{\"version\": 7}");
  EXPECT_THAT(message_of([&] { TokenizedDocuments::open(directory.path()); }), HasSubstr("another version"));
  directory.write("corpus.json", "{\"version\": \"x\"}");
  EXPECT_THAT(message_of([&] { TokenizedDocuments::open(directory.path()); }), HasSubstr("corpus.json"));
}

}  // namespace
}  // namespace bertune::data
