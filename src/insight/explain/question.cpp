#include "insight/explain/question.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"

namespace bertune::insight {
namespace {

class QuestionMaker {
 public:
  QuestionMaker(const tasks::TrainedModel& model, const std::string& wanted)
      : model_(model), wanted_(wanted), labels_(model.config.id2label) {}

  Question of(const Input& input, const Prediction& prediction) const {
    if (const auto* answer = std::get_if<Answer>(&prediction)) return of_answer(input, *answer);
    if (const auto* entities = std::get_if<Entities>(&prediction)) {
      Question question;
      const std::vector<std::size_t> places = read_words(entities->words, question);
      for (const Entity& entity : entities->entities) {
        if (!is_wanted(entity.label)) continue;
        add_tags(entity.label, entity.text, entities->words, places,
                 static_cast<std::size_t>(entity.first_word), static_cast<std::size_t>(entity.end_word),
                 question);
      }
      return question;
    }
    if (const auto* tags = std::get_if<Tags>(&prediction)) {
      Question question;
      const std::vector<std::size_t> places = read_words(tags->words, question);
      for (std::size_t i = 0; i < tags->words.size(); ++i) {
        const TaggedWord& word = tags->words[i];
        if (is_wanted(word.tag)) add_tags(word.tag, word.text, tags->words, places, i, i + 1, question);
      }
      return question;
    }
    return {sequence_of_input(input, prediction), of_scores(prediction)};
  }

 private:
  bool is_wanted(const std::string& name) const { return wanted_.empty() || name == wanted_; }

  // Returns the text, or of one in several windows that which says most for the prediction.
  Sequence sequence_of_input(const Input& input, const Prediction& prediction) const {
    const auto* label = std::get_if<Label>(&prediction);
    const auto* set = std::get_if<Labels>(&prediction);
    const auto* number = std::get_if<Score>(&prediction);
    const std::optional<DecidingWindow> window = label != nullptr    ? label->window
                                                 : set != nullptr    ? set->window
                                                 : number != nullptr ? number->window
                                                                     : std::nullopt;
    if (!window) return sequence_of_texts(model_.tokenizer, input.text, input.text_pair, model_.max_length);
    const TextPlace& place = window->place;
    const std::string part = input.text.substr(place.bytes.begin, place.bytes.end - place.bytes.begin);
    Sequence sequence = sequence_of_texts(model_.tokenizer, part, std::nullopt, model_.max_length);
    for (SequenceWord& word : sequence.words) {
      if (!word.shown.place) continue;
      for (auto [span, begin] : {std::pair{&word.shown.place->code_points, place.code_points.begin},
                                 std::pair{&word.shown.place->bytes, place.bytes.begin}})
        span->begin += begin, span->end += begin;
    }
    return sequence;
  }

  std::vector<Target> of_scores(const Prediction& prediction) const {
    using Kind = Target::Kind;
    if (std::holds_alternative<Score>(prediction)) return {{.kind = Kind::number, .name = "score"}};
    const Kind kind = std::holds_alternative<Labels>(prediction) ? Kind::label : Kind::category;
    std::vector<std::string> names;
    if (!wanted_.empty()) {
      names = {wanted_};
    } else if (const auto* label = std::get_if<Label>(&prediction)) {
      names = {label->label};
    } else {
      const auto& set = std::get<Labels>(prediction);
      names = set.labels;
      const auto best = std::ranges::max_element(set.scores) - set.scores.begin();
      if (names.empty()) names = {labels_[static_cast<std::size_t>(best)]};
    }
    std::vector<Target> targets;
    for (const std::string& name : names)
      targets.push_back({.kind = kind, .name = name, .index = index_of_label(labels_, name)});
    return targets;
  }

  std::vector<std::size_t> read_words(std::span<const TaggedWord> words, Question& question) const {
    TaggedSequence read = sequence_of_words(model_.tokenizer, words, model_.max_length);
    question.sequence = std::move(read.sequence);
    return std::move(read.places);
  }

  // The tags of words first .. end - 1, each at the word's first token; nothing where they were not read.
  void add_tags(const std::string& name, const std::string& text, std::span<const TaggedWord> words,
                const std::vector<std::size_t>& places, std::size_t first, std::size_t end,
                Question& question) const {
    Target target{.kind = Target::Kind::tags, .name = name, .text = text};
    for (std::size_t i = first; i < end; ++i) {
      const auto found = std::ranges::find(places, i);
      if (found == places.end()) continue;
      const auto word = static_cast<std::size_t>(found - places.begin());
      target.own_words.push_back(word);
      target.tags.emplace_back(question.sequence.words[word].first,
                               static_cast<std::int32_t>(index_of_label(labels_, words[i].tag)));
    }
    if (!target.tags.empty()) question.targets.push_back(std::move(target));
  }

  Question of_answer(const Input& input, const Answer& answer) const {
    const Span bytes = answer.place.bytes;
    Question question{
        sequence_of_question(model_.tokenizer, input.question, input.context, bytes, model_.max_length), {}};
    Target target{.kind = Target::Kind::span, .name = answer.text};
    bool is_first = true;
    for (std::size_t i = 0; i < question.sequence.words.size(); ++i) {
      const SequenceWord& word = question.sequence.words[i];
      const Span place = word.shown.place->bytes;
      if (word.shown.part == 0 || place.end <= bytes.begin || place.begin >= bytes.end) continue;
      if (std::exchange(is_first, false)) target.start = word.first;
      target.end = word.end - 1;
      target.own_words.push_back(i);
    }
    question.targets.push_back(std::move(target));  // no answer: both at [CLS]
    return question;
  }

  const tasks::TrainedModel& model_;
  const std::string& wanted_;
  const std::vector<std::string>& labels_;
};

}  // namespace

std::int64_t index_of_label(std::span<const std::string> labels, const std::string& name) {
  const auto found = std::ranges::find(labels, name);
  if (found != labels.end()) return found - labels.begin();
  constexpr std::size_t kShown = 20;
  const auto shown = labels.first(std::min(kShown, labels.size()));
  throw UsageError("target", fmt::format("`target`: the model has no label \"{}\"; its labels are {}{}", name,
                                         fmt::join(shown, ", "), labels.size() > kShown ? ", ..." : ""));
}

WordsRead words_read(const tasks::TrainedModel& model, const Input& input) {
  Sequence sequence;
  if (!input.question.empty()) {
    sequence = sequence_of_question(model.tokenizer, input.question, input.context, {}, model.max_length);
  } else if (!input.words.empty()) {
    std::vector<TaggedWord> words;
    for (const std::string& word : input.words) words.push_back({.text = word, .tag = {}});
    sequence = sequence_of_words(model.tokenizer, words, model.max_length).sequence;
  } else {
    sequence = sequence_of_texts(model.tokenizer, input.text, input.text_pair, model.max_length);
  }
  return {std::ssize(sequence.words), std::ssize(sequence.input_ids)};
}

Question question_of(const tasks::TrainedModel& model, const std::string& wanted, const Input& input,
                     const Prediction& prediction) {
  return QuestionMaker(model, wanted).of(input, prediction);
}

}  // namespace bertune::insight
