// The example datasets for several labels, numbers and pairs: their promises are those of
// examples/ticket_details/README.md.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "data/checks.h"
#include "data/texts/labels.h"

namespace bertune::data::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

Dataset details(const std::string& file, const ReadOptions& options = {}) {
  return read_dataset(std::filesystem::path(BERTUNE_SOURCE_DIR) / "examples" / "ticket_details" / file,
                      options);
}

Dataset urgency(const std::string& split) {
  ReadOptions options;
  options.label_column = "urgency";
  return details("urgency_" + split + ".csv", options);
}

// Notes that say more than which columns were guessed.
std::vector<std::string> damage(const Dataset& dataset) {
  std::vector<std::string> notes = dataset.notes;
  std::erase_if(notes, [](const std::string& note) { return note.find("detected") != std::string::npos; });
  return notes;
}

std::vector<Finding> findings(const Dataset& train, const Dataset& test, bool classification = true) {
  if (classification) return check_labelled({{"train", &train}, {"test", &test}}).findings;
  const NamedTexts sets[] = {named_texts("train", train), named_texts("test", test)};
  return check_texts(sets, {.conflicts = false}).findings;
}

TEST(TicketDetails, TopicsAreOneToThreeOfTheEightLabels) {
  const Dataset train = details("topics_train.jsonl"), test = details("topics_test.jsonl");
  EXPECT_EQ(train.size(), 262);
  EXPECT_EQ(test.size(), 80);
  EXPECT_EQ(guess_problem_type(train).type, ProblemType::multi_label_classification);
  LabelOptions options;
  options.multi_label = true;
  const LabelMap labels = build_label_map(train, options);
  EXPECT_THAT(labels.id2label(),
              ElementsAre("account_access", "app_problem", "billing", "damaged_or_wrong_item", "delivery",
                          "product_question", "refund", "subscription_change"));
  for (const Dataset* dataset : {&train, &test}) {
    EXPECT_THAT(damage(*dataset), IsEmpty());
    const std::vector<float> targets = multi_label_targets(*dataset, labels);
    std::vector<float> of_label(8, 0.0F);
    for (std::size_t row = 0; row < dataset->rows.size(); ++row) {
      float of_row = 0;
      for (std::size_t label = 0; label < 8; ++label) {
        of_row += targets[row * 8 + label];
        of_label[label] += targets[row * 8 + label];
      }
      EXPECT_TRUE(of_row >= 1 && of_row <= 3) << dataset->rows[row].text;
    }
    for (std::size_t label = 0; label < 8; ++label) {
      EXPECT_GE(of_label[label], 0.1F * static_cast<float>(dataset->size())) << labels.id2label()[label];
    }
  }
}

TEST(TicketDetails, UrgencyIsFromZeroToFiveInHalves) {
  const Dataset train = urgency("train"), test = urgency("test");
  EXPECT_EQ(train.size(), 262);
  EXPECT_EQ(test.size(), 80);
  EXPECT_EQ(guess_problem_type(train).type, ProblemType::regression);
  for (const Dataset* dataset : {&train, &test}) {
    EXPECT_THAT(damage(*dataset), IsEmpty());
    std::set<float> steps;
    for (const float value : label_values(*dataset)) {
      EXPECT_EQ(value * 2, std::round(value * 2));
      steps.insert(value);
    }
    EXPECT_EQ(steps.size(), 11U);
    EXPECT_EQ(*steps.begin(), 0);
    EXPECT_EQ(*steps.rbegin(), 5);
  }
}

TEST(TicketDetails, TopicsAndUrgencyAreOfTheSameTexts) {
  for (const std::string split : {"train", "test"}) {
    EXPECT_THAT(texts(urgency(split)),
                UnorderedElementsAreArray(texts(details("topics_" + split + ".jsonl"))));
  }
}

TEST(TicketDetails, EachMessageOfThePairsStandsOnceInEitherClass) {
  std::set<std::string_view> before;
  const Dataset train = details("pairs_train.csv"), test = details("pairs_test.csv");
  EXPECT_EQ(train.size(), 240);
  EXPECT_EQ(test.size(), 80);
  for (const Dataset* dataset : {&train, &test}) {
    EXPECT_THAT(damage(*dataset), IsEmpty());
    EXPECT_TRUE(dataset->has_pairs);
    std::map<std::string_view, std::vector<std::string_view>> labels_of;
    for (const Row& row : dataset->rows) {
      labels_of[row.text].push_back(row.label);
      labels_of[row.text_pair].push_back(row.label);
    }
    EXPECT_EQ(static_cast<std::int64_t>(labels_of.size()), dataset->size());
    for (auto& [message, labels] : labels_of) {
      std::sort(labels.begin(), labels.end());
      EXPECT_THAT(labels, ElementsAre("other_request", "same_request")) << message;
      EXPECT_TRUE(before.insert(message).second) << "in both splits: " << message;
    }
  }
}

TEST(TicketDetails, PassTheCheckWithoutAWarning) {
  EXPECT_THAT(warnings_of(findings(details("pairs_train.csv"), details("pairs_test.csv"))), IsEmpty());
  EXPECT_THAT(findings(urgency("train"), urgency("test"), false), IsEmpty());
  EXPECT_THAT(findings(details("topics_train.jsonl"), details("topics_test.jsonl"), false), IsEmpty());
}

}  // namespace
}  // namespace bertune::data::testing
