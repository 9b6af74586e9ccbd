#include "report/model_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_directory.h"

namespace bertune::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

OrderedJson facts() {
  return OrderedJson::parse(
      R"({"name": "my: model", "task": "text-classification", "labels": 2, "version": "0.1.0",
    "headline": {"metric": "accuracy", "value": 0.875, "set": "test", "path": "data/test.csv", "rows": 200, "in_all": 200},
    "metrics": [{"name": "accuracy", "value": 0.875, "interval": [0.822, 0.914]}, {"name": "f1_macro", "value": 0.8}],
    "labels_table": [{"label": "a|<b>_c", "support": 9, "predicted": 8, "correct": 7, "recall": 0.7777, "precision": 0.875, "f1": 0.82}],
    "run": {"train_rows": 1200, "epochs": 4.0, "steps": 152},
    "settings": "# x\nmodel: \"owner/base@abc\"\nseed: 42\n"})");
}

TEST(ModelCard, HasTheMetadataOfTheHub) {
  const std::string card = model_card(facts());
  EXPECT_THAT(card, StartsWith("---\nlibrary_name: transformers\npipeline_tag: "
                               "text-classification\nbase_model: \"owner/base\"\n"));
  EXPECT_THAT(card, HasSubstr("- name: \"my: model\"\n"));
  EXPECT_THAT(card, HasSubstr("    - type: accuracy\n      name: accuracy\n      value: 0.875\n"));
  EXPECT_THAT(card, HasSubstr("    - type: f1\n      name: f1_macro\n"));
  EXPECT_THAT(card, HasSubstr("| accuracy | 87.5% | 82.2% to 91.4% |"));
  EXPECT_THAT(card, HasSubstr("| a\\|&lt;b>\\_c | 9 |"));
}

TEST(ModelCard, OfAPersonIsKept) {
  const testing::TemporaryDirectory folder;
  write_model_card(folder.path(), facts());
  const std::string first = folder.read("README.md");
  OrderedJson other = facts();
  other["name"] = "another";
  write_model_card(folder.path(), other);
  EXPECT_NE(folder.read("README.md"), first);
  folder.write("README.md", "mine");
  write_model_card(folder.path(), other);
  EXPECT_EQ(folder.read("README.md"), "mine");
}

}  // namespace
}  // namespace bertune::report
