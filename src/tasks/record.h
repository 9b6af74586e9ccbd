// Records of an evaluation: what the model said of each item of a labeled set, and what is right.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bertune/batch.h"
#include "bertune/model.h"
#include "core/json.h"
#include "core/names.h"
#include "data/texts/reader.h"

namespace bertune::tasks {

// The kinds of results that items have; they say how `logits` and `truth` of an item are read.
enum class Outcome {
  classes,   // logits of classes; truth: the id of one
  labels,    // logits of labels, each for itself; truth: 0 or 1 for each
  numbers,   // the numbers themselves; truth: the right ones
  tags,      // logits of tags for each word; truth: the id of one for each
  answers,   // the scores of the best answer and of "no answer"; the texts are in `more`
  choices,   // a logit a choice; truth: the number of one
  cosines,   // the cosine of two texts; truth: what it should be
  partners,  // the cosine of two texts that belong together; their rank is in `more`
};

inline constexpr Names kOutcomes(std::to_array<Named<Outcome>>({{Outcome::classes, "classes"},
                                                                {Outcome::labels, "labels"},
                                                                {Outcome::numbers, "numbers"},
                                                                {Outcome::tags, "tags"},
                                                                {Outcome::answers, "answers"},
                                                                {Outcome::choices, "choices"},
                                                                {Outcome::cosines, "cosines"},
                                                                {Outcome::partners, "partners"}}));

struct ItemRecord {
  std::int64_t item = 0;                     // in its set, from 0
  std::int64_t tokens = 0;                   // of the whole item, special ones included
  std::int64_t windows = 1, cut_tokens = 0;  // that it was read in; tokens that were not read
  std::vector<float> logits = {};            // [positions, width]; a position is a word, or the item
  std::vector<float> truth = {};             // [positions], or [width] of labels and numbers
  // Members of answers {"answer", "answers" (right ones), "exact" and "f1" from 0 to 1}; of partners
  // {"rank"}.
  Json more = Json::object();
};

// The form that all records of a set have.
struct RecordForm {
  Outcome outcome = Outcome::classes;
  std::vector<std::string> labels = {};  // of classes, labels and tags
  std::int64_t width = 1;                // logits of a position
  std::string scheme = {};               // of tags: how they spell entities, as data::TagScheme is named
  double threshold = 0.5;                // of labels: the probability above which one is predicted
  double temperature = 1;                // that the logits were divided by, and the weights on disk are not
  double folded_by = 1;                  // by temperatures that the weights on disk were divided by before
  std::string unit = "row";              // what an item is to a person
};

using UseRecord = std::function<void(ItemRecord)>;

// Takes the outputs for the rows of some examples, in order, and gives a record of each item, in order.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual RecordForm form() const = 0;
  virtual void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) = 0;
  // Gives, after the last row, the records of items that are not complete before.
  virtual void finish() {}
};

// The records of a set, as far as they were to be kept.
struct Records {
  RecordForm form = {};
  std::vector<ItemRecord> items = {};
  std::int64_t in_all = 0;  // items of the set
};

// The texts by which a person recognizes an item.
struct ItemText {
  std::string where = {};                // "test.csv:7"
  std::string id, text, text_pair = {};  // empty where it has none
};

// Returns the text of an item of a set, "validation" or "test".
using ItemTexts = std::function<ItemText(const std::string& set, std::int64_t item)>;

ItemText text_of_row(const data::Dataset& rows, std::int64_t item);

}  // namespace bertune::tasks
