#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "bertune/metrics.h"
#include "core/stopwatch.h"
#include "data/splits/text_index.h"
#include "data/tagged/tag_scheme.h"
#include "data/texts/labels.h"
#include "insight/data/task_baselines.h"
#include "insight/data/tfidf.h"
#include "tasks/question_answering/metrics.h"
#include "tasks/token_classification/metrics.h"
#include "tasks/token_classification/read.h"

namespace bertune::insight {
namespace {

struct InputSets {
  std::vector<LabelledInput> train, measured;
  std::string set;
};

// The rows to learn from; of tagged words as they are corrected.
std::vector<LabelledInput> training_rows(const tasks::TrainingFiles& files, const tasks::TaskEntry& task) {
  if (files.relabel.empty() && files.exclude.empty()) return task.read_inputs(files.train, files.data);
  const auto labelled = tasks::token_classification::read_labelled(files, BertConfig());
  std::vector<LabelledInput> rows;
  for (const data::TaggedSentence& sentence : labelled.sentences.sentences) {
    LabelledInput& row = rows.emplace_back();
    row.input.words.assign(sentence.words.begin(), sentence.words.end());
    row.labels.assign(sentence.tags.begin(), sentence.tags.end());
    row.where = labelled.sentences.where(sentence);
  }
  return rows;
}

// The rows of the files that are learned from and measured. Without another file every tenth row of the
// training file is measured, or, where nothing is learned, all of them.
InputSets read_inputs(const tasks::TrainingFiles& files, const tasks::TaskEntry& task, bool learns) {
  InputSets sets;
  sets.set = !files.test.empty()         ? "test"
             : !files.validation.empty() ? "validation"
             : learns                    ? "held-out rows"
                                         : "train";
  const std::filesystem::path& other = !files.test.empty() ? files.test : files.validation;
  const auto first_of = [](std::vector<LabelledInput> rows, std::int64_t most) {
    if (most >= 0 && static_cast<std::int64_t>(rows.size()) > most)
      rows.resize(static_cast<std::size_t>(most));
    return rows;
  };
  if (!other.empty()) {
    const std::int64_t most = !files.test.empty() ? files.max_test_rows : files.max_validation_rows;
    sets.measured = first_of(task.read_inputs(other, files.data), most);
    if (learns) sets.train = first_of(training_rows(files, task), files.max_train_rows);
    return sets;
  }
  std::vector<LabelledInput> rows = first_of(training_rows(files, task), files.max_train_rows);
  for (std::size_t i = 0; i < rows.size(); ++i)
    (learns && i % 10 != 9 ? sets.train : sets.measured).push_back(std::move(rows[i]));
  return sets;
}

Baselines begin(const InputSets& sets, std::string metric) {
  Baselines result;
  result.set = sets.set, result.metric = std::move(metric);
  result.train_rows = static_cast<std::int64_t>(sets.train.size());
  result.rows = static_cast<std::int64_t>(sets.measured.size());
  return result;
}

using WordSet = std::unordered_set<std::string>;

WordSet word_set(std::string_view text) {
  std::string folded;
  data::fold({text, {}}, folded);
  WordSet words;
  for (const std::string_view word : words_of(folded)) words.emplace(word);
  return words;
}

std::int64_t overlap(const WordSet& words, std::string_view text) {
  const WordSet others = word_set(text);
  return std::ranges::count_if(others, [&](const std::string& word) { return words.contains(word); });
}

// Parts of a text that end with '.', '!', '?' or a line end and a blank.
std::vector<std::string_view> sentences_of(std::string_view text) {
  std::vector<std::string_view> sentences;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ends =
        text[i] == '\n' || ((text[i] == '.' || text[i] == '!' || text[i] == '?') &&
                            (i + 1 == text.size() || text[i + 1] == ' ' || text[i + 1] == '\n'));
    if (!ends && i + 1 < text.size()) continue;
    if (i + 1 > begin) sentences.push_back(text.substr(begin, i + 1 - begin));
    begin = i + 1;
    while (begin < text.size() && text[begin] == ' ') ++begin;
  }
  return sentences;
}

// The most frequent tag of each word in the training rows, and for other words the most frequent of all.
class TagTable {
 public:
  TagTable(const std::vector<LabelledInput>& rows, const data::LabelMap& labels) {
    std::unordered_map<std::string, std::map<std::int32_t, std::int64_t>> counts;
    std::map<std::int32_t, std::int64_t> all;
    for (const LabelledInput& row : rows) {
      for (std::size_t i = 0; i < row.labels.size(); ++i) {
        const std::int32_t id = labels.id_of(row.labels[i]).value_or(0);
        ++counts[row.input.words[i]][id], ++all[id];
      }
    }
    const auto most = [](const std::map<std::int32_t, std::int64_t>& by_id) {
      return std::ranges::max_element(by_id, {}, &std::pair<const std::int32_t, std::int64_t>::second)->first;
    };
    if (!all.empty()) other_ = most(all);
    for (const auto& [word, by_id] : counts) tags_.emplace(word, most(by_id));
  }
  std::int32_t of(const std::string& word) const {
    const auto found = tags_.find(word);
    return found == tags_.end() ? other_ : found->second;
  }
  std::int32_t most_frequent() const { return other_; }

