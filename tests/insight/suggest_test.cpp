// What to label next: clusters, margins, copies, and the shapes of the files.
#include "bertune/suggest.h"

#include <gmock/gmock.h>

#include <fstream>
#include <random>
#include <set>

#include "bertune/error.h"
#include "bertune/trainer.h"
#include "core/json.h"
#include "insight/data/k_means.h"
#include "insight/data/suggestions.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

TEST(KMeans, FindsClustersThatAreApart) {
  std::mt19937 engine(3);
  std::normal_distribution<float> noise(0, 0.05F);
  std::vector<float> rows;
  for (int i = 0; i < 60; ++i) {
    const int cluster = i % 3;
    rows.push_back((cluster == 0 ? 1.0F : cluster == 1 ? -1.0F : 0.0F) + noise(engine));
    rows.push_back((cluster == 2 ? 1.0F : 0.0F) + noise(engine));
  }
  const insight::Clusters found = insight::k_means(rows, 2, 3, 42);
  ASSERT_EQ(found.of_row.size(), 60U);
  for (std::size_t i = 3; i < 60; ++i) EXPECT_EQ(found.of_row[i], found.of_row[i % 3]) << i;
  EXPECT_EQ(std::set(found.of_row.begin(), found.of_row.end()).size(), 3U);
  for (const double distance : found.distances) EXPECT_LT(distance, 0.2);
  EXPECT_EQ(insight::k_means(rows, 2, 100, 42).of_row.size(), 60U);  // no more clusters than rows
}

TEST(Suggestions, TakeOneOfEachClusterBeforeASecond) {
  const std::vector<std::int64_t> clusters = {0, 0, 0, 1, 1, 2};
  const std::vector<double> margins = {0.1, 0.2, 0.3, 0.5, 0.4, 0.9};
  EXPECT_THAT(insight::one_of_each_cluster(clusters, margins, 3), ElementsAre(0, 4, 5));
  EXPECT_THAT(insight::one_of_each_cluster(clusters, margins, 4), ElementsAre(0, 1, 4, 5));
  EXPECT_EQ(insight::one_of_each_cluster(clusters, margins, 99).size(), 6U);
}

class SuggestOfFile : public ::testing::Test {
 protected:
  SuggestOfFile() {
    const std::filesystem::path model = testing::write_tiny_checkpoint(files_.path() / "classifier");
    std::filesystem::create_directories(files_.path() / "encoder");
    // The encoder alone, as sentence embeddings have it.
    BertPreTrainedModel::from_config(testing::tiny_config(), Architecture::sentence_embedding)
        .save_weights(files_.path() / "encoder");
    for (const char* name : {"vocab.txt", "tokenizer_config.json"})
      std::filesystem::copy_file(model / name, files_.path() / "encoder" / name);
    files_.write("new.csv", "text\n" + rows_);
  }

  Suggestions suggest_with(const char* model, std::int64_t count) const {
    return suggest({.unlabelled = files_.path() / "new.csv", .model = files_.path() / model, .count = count});
  }

  const std::string rows_ =
      "the film was good\nthe food was bad\nthe film was good\nthe band was very fine and so it went on for "
      "days\n"
      "the band was very fine and so it went on for days.\nthe plot was poor\nnot food\n";
  testing::TemporaryDirectory files_;
};

TEST_F(SuggestOfFile, LeavesOutCopies) {
  const Suggestions found = suggest_with("encoder", 100);
  EXPECT_FALSE(found.by_margin);
  EXPECT_EQ(found.rows_read, 7);
  EXPECT_EQ(found.copies, 1);
  EXPECT_EQ(found.near_copies, 1);
  EXPECT_EQ(found.rows.size(), 5U);
  for (const Suggestion& one : found.rows) {
    EXPECT_NE(one.row, 2);
    EXPECT_NE(one.row, 4);
    EXPECT_FALSE(one.margin);
  }
}

TEST_F(SuggestOfFile, ATrainedModelGivesTheRowsItIsUnsureOf) {
  const Suggestions all = suggest_with("classifier", 100), two = suggest_with("classifier", 2);
  EXPECT_TRUE(two.by_margin);
  ASSERT_EQ(two.rows.size(), 2U);
  ASSERT_EQ(all.rows.size(), 5U);
  for (std::size_t i = 1; i < all.rows.size(); ++i) EXPECT_LE(*all.rows[i - 1].margin, *all.rows[i].margin);
  EXPECT_EQ(two.rows[0].row, all.rows[0].row);
  EXPECT_EQ(all.rows[0].predicted.size(), 1U);
  // Of two classes the margin is how far the score is from one half, twice.
  EXPECT_NEAR(*all.rows[0].margin, 2 * *all.rows[0].score - 1, 1e-9);
}

TEST_F(SuggestOfFile, RefusesModelsOfOtherTasks) {
  BertConfig config = testing::tiny_config();
  BertPreTrainedModel::from_config(config, Architecture::token_classification)
      .save_weights(files_.path() / "classifier");
  EXPECT_THAT(message_of<UsageError>([&] { suggest_with("classifier", 2); }),
              HasSubstr("this is a model of another task"));
  EXPECT_THAT(message_of<UsageError>([&] { suggest_with("encoder", 0); }),
              HasSubstr("`count` is 0; it must be at least 1"));
}

const Suggestions kFound = {.by_margin = true,
                            .rows_read = 9,
                            .rows = {{.row = 3,
                                      .where = "new.csv:5",
                                      .text = "say \"hi\", please",
                                      .predicted = {"billing"},
                                      .score = 0.5,
                                      .margin = 0.25}}};

TEST(SuggestionFiles, AreTablesAndLines) {
  EXPECT_EQ(
      insight::text_of(kFound, insight::SuggestionFormat::csv),
      "text,predicted,score,margin,where\n\"say \"\"hi\"\", please\",billing,0.5000,0.2500,new.csv:5\n");
  EXPECT_EQ(
      parse_json(insight::text_of(kFound, insight::SuggestionFormat::jsonl), "line"),
      parse_json(R"({"text": "say \"hi\", please", "predicted": ["billing"], "score": 0.5, "margin": 0.25,
                           "where": "new.csv:5"})",
                 "expected"));
}

TEST(SuggestionFiles, AreWhatToolsImport) {
  EXPECT_EQ(parse_json(insight::text_of(kFound, insight::SuggestionFormat::doccano), "line").at("label"),
            Json::array({"billing"}));
  const Json tasks = parse_json(insight::text_of(kFound, insight::SuggestionFormat::label_studio), "tasks");
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].at("data").at("text"), "say \"hi\", please");
  const Json& prediction = tasks[0].at("predictions").at(0);
  EXPECT_EQ(prediction.at("score"), 0.5);
  EXPECT_EQ(prediction.at("result").at(0),
            parse_json(R"({"from_name": "label", "to_name": "text", "type": "choices",
                           "value": {"choices": ["billing"]}})",
                       "expected"));
  EXPECT_EQ(message_of<UsageError>([] { insight::suggestion_format_from_string("xml"); }),
            "`output_format` is \"xml\"; it must be csv, jsonl, doccano or label-studio");
}

}  // namespace
}  // namespace bertune
