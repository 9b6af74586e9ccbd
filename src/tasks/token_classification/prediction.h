// Turns the tags of words into predictions for a user: entities or a tag per word, and their lines in a file.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/tagged/tagged.h"
#include "tasks/prediction.h"
#include "tasks/request.h"
#include "tasks/token_classification/word_predictions.h"

namespace bertune::tasks {

// Entities of a sentence as Transformers' pipeline with aggregation_strategy="first" finds them: a word has
// the label of its first piece, and words are put together as seqeval reads tags. Else a tag per word.
// `words`: one per word of the sentence; throws Error for another number.
Prediction predict(const data::TaggedSentence& sentence, std::span<const WordPrediction> words,
                   const TokenClassification& task);

// Items are sentences, those that `examples` were made of. All arguments must outlive it.
std::unique_ptr<Decoder> decoder_of(const TokenClassificationExamples& examples,
                                    std::span<const data::TaggedSentence> sentences,
                                    const TokenClassification& task, UsePrediction use);

// Returns the request of sentences without tags; sentences and task must stay.
Request request_of(std::span<const data::TaggedSentence> sentences, const TokenClassification& task,
                   const BertTokenizer& tokenizer);

// Sentences with the texts that they point into.
class OwnSentences {
 public:
  void add_text(std::string text);  // cut into words
  void add_words(std::vector<std::string> words);
  std::span<const data::TaggedSentence> sentences() const { return sentences_; }

 private:
  std::list<std::string> texts_;  // which stay where they are
  std::vector<data::TaggedSentence> sentences_;
};

// The sentence as it came, its "text" or its "tokens", and the prediction: {"text", "entities": [...]},
// {"tokens", "tags", "entities": [...]} or {"text"?, "tokens", "tags", "scores", "offsets"?}. Each can be
// read back as training data. Bytes of the text that are not UTF-8 count and are written as U+FFFD.
OrderedJson sentence_json(const data::TaggedSentence& sentence, const Prediction& prediction);

}  // namespace bertune::tasks
