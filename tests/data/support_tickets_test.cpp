// The example dataset: its promises are those of examples/support_tickets/README.md.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "data/checks.h"
#include "data/texts/labels.h"

namespace bertune::data::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Dataset tickets(const std::string& split) {
  return read_dataset(std::filesystem::path(BERTUNE_SOURCE_DIR) / "examples" / "support_tickets" /
                      (split + ".csv"));
}

using Words = std::vector<std::size_t>;  // sorted hashes of distinct words

Words words_of(std::string_view text) {
  std::set<std::size_t> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.insert(std::hash<std::string>()(word));
    word.clear();
  };
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (std::isalnum(byte) != 0 || byte >= 0x80) {
      word.push_back(static_cast<char>(std::tolower(byte)));
    } else {
      finish();
    }
  }
  finish();
  return {words.begin(), words.end()};
}

double jaccard(const Words& left, const Words& right) {
  Words both;
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(both));
  const std::size_t either = left.size() + right.size() - both.size();
  return either == 0 ? 1.0 : static_cast<double>(both.size()) / static_cast<double>(either);
}

TEST(SupportTickets, HasTheCountsAndLabelsItPromises) {
  const Dataset train = tickets("train"), validation = tickets("validation"), test = tickets("test");
  EXPECT_EQ(train.size(), 1200);
  EXPECT_EQ(validation.size(), 200);
  EXPECT_EQ(test.size(), 200);
  const LabelMap labels = build_label_map(train);
  EXPECT_THAT(labels.id2label(),
              ElementsAre("account_access", "app_problem", "billing", "damaged_or_wrong_item", "delivery",
                          "product_question", "refund", "subscription_change"));
  EXPECT_EQ(label_ids(validation, labels).size(), 200U);
  EXPECT_EQ(label_ids(test, labels).size(), 200U);
  for (const Dataset* dataset : {&train, &validation, &test}) {
    std::map<std::string_view, int> counts;
    for (const Row& row : dataset->rows) ++counts[row.label];
    for (const auto& [label, count] : counts) {
      EXPECT_GE(static_cast<double>(count), 0.1 * static_cast<double>(dataset->size())) << label;
    }
  }
}

TEST(SupportTickets, PassesTheCheckWithoutAWarning) {
  const Dataset train = tickets("train"), validation = tickets("validation"), test = tickets("test");
  const CheckResult result =
      check_labelled({{"train", &train}, {"validation", &validation}, {"test", &test}});
  EXPECT_THAT(warnings_of(result.findings), IsEmpty());
}

TEST(SupportTickets, HasNoNearDuplicates) {
  std::vector<Words> words;
  std::vector<std::string> all;
  for (const char* split : {"train", "validation", "test"}) {
    const Dataset dataset = tickets(split);
    for (const Row& row : dataset.rows) {
      words.push_back(words_of(row.text));
      all.emplace_back(row.text);
    }
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      // Sets of very different sizes cannot be alike.
      if (words[i].size() * 2 < words[j].size() || words[j].size() * 2 < words[i].size()) continue;
      EXPECT_LE(jaccard(words[i], words[j]), 0.6) << all[i] << "\n" << all[j];
    }
  }
}

}  // namespace
}  // namespace bertune::data::testing
