#include "data/splits/split.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>

#include "data/helpers.h"
#include "data/splits/subset.h"

namespace bertune::data::testing::split_test {
namespace {

using ::testing::UnorderedElementsAreArray;

std::map<std::string, std::int64_t> count_labels(const Dataset& dataset,
                                                 const std::vector<std::int64_t>& rows) {
  std::map<std::string, std::int64_t> counts;
  for (const std::int64_t row : rows)
    ++counts[std::string(dataset.rows[static_cast<std::size_t>(row)].label)];
  return counts;
}

Dataset example() {
  std::string csv = "text,label\n";
  for (int i = 0; i < 100; ++i) csv += "many " + std::to_string(i) + ",many\n";
  for (int i = 0; i < 40; ++i) csv += "copy " + std::to_string(i / 4) + ",copies\n";
  csv += "pair 1,pair\npair 2,pair\nalone,single\nsame,same\nsame,same\n";
  return dataset_of(csv);
}

TEST(StratifiedSplit, HoldsOutAShareOfEveryClass) {
  const Dataset dataset = example();
  const Split split = stratified_split(texts_of(dataset), 0.1, 7);
  EXPECT_EQ(split.train.size() + split.validation.size(), dataset.rows.size());
  const auto validation = count_labels(dataset, split.validation);
  EXPECT_EQ(validation.at("many"), 10);
  EXPECT_EQ(validation.at("copies"), 4);
  EXPECT_EQ(validation.at("pair"), 1);
  EXPECT_FALSE(validation.contains("single"));
  EXPECT_FALSE(validation.contains("same"));
}

TEST(StratifiedSplit, KeepsCopiesOnOneSide) {
  const Dataset dataset = example();
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    const Split split = stratified_split(texts_of(dataset), 0.25, seed);
    std::set<std::string_view> train;
    for (const std::int64_t row : split.train) train.insert(dataset.rows[static_cast<std::size_t>(row)].text);
    for (const std::int64_t row : split.validation) {
      EXPECT_FALSE(train.contains(dataset.rows[static_cast<std::size_t>(row)].text));
    }
  }
}

TEST(StratifiedSplit, IsAFunctionOfTheSeed) {
  const Dataset dataset = example();
  EXPECT_EQ(stratified_split(texts_of(dataset), 0.1, 1).validation,
            stratified_split(texts_of(dataset), 0.1, 1).validation);
  EXPECT_NE(stratified_split(texts_of(dataset), 0.1, 1).validation,
            stratified_split(texts_of(dataset), 0.1, 2).validation);
}

TEST(StratifiedSplit, TakesManyValuesAsOneClass) {
  std::string csv = "text,score\n";
  for (int i = 0; i < 50; ++i) csv += "t" + std::to_string(i) + "," + std::to_string(i) + ".5\n";
  const Dataset dataset = dataset_of(csv);
  EXPECT_EQ(stratified_split(texts_of(dataset), 0.2).validation.size(), 10U);
}

TEST(StratifiedSplit, RefusesImpossibleShares) {
  const Dataset dataset = example();
  EXPECT_THROW(stratified_split(texts_of(dataset), 0.0), UsageError);
  EXPECT_THROW(stratified_split(texts_of(dataset), 1.0), UsageError);
}

TEST(Subset, SharesTheStorage) {
  Dataset part;
  {
    const Dataset dataset = dataset_of("text,label\n\"a \"\"1\"\"\",x\nb,y\nc,x\n");
    part = subset(dataset, std::vector<std::int64_t>{0, 2});
  }
  EXPECT_EQ(part.rows[0].text, "a \"1\"");
  EXPECT_EQ(part.rows[1].line, 4);
  EXPECT_TRUE(part.has_labels);
}

}  // namespace
}  // namespace bertune::data::testing::split_test