 private:
  std::unordered_map<std::string, std::int32_t> tags_;
  std::int32_t other_ = 0;
};

}  // namespace

Baselines tag_baselines(const tasks::TrainingFiles& files, const tasks::TaskEntry& task) {
  const InputSets sets = read_inputs(files, task, true);
  std::set<std::string> names;
  for (const auto* rows : {&sets.train, &sets.measured})
    for (const LabelledInput& row : *rows) names.insert(row.labels.begin(), row.labels.end());
  const std::vector<std::string> tags(names.begin(), names.end());
  const data::LabelMap labels(tags);
  const data::TagScheme scheme = data::scheme_of_tags(tags);
  Baselines result = begin(sets, scheme == data::TagScheme::none ? "accuracy" : "f1");
  const auto add = [&](const char* name, const auto& tag_of) {
    const Stopwatch watch;
    tasks::TokenMetricsAccumulator metrics(labels, scheme);
    for (const LabelledInput& row : sets.measured) {
      std::vector<std::int32_t> truth, said;
      for (std::size_t i = 0; i < row.labels.size(); ++i) {
        truth.push_back(*labels.id_of(row.labels[i]));
        said.push_back(tag_of(row.input.words[i]));
      }
      metrics.add(truth, said);
    }
    Baseline& one = result.baselines.emplace_back();
    one.name = name, one.values = metrics.result(0).values, one.seconds = watch.seconds();
    std::erase_if(one.values, [](const auto& value) { return value.first == "loss"; });
  };
  const Stopwatch watch;
  const TagTable table(sets.train, labels);
  const double seconds = watch.seconds();
  add("majority", [&](const std::string&) { return table.most_frequent(); });
  add("most_frequent_tag", [&](const std::string& word) { return table.of(word); });
  result.baselines.back().seconds += seconds;
  return result;
}

Baselines answer_baselines(const tasks::TrainingFiles& files, const tasks::TaskEntry& task) {
  const InputSets sets = read_inputs(files, task, false);
  Baselines result = begin(sets, "f1");
  const bool no_answers =
      std::ranges::any_of(sets.measured, [](const LabelledInput& row) { return row.labels.empty(); });
  const auto add = [&](const char* name, const auto& answer_of) {
    const Stopwatch watch;
    tasks::SquadMetrics metrics(no_answers ? tasks::SquadVersion::v2_0 : tasks::SquadVersion::v1_1);
    Baseline& one = result.baselines.emplace_back();
    for (const LabelledInput& row : sets.measured) {
      const std::vector<std::string_view> golds(row.labels.begin(), row.labels.end());
      const std::string_view said = answer_of(row);
      metrics.add(golds, said);
    }
    one.name = name, one.values = metrics.result(), one.seconds = watch.seconds();
    std::erase_if(one.values, [](const auto& value) { return value.first.starts_with("best_"); });
  };
  if (no_answers) add("majority", [](const LabelledInput&) { return std::string_view(); });
  add("word_overlap", [](const LabelledInput& row) {
    const WordSet words = word_set(row.input.question);
    std::string_view best;
    std::int64_t most = -1;
    for (const std::string_view sentence : sentences_of(row.input.context))
      if (const std::int64_t common = overlap(words, sentence); common > most) most = common, best = sentence;
    return best;
  });
  return result;
}

Baselines choice_baselines(const tasks::TrainingFiles& files, const tasks::TaskEntry& task) {
  const InputSets sets = read_inputs(files, task, true);
  Baselines result = begin(sets, "accuracy");
  std::map<std::string, std::int64_t> places;
  for (const LabelledInput& row : sets.train) ++places[row.labels.front()];
  const std::string place =
      places.empty()
          ? "0"
          : std::ranges::max_element(places, {}, &std::pair<const std::string, std::int64_t>::second)->first;
  const auto add = [&](const char* name, const auto& choice_of) {
    const Stopwatch watch;
    Baseline& one = result.baselines.emplace_back();
    double right = 0;
    for (const LabelledInput& row : sets.measured) {
      one.rows.push_back(choice_of(row) == row.labels.front() ? 1 : 0);
      right += one.rows.back();
    }
    one.name = name, one.seconds = watch.seconds();
    one.values = {{"accuracy", right / static_cast<double>(std::max<std::size_t>(1, sets.measured.size()))}};
  };
  add("majority", [&](const LabelledInput&) { return place; });
  add("word_overlap", [](const LabelledInput& row) {
    const WordSet words = word_set(row.input.context + " " + row.input.question);
    std::size_t best = 0;
    std::int64_t most = -1;
    for (std::size_t i = 0; i < row.input.choices.size(); ++i)
      if (const std::int64_t common = overlap(words, row.input.choices[i]); common > most)
        most = common, best = i;
    return std::to_string(best);
  });
  return result;
}

}  // namespace bertune::insight
