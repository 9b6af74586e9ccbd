#include "tasks/prediction.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "bertune/error.h"
#include "core/utf8.h"
#include "data/checks/lengths.h"

namespace bertune::tasks {

std::string truncation_note(std::int64_t cut, std::int64_t texts, const std::string& first,
                            std::int64_t max_length) {
  return fmt::format(
      "{} of {} texts {} longer than the {} tokens that are read, and cut; the first is {} "
      "(`max_length` reads more, up to what the model takes)",
      cut, texts, cut == 1 ? "is" : "are", max_length, first);
}

std::string unknown_tokens_note(std::int64_t unknown, std::int64_t tokens) {
  if (!data::are_too_many_unknown(unknown, tokens)) return "";
  return fmt::format(
      "{:.1f}% of the tokens are unknown to the model's vocabulary ([UNK]); take a model that has the "
      "language and the script of the texts",
      100 * static_cast<double>(unknown) / static_cast<double>(tokens));
}

void require_abstaining(Architecture architecture, const BertConfig& config, double min_confidence) {
  const ProblemType type = config.problem_type.value_or(
      config.num_labels() == 1 ? ProblemType::regression : ProblemType::single_label_classification);
  const bool has_classes = architecture == Architecture::sequence_classification &&
                           type == ProblemType::single_label_classification;
  if (!has_classes && architecture != Architecture::multiple_choice) {
    throw UsageError("min_confidence",
                     "`min_confidence` is of models that choose one class or one choice; of several "
                     "labels each has the `threshold`");
  }
  if (!(min_confidence >= 0 && min_confidence <= 1))
    throw UsageError("min_confidence",
                     fmt::format("`min_confidence` is {}; it must be from 0 to 1", min_confidence));
}

void abstain(Prediction& prediction, double min_confidence) {
  if (auto* label = std::get_if<Label>(&prediction)) {
    label->abstained = label->score < min_confidence;
    if (*label->abstained) label->label.clear();
  }
  if (auto* choice = std::get_if<Choice>(&prediction)) {
    choice->abstained = choice->score < min_confidence;
    if (*choice->abstained) choice->choice = -1, choice->text.clear();
  }
}

namespace {

// Writes the members of each kind of prediction.
struct Writer {
  OrderedJson& json;
  std::span<const std::string> labels;

  void add_scores(const std::vector<double>& scores) const {
    OrderedJson& object = json["scores"] = OrderedJson::object();
    for (std::size_t i = 0; i < scores.size(); ++i) object[labels[i]] = scores[i];
  }
  void add_window(const std::optional<DecidingWindow>& window) const {
    if (!window) return;
    json["windows"] = window->windows;
    json["window"] = {{"index", window->index},
                      {"start", window->place.code_points.begin},
                      {"end", window->place.code_points.end},
                      {"start_byte", window->place.bytes.begin},
                      {"end_byte", window->place.bytes.end},
                      {"score", window->score}};
  }
  void operator()(const Label& label) const {
    json["label"] = label.abstained.value_or(false) ? OrderedJson() : OrderedJson(label.label);
    if (label.abstained) json["abstained"] = *label.abstained;
    json["score"] = label.score;
    add_scores(label.scores);
    add_window(label.window);
  }
  void operator()(const Labels& set) const {
    json["labels"] = set.labels;
    json["score"] = set.score;
    add_scores(set.scores);
    add_window(set.window);
  }
  void operator()(const Score& number) const {
    json["score"] = number.score;
    add_window(number.window);
  }

  void add_words(const std::vector<TaggedWord>& words) const {
    OrderedJson tokens = OrderedJson::array(), tags = OrderedJson::array();
    for (const TaggedWord& word : words) tokens.push_back(word.text), tags.push_back(word.tag);
    json["tokens"] = std::move(tokens);
    json["tags"] = std::move(tags);
  }
  void operator()(const Tags& tags) const {
    add_words(tags.words);
    OrderedJson scores = OrderedJson::array(), offsets = OrderedJson::array();
    for (const TaggedWord& word : tags.words) {
      scores.push_back(word.score);
      if (word.place) offsets.push_back({word.place->code_points.begin, word.place->code_points.end});
    }
    json["scores"] = std::move(scores);
    if (!offsets.empty()) json["offsets"] = std::move(offsets);
  }
  void operator()(const Entities& found) const {
    if (!found.words.empty() && !found.words.front().place) add_words(found.words);
    OrderedJson list = OrderedJson::array();
    for (const Entity& one : found.entities) {
      OrderedJson entity = {{"label", one.label}, {"text", one.text}};
      if (one.place) {
        entity["start"] = one.place->code_points.begin;
        entity["end"] = one.place->code_points.end;
        entity["start_byte"] = one.place->bytes.begin;
        entity["end_byte"] = one.place->bytes.end;
      } else {
        entity["first_token"] = one.first_word;
        entity["end_token"] = one.end_word;
      }
      entity["score"] = one.score;
      list.push_back(std::move(entity));
    }
    json["entities"] = std::move(list);
  }

  static void add_span(OrderedJson& object, const AnswerSpan& span) {
    object["answer"] = span.text;
    object["score"] = span.score;
    object["start"] = span.place.code_points.begin;
    object["end"] = span.place.code_points.end;
  }
  void operator()(const Answer& answer) const {
    add_span(json, answer);
    json["start_byte"] = answer.place.bytes.begin;
    json["end_byte"] = answer.place.bytes.end;
    if (answer.null_odds) json["null_odds"] = *answer.null_odds;
    if (answer.candidates.empty()) return;
    OrderedJson list = OrderedJson::array();
    for (const AnswerSpan& candidate : answer.candidates)
      add_span(list.emplace_back(OrderedJson::object()), candidate);
    json["n_best"] = std::move(list);
  }
  void operator()(const Choice& choice) const {
    json["choice"] = choice.abstained.value_or(false) ? OrderedJson() : OrderedJson(choice.choice);
    if (choice.abstained) json["abstained"] = *choice.abstained;
    json["text"] = choice.text;
    json["score"] = choice.score;
    json["scores"] = choice.scores;
  }
  void operator()(const Words& words) const {
    OrderedJson masks = OrderedJson::array();
    for (const std::vector<WordGuess>& guesses : words.masks) {
      OrderedJson list = OrderedJson::array();
      for (const WordGuess& guess : guesses) list.push_back({{"score", guess.score}, {"token", guess.word}});
      masks.push_back(std::move(list));
    }
    json["masks"] = std::move(masks);
  }
  void operator()(const NextSentence& next) const { json["is_next"] = next.is_next; }
  void operator()(const Embedding& vector) const {
    OrderedJson numbers = OrderedJson::array();
    // Numbers are as short as a float can be told from its neighbors, and null if infinite or NaN.
    for (const float number : vector.embedding)
      numbers.push_back(std::isfinite(number) ? OrderedJson(std::stod(fmt::format("{}", number)))
                                              : OrderedJson());
    json["embedding"] = std::move(numbers);
  }
};

}  // namespace

OrderedJson prediction_json(const Prediction& prediction, std::span<const std::string> labels,
                            OrderedJson source) {
  std::visit(Writer{source, labels}, prediction);
  return source;
}

std::string json_line(const OrderedJson& object) {
  return object.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string valid_text(std::string_view text) {
  std::uint64_t replaced = 0;
  return replace_invalid_utf8(text, replaced);
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

}  // namespace bertune::tasks

namespace bertune {

std::string to_json(const Prediction& prediction, std::span<const std::string> labels) {
  std::string line = tasks::json_line(tasks::prediction_json(prediction, labels));
  line.pop_back();
  return line;
}

}  // namespace bertune
