#include "insight/results/prediction_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "insight/results/outcomes.h"
#include "insight/table_maker.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"

namespace bertune::insight {
namespace {

using ::testing::ElementsAre;
using testing::form_of_classes;
using ::testing::HasSubstr;
using testing::table_of;

TEST(PredictionTable, IsReadAsItWasWritten) {
  const testing::TemporaryDirectory folder;
  const std::string hostile = "<script>alert(1)</script>\n\xFF\"" + std::string(5000, 'x');
  write_predictions(folder.path(),
                    table_of(form_of_classes({"no", "yes"}), {{{1, 2}, {1}, hostile}, {{0, -1}, {1}}}));
  const PredictionTable table = read_predictions(folder.path());
  ASSERT_EQ(table.sets.size(), 1U);
  const PredictedSet& set = table.sets[0];
  EXPECT_EQ(set.path, "test.csv");
  EXPECT_THAT(set.logits, ElementsAre(1, 2, 0, -1));
  EXPECT_THAT(set.truth, ElementsAre(1, 1));
  EXPECT_EQ(set.rows[1].where, "test.csv:3");
  EXPECT_EQ(set.rows[1].tokens, 5);
  EXPECT_LE(set.rows[0].text.size(), kTextBytes + 5);
  EXPECT_THAT(set.rows[0].text, HasSubstr("<script>"));
  const Json json = Json::parse(folder.read(kPredictionsFile));
  EXPECT_EQ(json.at("sets").at("test").at("rows")[0].at("label"), "yes");
  const std::vector<ClassResult> results = class_results(table, set);
  EXPECT_TRUE(results[0].right());
  EXPECT_FALSE(results[1].right());
  EXPECT_NEAR(results[0].confidence, 0.7310585786300049, 1e-12);
}

TEST(PredictionTable, TagsHavePositionsForTheirWords) {
  const testing::TemporaryDirectory folder;
  tasks::RecordForm form = form_of_classes({"B-X", "I-X", "O"});
  form.outcome = tasks::Outcome::tags, form.scheme = "IOB2";
  // B-X I-X and O; then B-X, which is said to be O.
  write_predictions(folder.path(),
                    table_of(form, {{{5, 0, 0, 0, 5, 0, 0, 0, 5}, {0, 1, 2}}, {{0, 0, 5}, {0}}}));
  const PredictionTable table = read_predictions(folder.path());
  EXPECT_THAT(table.sets[0].begins, ElementsAre(0, 3, 4));
  const std::vector<RowMetric> metrics = metrics_of(table, table.sets[0]);
  EXPECT_EQ(metrics[0].name, "f1");
  EXPECT_NEAR(metrics[0].rows.value(), 2.0 / 3, 1e-12);  // of two entities one is found, and nothing else
  EXPECT_NEAR(metrics[1].rows.value(), 0.75, 1e-12);
  const std::vector<LabelCounts> counts = label_counts(table, table.sets[0]);
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts[0].label, "X");
  EXPECT_EQ(counts[0].support, 2);
  EXPECT_EQ(counts[0].correct, 1);
}

TEST(PredictionTable, MetricsOfEveryKind) {
  const auto value = [](const tasks::RecordForm& form, const std::vector<testing::MadeRow>& rows,
                        const char* name) {
    const PredictionTable table = table_of(form, rows);
    for (const RowMetric& metric : metrics_of(table, table.sets[0]))
      if (metric.name == name) return metric.rows.value();
    return -1.0;
  };
  tasks::RecordForm form = form_of_classes({"a", "b", "c"});
  EXPECT_NEAR(value(form, {{{1, 0, 0}, {0}}, {{1, 0, 0}, {1}}, {{0, 1, 0}, {1}}}, "f1_macro"), 2.0 / 3,
              1e-12);
  form.outcome = tasks::Outcome::labels;
  EXPECT_NEAR(value(form, {{{1, -1, 1}, {1, 0, 0}}, {{-1, -1, 1}, {0, 1, 1}}}, "f1_micro"), 2.0 / 3, 1e-12);
  EXPECT_NEAR(value(form, {{{1, -1, -1}, {1, 0, 0}}, {{-1, -1, 1}, {0, 1, 1}}}, "accuracy"), 0.5, 1e-12);
  form = {.outcome = tasks::Outcome::numbers, .labels = {}};
  EXPECT_NEAR(value(form, {{{1}, {2}}, {{5}, {2}}}, "rmse"), std::sqrt(5.0), 1e-12);
  EXPECT_NEAR(value(form, {{{1}, {2}}, {{2}, {4}}, {{4}, {8}}}, "pearson"), 1, 1e-12);
}

TEST(PredictionTable, DamageIsSaid) {
  const testing::TemporaryDirectory folder;
  const auto message = [&] { return testing::message_of<Error>([&] { read_predictions(folder.path()); }); };
  EXPECT_THAT(message(), HasSubstr("has no predictions.json"));
  write_predictions(folder.path(), table_of(form_of_classes({"no", "yes"}), {{{1, 2}, {1}}}));
  const std::string one = folder.read(kPredictionsFile);
  folder.write(kPredictionsFile, one.substr(0, one.size() / 2));
  EXPECT_THAT(message(), HasSubstr("not valid JSON"));
  write_predictions(folder.path(), table_of(form_of_classes({"no", "yes"}), {{{1, 2}, {1}}, {{1, 2}, {1}}}));
  folder.write(kPredictionsFile, one);  // of another run
  EXPECT_THAT(message(), HasSubstr("does not belong to"));
  // What a member may not be is said with its place, whatever it is.
  const auto message_with = [&](const char* pointer, const Json& value) {
    Json json = Json::parse(one);
    json[Json::json_pointer(pointer)] = value;
    folder.write(kPredictionsFile, json.dump());
    return message();
  };
  write_predictions(folder.path(), table_of(form_of_classes({"no", "yes"}), {{{1, 2}, {1}}}));
  const std::string row = folder.path().string() + "/predictions.json: set \"test\", row 1: is damaged: ";
  EXPECT_EQ(message_with("/sets/test/rows/0/tokens", -1),
            row + "\"tokens\" is not a whole number of at least 0");
  EXPECT_EQ(message_with("/sets/test/rows/0/tokens", 1e300),
            row + "\"tokens\" is not a whole number of at least 0");
  EXPECT_EQ(message_with("/sets/test/rows/0/row", std::numeric_limits<std::uint64_t>::max()),
            row + "\"row\" is not a whole number of at least 0");
  EXPECT_EQ(message_with("/sets/test/rows/0/hash", nullptr), row + "\"hash\" is not a text");
  EXPECT_THAT(message_with("/sets/test/rows", Json::object()), HasSubstr("\"rows\" is not a list"));
  EXPECT_THAT(message_with("/sets/test/in_all", 0),
              HasSubstr("\"in_all\" is not a whole number of at least 1"));
  EXPECT_THAT(message_with("/sets", Json::array()), HasSubstr("\"sets\" is not an object"));
  EXPECT_THAT(message_with("/labels", {"no", 1}), HasSubstr("\"labels\" is not a list of texts"));
  EXPECT_THAT(message_with("/labels", {"no"}), HasSubstr("\"labels\" are not as many as the logits"));
  EXPECT_THAT(message_with("/outcome", "none"), HasSubstr("\"outcome\" is an unknown kind of results"));
  EXPECT_THAT(message_with("/temperature", 0), HasSubstr("\"temperature\" is not a number from"));
  write_predictions(folder.path(), PredictionTable());
  EXPECT_FALSE(has_predictions(folder.path()));
}

}  // namespace
}  // namespace bertune::insight
