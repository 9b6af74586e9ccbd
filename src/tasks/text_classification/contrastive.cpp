#include "tasks/text_classification/contrastive.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/random.h"
#include "core/random_streams.h"

namespace bertune::tasks {
namespace {

// Takes items in random order, all of them once before any comes again.
class Turns {
 public:
  explicit Turns(std::vector<std::int64_t> items) : items_(std::move(items)), next_(items_.size()) {}

  // Returns some different ones, at most as many as there are.
  std::vector<std::int64_t> take(std::int64_t count, Random& random) {
    std::vector<std::int64_t> taken;
    while (std::ssize(taken) < std::min(count, std::ssize(items_))) {
      if (next_ == items_.size()) random.shuffle(items_), next_ = 0;
      const std::int64_t item = items_[next_++];
      if (std::ranges::find(taken, item) == taken.end()) taken.push_back(item);
    }
    return taken;
  }

 private:
  std::vector<std::int64_t> items_;
  std::size_t next_;
};

// The rows of each label; of several labels a row has a place in each of its own, and those without any are
// one more class.
std::vector<Turns> rows_by_label(const TextClassificationExamples& texts) {
  const auto labels = static_cast<std::size_t>(texts.num_labels);
  std::vector<std::vector<std::int64_t>> rows(labels + 1);
  for (std::int64_t row = 0; row < texts.rows(); ++row) {
    const auto place = static_cast<std::size_t>(row);
    if (!texts.labels.empty()) {
      rows[static_cast<std::size_t>(texts.labels[place])].push_back(row);
      continue;
    }
    bool has_any = false;
    for (std::size_t label = 0; label < labels; ++label) {
      if (texts.targets[place * labels + label] < 0.5F) continue;
      rows[label].push_back(row);
      has_any = true;
    }
    if (!has_any) rows[labels].push_back(row);
  }
  std::vector<Turns> turns;
  for (std::vector<std::int64_t>& own : rows)
    if (!own.empty()) turns.emplace_back(std::move(own));
  return turns;
}

}  // namespace

ContrastiveExamples::ContrastiveExamples(const TextClassificationExamples& texts,
                                         const ContrastiveOptions& options)
    : texts_(texts) {
  constexpr std::int64_t kMostClasses = 8;  // of a step: with more, few of its pairs are of one class
  std::vector<Turns> classes = rows_by_label(texts);
  std::vector<std::int64_t> numbers(classes.size());
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  Turns order(std::move(numbers));
  const std::int64_t most = std::max<std::int64_t>(2, options.texts),
                     of_step =
                         std::clamp<std::int64_t>(std::ssize(classes), 1, std::min(kMostClasses, most / 2)),
                     of_class = most / of_step;
  Random random(options.seed, kContrastiveStream);
  for (std::int64_t step = 0; step < options.steps; ++step) {
    std::vector<std::int64_t>& rows = steps_.emplace_back();
    for (const std::int64_t number : order.take(of_step, random)) {
      const std::vector<std::int64_t> taken =
          classes[static_cast<std::size_t>(number)].take(of_class, random);
      rows.insert(rows.end(), taken.begin(), taken.end());
    }
    std::ranges::sort(rows);
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    std::int64_t tokens = tokens_.back();
    for (const std::int64_t row : rows)
      tokens += texts.begins[static_cast<std::size_t>(row) + 1] - texts.begins[static_cast<std::size_t>(row)];
    tokens_.push_back(tokens);
  }
}

float ContrastiveExamples::target(std::int64_t text, std::int64_t other) const {
  const auto one = static_cast<std::size_t>(text), two = static_cast<std::size_t>(other);
  if (!texts_.labels.empty()) return texts_.labels[one] == texts_.labels[two] ? 1 : 0;
  const auto labels = static_cast<std::size_t>(texts_.num_labels);
  float both = 0, any = 0;
  for (std::size_t label = 0; label < labels; ++label) {
    const bool first = texts_.targets[one * labels + label] > 0.5F,
               second = texts_.targets[two * labels + label] > 0.5F;
    both += first && second ? 1 : 0, any += first || second ? 1 : 0;
  }
  return any > 0 ? both / any : 1;
}

void ContrastiveExamples::add_to(Batch& batch, std::int64_t row) const {
  const std::vector<std::int64_t>& rows = texts_of(row);
  for (const std::int64_t one : rows) add_row(texts_, one, batch);
  for (const std::int64_t one : rows)
    for (const std::int64_t two : rows) batch.targets.push_back(target(one, two));
}

std::string ContrastiveExamples::fingerprint() const {
  Fingerprint fingerprint = fingerprint_of(texts_);
  fingerprint.add(texts_.labels).add(texts_.targets);
  for (const std::vector<std::int64_t>& rows : steps_) fingerprint.add(rows);
  return fingerprint.text();
}

}  // namespace bertune::tasks
