#include "tasks/question_answering/examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "bertune/error.h"
#include "tasks/packed_examples.h"
#include "text/truncation.h"

namespace bertune::tasks {
namespace {

using data::QuestionAnsweringDataset, data::QuestionAnsweringExample;

// The shares of a window's tokens.
struct Budget {
  std::int64_t room, stride, longest_question;

  Budget(const QuestionAnswering& task, std::int64_t special_tokens)
      : room(task.max_length - special_tokens), stride(task.doc_stride) {
    if (stride < 0 || room - stride < 2) {
      throw UsageError(
          fmt::format("`doc_stride={}` and `max_length={}` do not fit together: of a window's tokens {} are "
                      "special, neighbors share the stride, and question and context need one more each",
                      task.doc_stride, task.max_length, special_tokens));
    }
    const std::int64_t least_step = std::max<std::int64_t>(1, (room - stride) / 8);
    longest_question = room - stride - least_step;
  }
};

std::int64_t code_points_in(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

class FeatureMaker {
 public:
  FeatureMaker(const QuestionAnsweringDataset& dataset, const BertTokenizer& tokenizer,
               const QuestionAnswering& task, bool with_labels, QuestionRange range)
      : dataset_(dataset),
        tokenizer_(tokenizer),
        budget_(task, tokenizer.num_special_tokens_to_add(true)),
        with_labels_(with_labels),
        range_(range),
        cls_(tokenizer.cls_token_id()),
        sep_(tokenizer.sep_token_id()) {}

  QuestionAnsweringFeatures make() {
    tokenize_contexts();
    tokenize_questions();
    features_.first_rows.push_back(0);
    for (std::int64_t i = range_.first; i < range_.last; ++i) {
      add_windows(i);
      features_.first_rows.push_back(features_.rows());
    }
    if (cut_ > 0) {
      features_.notes.push_back(fmt::format(
          "{}: the question is longer than its windows allow and was cut to {} tokens ({} such questions)",
          first_cut_, budget_.longest_question, cut_));
    }
    return std::move(features_);
  }

 private:
  std::span<const QuestionAnsweringExample> examples() const {
    return std::span(dataset_.examples)
        .subspan(static_cast<std::size_t>(range_.first),
                 static_cast<std::size_t>(range_.last - range_.first));
  }

  // A context's tokens are the same beside any question, because nothing reaches from a question into its
  // context.
  void tokenize_contexts() {
    constexpr std::size_t kChunk = 1024;
    std::vector<std::string_view> texts;
    numbers_.assign(dataset_.contexts.size(), -1);
    std::int64_t number = 0;
    for (const QuestionAnsweringExample& example : examples()) {
      std::int64_t& known = numbers_[static_cast<std::size_t>(example.context_index)];
      if (known < 0) known = number++, texts.push_back(example.context);
    }
    const EncodeOptions options{.add_special_tokens = false, .return_offsets = true};
    context_begins_ = {0};
    for (std::size_t done = 0; done < texts.size(); done += kChunk) {
      const auto begin = texts.begin() + static_cast<std::ptrdiff_t>(done);
      const auto count = static_cast<std::ptrdiff_t>(std::min(kChunk, texts.size() - done));
      for (const Encoding& encoding : tokenizer_.encode_batch({begin, begin + count}, {}, options))
        add_context(encoding);
    }
  }

  void add_context(const Encoding& encoding) {
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(context_ids_, encoding.input_ids);
    append(features_.code_points, encoding.offsets);
    append(features_.bytes, encoding.byte_offsets);
    context_begins_.push_back(static_cast<std::int64_t>(context_ids_.size()));
    features_.rows_with_special_tokens += encoding.special_in_text > 0 ? 1 : 0;
  }

  void tokenize_questions() {
    std::vector<std::string_view> texts;
    for (const QuestionAnsweringExample& example : examples()) texts.push_back(example.question);
    tokenizer_.encode_packed(texts, {}, {.add_special_tokens = false}, questions_);
    features_.rows_with_special_tokens += questions_.rows_with_special_tokens;
  }

  void add_windows(std::int64_t number) {
    const auto place = static_cast<std::size_t>(number - range_.first);
    const QuestionAnsweringExample& example = dataset_.examples[static_cast<std::size_t>(number)];
    const auto first = questions_.begins[place];
    std::span<const std::int32_t> question =
        std::span(questions_.input_ids)
            .subspan(static_cast<std::size_t>(first),
                     static_cast<std::size_t>(questions_.begins[place + 1] - first));
    const auto context = static_cast<std::size_t>(numbers_[static_cast<std::size_t>(example.context_index)]);
    const std::int64_t tokens = context_begins_[context + 1] - context_begins_[context];
    const bool fits = static_cast<std::int64_t>(question.size()) + tokens <= budget_.room;
    if (!fits && static_cast<std::int64_t>(question.size()) > budget_.longest_question) {
      question = question.first(static_cast<std::size_t>(budget_.longest_question));
      if (cut_++ == 0) first_cut_ = example.where;
    }
    const std::size_t kept = static_cast<std::size_t>(budget_.room) - question.size();
    const auto windows =
        text::windows(static_cast<std::size_t>(tokens), kept, static_cast<std::size_t>(budget_.stride));
    for (const text::Window& window : windows) {
      add_window(question, context_begins_[context] + static_cast<std::int64_t>(window.begin),
                 window.end - window.begin);
      features_.examples.push_back(number);
      if (with_labels_) add_positions(example);
    }
  }

  void add_window(std::span<const std::int32_t> question, std::int64_t first, std::size_t size) {
    std::vector<std::int32_t>& ids = features_.input_ids;
    ids.push_back(cls_);
    ids.insert(ids.end(), question.begin(), question.end());
    ids.push_back(sep_);
    features_.token_type_ids.resize(ids.size(), 0);
    const auto between = static_cast<std::size_t>(tokenizer_.separators_between());
    ids.insert(ids.end(), between - 1, sep_);
    const auto part = std::span(context_ids_).subspan(static_cast<std::size_t>(first), size);
    ids.insert(ids.end(), part.begin(), part.end());
    ids.push_back(sep_);
    features_.token_type_ids.resize(ids.size(), tokenizer_.second_token_type());
    features_.lengths.push_back(
        static_cast<std::int32_t>(static_cast<std::int64_t>(ids.size()) - features_.tokens()));
    features_.begins.push_back(static_cast<std::int64_t>(ids.size()));
    features_.context_tokens.push_back(first);
    features_.context_begins.push_back(static_cast<std::int32_t>(question.size() + 1 + between));
  }

  // Adds the positions of the answer in the window that was added last. The tokens between which the answer
  // lies are the last that begins no later than it and the first that ends no earlier.
  void add_positions(const QuestionAnsweringExample& example) {
    const ContextWindow window = features_.window(features_.rows() - 1);
    std::pair<std::int64_t, std::int64_t> positions{0, 0};
    const auto placed = std::ranges::find_if(example.answers, &data::Answer::has_place);
    if (placed != example.answers.end() && !window.code_points.empty()) {
      const data::Answer& answer = *placed;
      const std::int64_t begin = answer.start, end = begin + code_points_in(answer.text);
      const auto spans = window.code_points;
      if (spans.front().begin <= begin && spans.back().end >= end) {
        const auto after =
            std::upper_bound(spans.begin(), spans.end(), begin,
                             [](std::int64_t at, const Span& span) { return at < span.begin; });
        const auto last = std::lower_bound(spans.begin(), spans.end(), end,
                                           [](const Span& span, std::int64_t at) { return span.end < at; });
        positions =
            std::minmax({window.begin + (after - spans.begin()) - 1, window.begin + (last - spans.begin())});
      }
    }
    features_.start_positions.push_back(static_cast<std::int32_t>(positions.first));
    features_.end_positions.push_back(static_cast<std::int32_t>(positions.second));
  }

  const QuestionAnsweringDataset& dataset_;
  const BertTokenizer& tokenizer_;
  Budget budget_;
  bool with_labels_;
  QuestionRange range_;
  std::int32_t cls_, sep_;
  std::vector<std::int64_t> numbers_;      // [contexts of the dataset]: number among those tokenized, or -1
  std::vector<std::int32_t> context_ids_;  // [tokens of all contexts]
  std::vector<std::int64_t> context_begins_;  // [contexts + 1]
  PackedEncodings questions_;
  QuestionAnsweringFeatures features_;
  std::int64_t cut_ = 0;
  std::string_view first_cut_;
};

}  // namespace

ContextWindow QuestionAnsweringFeatures::window(std::int64_t row) const {
  const auto place = static_cast<std::size_t>(row);
  const auto first = static_cast<std::size_t>(context_tokens[place]);
  const std::int64_t length = begins[place + 1] - begins[place];
  const auto size = static_cast<std::size_t>(length - context_begins[place] - 1);  // without the last [SEP]
  return {context_begins[place], std::span(code_points).subspan(first, size),
          std::span(bytes).subspan(first, size)};
}

void QuestionAnsweringFeatures::add_to(Batch& batch, std::int64_t row) const { add_row(*this, row, batch); }

QuestionAnsweringFeatures make_features(const QuestionAnsweringDataset& dataset,
                                        const BertTokenizer& tokenizer, const QuestionAnswering& task,
                                        bool with_labels) {
  return make_features(dataset, tokenizer, task, with_labels, {0, dataset.size()});
}

QuestionAnsweringFeatures make_features(const QuestionAnsweringDataset& dataset,
                                        const BertTokenizer& tokenizer, const QuestionAnswering& task,
                                        bool with_labels, QuestionRange range) {
  return FeatureMaker(dataset, tokenizer, task, with_labels, range).make();
}

QuestionAnsweringExamples::QuestionAnsweringExamples(data::QuestionAnsweringDataset dataset,
                                                     const BertTokenizer& tokenizer,
                                                     const QuestionAnswering& windows, bool with_labels)
    : dataset_(std::move(dataset)), features_(make_features(dataset_, tokenizer, windows, with_labels)) {}

void QuestionAnsweringExamples::add_to(Batch& batch, std::int64_t row) const {
  features_.add_to(batch, row);
  if (features_.start_positions.empty()) return;
  batch.start_positions.push_back(features_.start_positions[static_cast<std::size_t>(row)]);
  batch.end_positions.push_back(features_.end_positions[static_cast<std::size_t>(row)]);
}

std::string QuestionAnsweringExamples::fingerprint() const {
  return fingerprint_of(features_).add(features_.start_positions).add(features_.end_positions).text();
}

}  // namespace bertune::tasks
