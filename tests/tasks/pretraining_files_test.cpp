// Rows of a corpus in files: those of one in memory, in memory that does not grow with it.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "support/temporary_directory.h"
#include "tasks/language_modelling/pretraining.h"
#include "tasks/pretraining_helpers.h"

namespace bertune::tasks {
namespace {

using testing::numbered_tokenizer;

constexpr std::int64_t kFileIds = 2000;

void add_documents(data::TokenizedDocuments& documents, int count) {
  Random random(9, 9);
  std::vector<std::int32_t> ids;
  for (int document = 0; document < count; ++document) {
    for (std::uint64_t sentence = random.below(20); sentence < 20; ++sentence) {
      ids.resize(1 + random.below(40));
      for (std::int32_t& id : ids) id = testing::kSpecial + static_cast<std::int32_t>(random.below(kFileIds));
      documents.add_sentence(ids);
    }
    documents.end_document();
  }
  documents.finish();
}

TEST(PretrainingFiles, GiveTheRowsOfMemory) {
  const BertTokenizer tokenizer = numbered_tokenizer(static_cast<std::int32_t>(kFileIds));
  const std::int64_t limit = tokenizer.vocab_size();
  const bertune::testing::TemporaryDirectory directory;
  for (const Objective objective : {Objective::mlm_and_nsp, Objective::mlm}) {
    PretrainingOptions options;
    options.objective = objective, options.max_length = 64;
    const std::int64_t most = PretrainingExamples::max_sentence_tokens(options);
    data::TokenizedDocuments in_memory(limit, most), in_files(limit, most, directory.path());
    add_documents(in_memory, 500), add_documents(in_files, 500);
    const PretrainingExamples memory(in_memory, tokenizer, options), files(in_files, tokenizer, options);
    PretrainingRow one, other;
    for (const std::int64_t epoch : {0, 1}) {
      ASSERT_EQ(memory.rows(epoch), files.rows(epoch));
      for (std::int64_t i = 0; i < memory.rows(epoch); ++i) {
        memory.row(epoch, i, one), files.row(epoch, i, other);
        ASSERT_EQ(one.input_ids, other.input_ids);
        ASSERT_EQ(one.labels, other.labels);
        ASSERT_EQ(one.next_sentence_label, other.next_sentence_label);
      }
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory.path()))
    EXPECT_FALSE(entry.path().filename().string().starts_with("rows")) << entry.path();
}

// What the process has in memory of its own. Pages of files, of which the system maps in as many at a time as
// it likes, are the system's to take back.
std::int64_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::stoll(line.substr(8)) * 1024;
  return 0;
}

TEST(PretrainingFiles, TakeLittleMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers take memory themselves";
#endif
  const BertTokenizer tokenizer = numbered_tokenizer(static_cast<std::int32_t>(kFileIds));
  const bertune::testing::TemporaryDirectory directory;
  const std::int64_t before = resident_bytes();
  data::TokenizedDocuments documents(tokenizer.vocab_size(), 62, directory.path());
  add_documents(documents, 130000);
  ASSERT_GT(documents.tokens(), 25'000'000);  // 50 MB, and 8 MB of rows
  const PretrainingExamples examples(documents, tokenizer, {});
  const std::int64_t rows = examples.rows(0);
  std::int64_t most = 0;
  PretrainingRow row;
  for (std::int64_t i = 0; i < 10000; ++i) {
    examples.row(0, i * 7919 % rows, row);
    if (i % 100 == 0) most = std::max(most, resident_bytes() - before);
  }
  EXPECT_LT(most, std::int64_t{40} << 20);
}

}  // namespace
}  // namespace bertune::tasks
