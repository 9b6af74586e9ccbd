#include "serve/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <future>
#include <variant>

#include "bertune/error.h"
#include "core/model_files.h"
#include "core/stopwatch.h"

namespace bertune::serve {
namespace {

std::string version_of(const ModelSource& source) {
  return fmt::format("{:016x}", hash_of_model(source.folder, source.options.base));
}

Head head_of(const Prediction& prediction, Architecture architecture) {
  if (architecture == Architecture::sentence_embedding) return Head::embeddings;
  if (std::holds_alternative<Label>(prediction)) return Head::classes;
  if (std::holds_alternative<Labels>(prediction)) return Head::several_labels;
  if (std::holds_alternative<Score>(prediction)) return Head::number;
  if (std::holds_alternative<Tags>(prediction)) return Head::tags;
  if (std::holds_alternative<Entities>(prediction)) return Head::entities;
  if (std::holds_alternative<Answer>(prediction)) return Head::answers;
  if (std::holds_alternative<Choice>(prediction)) return Head::choices;
  return std::holds_alternative<Words>(prediction) ? Head::masks : Head::next_sentence;
}

struct IsFinite {
  static bool all(const std::vector<double>& numbers) {
    return std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); });
  }
  bool operator()(const Label& label) const { return all(label.scores); }
  bool operator()(const Labels& labels) const { return all(labels.scores); }
  bool operator()(const Score& score) const { return std::isfinite(score.score); }
  bool operator()(const Tags& tags) const {
    return std::ranges::all_of(tags.words, [](const TaggedWord& word) { return std::isfinite(word.score); });
  }
  bool operator()(const Entities& found) const { return (*this)(Tags{found.words}); }
  bool operator()(const Answer& answer) const { return std::isfinite(answer.score); }
  bool operator()(const Choice& choice) const { return all(choice.scores); }
  bool operator()(const Words& words) const {
    return std::ranges::all_of(words.masks, [](const std::vector<WordGuess>& guesses) {
      return std::ranges::all_of(guesses, [](const WordGuess& guess) { return std::isfinite(guess.score); });
    });
  }
  bool operator()(const NextSentence& next) const { return std::isfinite(next.is_next); }
  bool operator()(const Embedding& vector) const {
    return std::ranges::all_of(vector.embedding, [](float number) { return std::isfinite(number); });
  }
};

}  // namespace

std::string_view to_string(Head head) {
  constexpr std::array<std::string_view, 10> kNames = {"classes",       "several_labels", "number",  "tags",
                                                       "entities",      "answers",        "choices", "masks",
                                                       "next_sentence", "embeddings"};
  return kNames[static_cast<std::size_t>(head)];
}

bool is_finite(const Prediction& prediction) { return std::visit(IsFinite(), prediction); }

std::vector<Input> probes_for(const Predictor& predictor) {
  std::vector<Input> probes;
  for (const std::string& text :
       {std::string("Where is it?"), std::string("It was here on Friday, said she."),
        std::string("A longer text, to be read as one of many: ") +
            "the first of March, the second of June, and all the days between."}) {
    Input& probe = probes.emplace_back();
    switch (predictor.architecture()) {
      case Architecture::question_answering:
        probe.question = "Where is it?", probe.context = text;
        break;
      case Architecture::multiple_choice:
        probe.question = "Where is it?", probe.context = text, probe.choices = {"here", "there"};
        break;
      case Architecture::masked_lm:
        probe.text = fmt::format(
            "{} {}", predictor.tokenizer().id_to_token(predictor.tokenizer().mask_token_id()), text);
        break;
      case Architecture::next_sentence_prediction:
        probe.text = text, probe.text_pair = "It was here.";
        break;
      default:
        probe.text = text;
    }
  }
  return probes;
}

ServedModel::ServedModel(const ModelSource& source)
    : name_(source.name), min_confidence_(source.options.min_confidence), predictor_([&] {
        auto version = std::async(std::launch::async, version_of, source);  // beside the loading
        PredictorOptions options = source.options;
        options.top = kMostCandidates;
        options.min_confidence.reset();  // a request may ask for another
        Predictor predictor(source.folder, options);
        version_ = version.get();
        return predictor;
      }()) {
  if (has_explanation(predictor_.architecture())) explainer_.emplace(predictor_);
  check_itself();
}

void ServedModel::check_itself() {
  const std::vector<Input> probes = probes_for(predictor_);
  head_ = head_of(predictor_.predict(probes.front()), predictor_.architecture());  // and the memory is there
  const Stopwatch watch;
  std::int64_t tokens = 0;
  for (const Input& probe : probes) {
    if (!is_finite(predictor_.predict(probe)))
      throw Error(fmt::format("{}: answers a probe with what is no number; are its weights whole?", name_));
    tokens += predictor_.size_of(probe).tokens;
  }
  speed_ = static_cast<double>(tokens) / std::max(watch.seconds(), 1e-6);
}

void ServedModel::note_speed(std::int64_t tokens, double seconds) const {
  if (tokens <= 0 || seconds <= 0) return;
  // Each second counts alike: batches that were quick say no more than those that were slow.
  constexpr double kMemory = 1;  // seconds
  const double fresh = 1 - std::exp(-seconds / kMemory);
  speed_ = (1 - fresh) * tokens_per_second() + fresh * static_cast<double>(tokens) / seconds;
}

void Models::load() {
  const std::lock_guard one_at_a_time(loading_);
  std::vector<std::shared_ptr<const ServedModel>> loaded;
  for (const ModelSource& source : sources_) loaded.push_back(std::make_shared<const ServedModel>(source));
  const std::lock_guard lock(mutex_);
  models_.swap(loaded);
}

std::vector<std::shared_ptr<const ServedModel>> Models::all() const {
  const std::lock_guard lock(mutex_);
  return models_;
}

std::shared_ptr<const ServedModel> Models::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  if (name.empty()) return models_.empty() ? nullptr : models_.front();
  const auto found = std::ranges::find_if(models_, [&](const auto& model) { return model->name() == name; });
  return found == models_.end() ? nullptr : *found;
}

}  // namespace bertune::serve
