// What the tests of token classification share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bertune/tokenizer.h"
#include "support/temporary_directory.h"
#include "tasks/token_classification/examples.h"

namespace bertune::tasks::testing {

// Ids: play 5, ##ing 6, ##ed 7, the 8, a 9, b 10, c 11, d 12, ##x 13, "." 14.
inline BertTokenizer small_tokenizer() {
  const bertune::testing::TemporaryDirectory folder;
  return BertTokenizer::from_vocabulary(folder.write(
      "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nplay\n##ing\n##ed\nthe\na\nb\nc\nd\n##x\n.\n"));
}

inline data::TaggedSentence sentence_of(const std::vector<std::string_view>& words) {
  data::TaggedSentence sentence;
  sentence.words = words;
  return sentence;
}

// Ids of labels: B-X 0, I-X 1, B-Y 2, O 3.
inline TokenClassification small_task(std::int64_t max_length = 128, bool label_all_tokens = false) {
  return {data::LabelMap({"B-X", "I-X", "B-Y", "O"}), data::TagScheme::iob2, max_length, label_all_tokens};
}

}  // namespace bertune::tasks::testing
