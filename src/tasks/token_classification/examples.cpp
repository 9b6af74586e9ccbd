#include "tasks/token_classification/examples.h"

#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "bertune/metrics.h"
#include "data/tagged/tag_labels.h"
#include "tasks/token_classification/word_windows.h"

namespace bertune::tasks {
namespace {

constexpr std::size_t kChunk =
    4096;  // sentences tokenized at a time: enough for all cores, few beside a dataset
constexpr std::int64_t kSpecialTokens = 2;  // [CLS] and [SEP]

class FeatureBuilder {
 public:
  FeatureBuilder(std::span<const std::int32_t> labels, const BertTokenizer& tokenizer,
                 const TokenClassification& task, LongSentences long_sentences)
      : labels_(labels),
        tokenizer_(tokenizer),
        task_(task),
        long_sentences_(long_sentences),
        room_(task.max_length - kSpecialTokens) {
    if (room_ < 1) {
      throw UsageError("max_length",
                       fmt::format("a maximum length of {} leaves no room for a word beside [CLS] and [SEP]",
                                   task.max_length));
    }
    for (const std::string& label : task.labels.id2label()) {
      const std::int32_t itself = *task.labels.id_of(label);
      const std::string inside = data::inside_tag(label);
      inside_.push_back(inside.empty() ? itself : task.labels.id_of(inside).value_or(itself));
    }
    features_.word_labels.assign(labels.begin(), labels.end());
  }

  void add(std::span<const data::TaggedSentence> sentences) {
    std::vector<std::string_view> words;
    for (const data::TaggedSentence& sentence : sentences) {
      words.insert(words.end(), sentence.words.begin(), sentence.words.end());
    }
    pieces_ = {};
    tokenizer_.encode_packed(words, {}, {.add_special_tokens = false, .is_split_into_words = true}, pieces_);
    features_.rows_with_special_tokens += pieces_.rows_with_special_tokens;
    first_word_ = 0;
    for (const data::TaggedSentence& sentence : sentences) {
      add_sentence(sentence.words.size());
      first_word_ += sentence.words.size();
    }
  }

  TokenClassificationFeatures take() { return std::move(features_); }

 private:
  // The sentence is words first_word_ .. first_word_ + words of pieces_.
  void add_sentence(std::size_t words) {
    const std::span<const std::int64_t> begins = std::span(pieces_.begins).subspan(first_word_, words + 1);
    for (std::size_t word = 0; word < words; ++word) {
      features_.empty_words += begins[word] == begins[word + 1] ? 1 : 0;
    }
    features_.word_tokens.resize(features_.word_tokens.size() + words, -1);
    const std::int64_t size = begins[words] - begins[0];
    features_.sentence_lengths.push_back(static_cast<std::int32_t>(size + kSpecialTokens));
    if (size > room_ && long_sentences_ == LongSentences::windows) {
      add_windows(begins);
    } else if (size > 0) {
      add_row(begins, {0, words}, {});
      if (size > room_) count_cut(words);
    }
    features_.word_begins.push_back(features_.word_begins.back() + static_cast<std::int64_t>(words));
  }

  void add_windows(std::span<const std::int64_t> begins) {
    const std::vector<WordWindow> windows = word_windows(begins, room_);
    const std::vector<std::size_t> best = best_windows(begins, windows);
    std::vector<std::uint8_t> speaks;  // a word of the window: whether this is the one to ask
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const auto [first, end] = windows[i];
      if (begins[first] == begins[end]) continue;
      speaks.clear();
      for (std::size_t word = first; word < end; ++word) speaks.push_back(best[word] == i ? 1 : 0);
      add_row(begins, windows[i], speaks);
    }
    ++features_.windowed_sentences;
  }

  // `speaks` is empty when all words do. What exceeds the room is cut.
  void add_row(std::span<const std::int64_t> begins, WordWindow window,
               std::span<const std::uint8_t> speaks) {
    push(tokenizer_.cls_token_id(), -1, kIgnoredLabel);
    const std::int64_t limit = begins[window.first_word] + room_;
    for (std::size_t word = window.first_word; word < window.end_word; ++word) {
      const bool speaking = speaks.empty() || speaks[word - window.first_word] != 0;
      const std::int64_t begin = begins[word], end = std::min(begins[word + 1], limit);
      for (std::int64_t piece = begin; piece < end; ++piece) {
        if (piece == begin && speaking) {
          features_.word_tokens[static_cast<std::size_t>(features_.word_begins.back()) + word] =
              static_cast<std::int64_t>(features_.input_ids.size());
        }
        push(pieces_.input_ids[static_cast<std::size_t>(piece)], static_cast<std::int32_t>(word),
             label_of(word, piece == begin, speaking));
      }
    }
    push(tokenizer_.sep_token_id(), -1, kIgnoredLabel);
    features_.begins.push_back(static_cast<std::int64_t>(features_.input_ids.size()));
    features_.lengths.push_back(
        static_cast<std::int32_t>(begins[window.end_word] - begins[window.first_word] + kSpecialTokens));
    features_.sentences.push_back(static_cast<std::int32_t>(features_.word_begins.size()) - 1);
  }

