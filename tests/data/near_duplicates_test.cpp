#include "data/checks/near_duplicates.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

#include "core/random.h"
#include "data/checks.h"

namespace bertune::data::testing {
namespace {

std::string sentence(Random& random, int words) {
  std::string text;
  for (int i = 0; i < words; ++i) {
    if (i > 0) text += ' ';
    for (int k = 0; k < 6; ++k) text += static_cast<char>('a' + random.below(26));
  }
  return text;
}

std::vector<NearSet> all_of(std::initializer_list<const Dataset*> sets) {
  std::vector<NearSet> near;
  for (const Dataset* set : sets)
    near.push_back({texts_of(*set), std::vector<bool>(static_cast<std::size_t>(set->size()), true)});
  return near;
}

// The exact similarity of shingles of five characters, written down plainly.
double similarity(const std::string& left, const std::string& right) {
  const auto shingles = [](const std::string& text) {
    std::set<std::string> all;
    for (std::size_t i = 0; i + 5 <= text.size() + 1; ++i) all.insert((text + "\n").substr(i, 5));
    return all;
  };
  const std::set<std::string> a = shingles(left), b = shingles(right);
  std::size_t common = 0;
  for (const std::string& shingle : a) common += b.count(shingle);
  return static_cast<double>(common) / static_cast<double>(a.size() + b.size() - common);
}

TEST(NearDuplicates, FindsNearlyAllAndNothingElse) {
  Random random(1, 2);
  std::string csv = "text\n";
  std::vector<std::string> rows;
  for (int i = 0; i < 400; ++i) {
    std::string text = sentence(random, 12);
    rows.push_back(text);
    text.replace(random.below(4) * 7, 6, "zzzzzz");  // a word of twelve: a similarity of about .77 to .87
    rows.push_back(text);
  }
  for (const std::string& row : rows) csv += row + "\n";
  const Dataset set = dataset_of(csv, {.labels_required = false});
  const auto near = near_duplicates(all_of({&set}));
  int alike = 0, found = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool is_alike = i % 2 == 1 && similarity(rows[i - 1], rows[i]) >= kNearlyEqual;
    alike += is_alike ? 1 : 0;
    if (near[0][i].earlier < 0) continue;
    EXPECT_EQ(near[0][i].earlier, static_cast<std::int64_t>(i) - 1);
    EXPECT_TRUE(is_alike) << i;
    ++found;
  }
  EXPECT_GT(alike, 100);
  EXPECT_GE(found, alike * 94 / 100);
}

TEST(NearDuplicates, ComparesSetsWithTheFirst) {
  const Dataset train =
      dataset_of("text\nWhere is the parcel that I ordered on Monday?\nSomething else entirely it is\n",
                 {.labels_required = false});
  const Dataset test = dataset_of(
      "text\nwhere is the  parcel that I ordered on monday!\nA text of its own and without twins\n",
      {.labels_required = false});
  const auto near = near_duplicates(all_of({&train, &test}));
  EXPECT_EQ(near[1][0].trained, 0);
  EXPECT_EQ(near[1][0].earlier, -1);
  EXPECT_EQ(near[1][1].trained, -1);
  EXPECT_EQ(near[0][1].earlier, -1);
}

TEST(NearDuplicates, LeaveShortTextsAlone) {
  const Dataset set = dataset_of("text\ngood movie\ngood movies\n", {.labels_required = false});
  EXPECT_EQ(near_duplicates(all_of({&set}))[0][1].earlier, -1);
}

TEST(Check, TellsNearRowsOfOtherLabels) {
  std::string csv =
      "text,label\nthe delivery came three days late again,late\nThe delivery came three days late "
      "again.,lost\n";
  for (int i = 0; i < 30; ++i)
    csv += std::string(20, static_cast<char>('a' + i % 26)) + std::to_string(i) +
           (i % 2 == 0 ? ",late\n" : ",lost\n");
  const Dataset train = dataset_of(csv);
  const Finding found = finding_of(check_labelled({{"train", &train}}), FindingKind::near_duplicate, "train");
  EXPECT_EQ(found.with_other_label, 1);
  ASSERT_GE(found.examples.size(), 1U);
  EXPECT_THAT(found.examples[0].labels, ::testing::ElementsAre("late", "lost"));
  const Finding none = finding_of(check_labelled({{"train", &train}}, {.max_near_rows = 10}),
                                  FindingKind::near_duplicate, "train");
  EXPECT_EQ(none.rows, 0);
}

}  // namespace
}  // namespace bertune::data::testing
