#include "data/splits/folds.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Dataset example() {
  std::string csv = "text,label\n";
  for (int i = 0; i < 101; ++i) csv += "many " + std::to_string(i) + ",many\n";
  for (int i = 0; i < 33; ++i) csv += "some " + std::to_string(i) + ",some\n";
  for (int i = 0; i < 60; ++i) csv += "copy " + std::to_string(i % 20) + ",copies\n";
  return dataset_of(csv + "pair 1,pair\npair 2,pair\n");
}

TEST(Folds, DealsEveryClassAndAllRowsEvenly) {
  const Dataset dataset = example();
  for (const std::int64_t count : {2, 3, 5, 10}) {
    const std::vector<std::int64_t> folds = fold_of_rows(texts_of(dataset), count, 42);
    std::map<std::string, std::vector<std::int64_t>> rows;
    for (std::size_t i = 0; i < folds.size(); ++i) {
      for (const std::string& name : {std::string(dataset.rows[i].label), std::string("all")}) {
        rows[name].resize(static_cast<std::size_t>(count));
        ++rows[name].at(static_cast<std::size_t>(folds[i]));
      }
    }
    for (const auto& [name, counts] : rows) {
      const auto [least, most] = std::ranges::minmax(counts);
      EXPECT_LE(most - least, name == "copies" || name == "all" ? 3 : 1) << name << " in " << count;
    }
  }
}

TEST(Folds, KeepsEqualTextsTogether) {
  const Dataset dataset = example();
  const std::vector<std::int64_t> folds = fold_of_rows(texts_of(dataset), 5, 1);
  std::map<std::string, std::set<std::int64_t>> of_text;
  for (std::size_t i = 0; i < folds.size(); ++i) of_text[std::string(dataset.rows[i].text)].insert(folds[i]);
  for (const auto& [text, in] : of_text) EXPECT_EQ(in.size(), 1U) << text;
}

TEST(Folds, DependOnTheSeedAlone) {
  const Dataset dataset = example();
  EXPECT_EQ(fold_of_rows(texts_of(dataset), 5, 1), fold_of_rows(texts_of(dataset), 5, 1));
  EXPECT_NE(fold_of_rows(texts_of(dataset), 5, 1), fold_of_rows(texts_of(dataset), 5, 2));
}

TEST(Folds, EachRowIsHeldOutOnce) {
  const Dataset dataset = example();
  std::vector<int> held_out(dataset.rows.size());
  for (std::int64_t i = 0; i < 4; ++i) {
    const Split split = stratified_split(texts_of(dataset), 0.1, 42, {.number = i, .count = 4});
    EXPECT_EQ(split.train.size() + split.validation.size(), dataset.rows.size());
    for (const std::int64_t row : split.validation) ++held_out[static_cast<std::size_t>(row)];
    EXPECT_THAT(split.notes,
                ElementsAre(HasSubstr("the label \"pair\" has too few different texts for each of 4 folds")));
  }
  EXPECT_EQ(std::ranges::count(held_out, 1), dataset.size());
  EXPECT_THAT(stratified_split(texts_of(dataset), 0.1, 42, {.number = 0, .count = 2}).notes, IsEmpty());
}

TEST(Folds, NumbersAreOneClass) {
  std::string csv = "text,label\n";
  for (int i = 0; i < 30; ++i) csv += "text " + std::to_string(i) + ",0." + std::to_string(i) + "\n";
  const Dataset dataset = dataset_of(csv);
  const Split split = fold_split(texts_of(dataset), {.number = 1, .count = 4}, 42);
  EXPECT_NEAR(static_cast<double>(split.validation.size()), 7.5, 0.5);
  EXPECT_THAT(split.notes, IsEmpty());
}

TEST(Folds, TooManyAreRefused) {
  const Dataset dataset = dataset_of("text,label\na,x\na,x\nb,y\nc,x\n");
  EXPECT_THAT(message_of<UsageError>([&] { fold_of_rows(texts_of(dataset), 4, 1); }),
              HasSubstr("has 3 different texts"));
  EXPECT_THAT(message_of<UsageError>([&] { fold_of_rows(texts_of(dataset), 1, 1); }),
              HasSubstr("at least 2"));
  EXPECT_THAT(message_of<UsageError>([&] { fold_of_rows(texts_of(dataset), -3, 1); }),
              HasSubstr("at least 2"));
  EXPECT_EQ(fold_of_rows(texts_of(dataset), 3, 1).size(), 4U);
}

}  // namespace
}  // namespace bertune::data::testing
