// Records become questions: every text checked, and kept once while its neighbors share it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/error.h"
#include "data/choices/multiple_choice.h"
#include "data/choices/multiple_choice_columns.h"
#include "data/files/records.h"
#include "data/files/storage.h"

namespace bertune::data {

// A question has another number of choices than the first one.
class OtherNumberOfChoices : public Error {
 public:
  using Error::Error;
};

class MultipleChoiceBuilder {
 public:
  // `names` are those of the cells of the records that follow.
  MultipleChoiceBuilder(std::string path, const MultipleChoiceColumns& columns,
                        const std::vector<std::string>& names);

  // Says how many choices a question has, if the first one added is not to.
  void set_num_choices(std::int64_t number) { dataset_.num_choices = number; }
  void add(const Record& record);
  // Throws Error when there are no questions, and for more than `most_bad` without a right choice.
  MultipleChoiceDataset finish(std::vector<std::string> notes, std::int64_t most_bad);
  std::int64_t size() const { return dataset_.size(); }

 private:
  struct Column {
    std::string name;
    int index = -1;  // of its cells; -1: there is none
  };

  std::string_view text_at(const Record& record, const Column& column, std::size_t longest);
  std::vector<std::string_view> listed_choices(const Record& record);
  std::vector<std::string_view> choices_in_columns(const Record& record);
  void check(const MultipleChoiceQuestion& question, std::span<const std::string_view> choices) const;
  std::string here() const { return place_in(dataset_.path, line_); }

  MultipleChoiceDataset dataset_;
  Column context_, question_, list_, label_, id_;
  std::vector<Column> each_;
  std::vector<std::string_view> labels_;
  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
  std::int64_t line_ = 0;  // of the record that is read
};

}  // namespace bertune::data