  void push(std::int32_t id, std::int32_t word, std::int32_t label) {
    features_.input_ids.push_back(id);
    features_.words.push_back(word);
    if (!labels_.empty()) features_.labels.push_back(label);
  }

  std::int32_t label_of(std::size_t word, bool first_piece, bool speaking) const {
    if (labels_.empty() || !speaking || (!first_piece && !task_.label_all_tokens)) return kIgnoredLabel;
    const std::int32_t label = labels_[static_cast<std::size_t>(features_.word_begins.back()) + word];
    if (first_piece || label == kIgnoredLabel) return label;
    return inside_.at(static_cast<std::size_t>(label));
  }

  void count_cut(std::size_t words) {
    if (features_.cut_sentences == 0) features_.first_cut = features_.sentences.back();
    ++features_.cut_sentences;
    for (std::size_t word = 0; word < words; ++word) {
      const bool has_pieces = pieces_.begins[first_word_ + word] < pieces_.begins[first_word_ + word + 1];
      const std::size_t place = static_cast<std::size_t>(features_.word_begins.back()) + word;
      features_.cut_words += has_pieces && features_.word_tokens[place] < 0 ? 1 : 0;
    }
  }

  std::span<const std::int32_t> labels_;
  const BertTokenizer& tokenizer_;
  const TokenClassification& task_;
  LongSentences long_sentences_;
  std::int64_t room_;                 // pieces a row
  std::vector<std::int32_t> inside_;  // a label: that of the later pieces of its words
  TokenClassificationFeatures features_;
  PackedEncodings pieces_;  // of a chunk: a row a word
  std::size_t first_word_ = 0;
};

std::vector<std::int32_t> labels_of(const data::TaggedDataset& dataset, const TokenClassification& task) {
  return dataset.has_tags ? data::tag_ids(dataset, task.labels) : std::vector<std::int32_t>();
}

}  // namespace

void TokenClassificationFeatures::add_to(Batch& batch, std::int64_t index) const {
  add_row(*this, index, batch);
  if (labels.empty()) return;
  const auto row = static_cast<std::size_t>(index);
  batch.labels.insert(batch.labels.end(), labels.begin() + begins[row], labels.begin() + begins[row + 1]);
}

TokenClassificationFeatures make_features(std::span<const data::TaggedSentence> sentences,
                                          std::span<const std::int32_t> labels,
                                          const BertTokenizer& tokenizer, const TokenClassification& task,
                                          LongSentences long_sentences) {
  FeatureBuilder builder(labels, tokenizer, task, long_sentences);
  for (; !sentences.empty(); sentences = sentences.subspan(std::min(kChunk, sentences.size()))) {
    builder.add(sentences.first(std::min(kChunk, sentences.size())));
  }
  return builder.take();
}

std::vector<std::string> word_notes(const TokenClassificationFeatures& features,
                                    const data::TaggedDataset& dataset, const TokenClassification& task) {
  if (features.empty_words == 0) return {};
  return {fmt::format("{}: {} words give no token (control characters alone) and are taken for \"{}\"",
                      dataset.path, features.empty_words,
                      task.labels.id2label()[static_cast<std::size_t>(task.outside())])};
}

std::vector<std::string> feature_notes(const TokenClassificationFeatures& features,
                                       const data::TaggedDataset& dataset, const TokenClassification& task) {
  std::vector<std::string> notes;
  if (features.cut_sentences > 0) {
    const auto& first = dataset.sentences[static_cast<std::size_t>(features.first_cut)];
    notes.push_back(
        fmt::format("{}: longer than {} tokens and cut, which lost {} of its words and those of {} such "
                    "sentences (`max_length`)",
                    dataset.where(first), task.max_length, features.cut_words, features.cut_sentences));
  }
  if (features.windowed_sentences > 0) {
    notes.push_back(
        fmt::format("{}: {} sentences are longer than {} tokens and are read in windows that overlap",
                    dataset.path, features.windowed_sentences, task.max_length));
  }
  for (std::string& note : word_notes(features, dataset, task)) notes.push_back(std::move(note));
  if (features.rows_with_special_tokens > 0) {
    notes.push_back(fmt::format("{}: {} words are special tokens such as [SEP], and are read as these",
                                dataset.path, features.rows_with_special_tokens));
  }
  return notes;
}

TokenClassificationExamples::TokenClassificationExamples(const data::TaggedDataset& dataset,
                                                         const BertTokenizer& tokenizer,
                                                         const TokenClassification& task,
                                                         LongSentences long_sentences)
    : features_(make_features(dataset.sentences, labels_of(dataset, task), tokenizer, task, long_sentences)) {
}

std::string TokenClassificationExamples::fingerprint() const {
  return fingerprint_of(features_).add(features_.labels).text();
}

}  // namespace bertune::tasks
