// The public datasets that lie beside the project, with the row counts that their publishers give.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>

#include "data/checks.h"
#include "data/questions/question_answering.h"
#include "data/splits/split.h"
#include "data/texts/labels.h"

namespace bertune::data::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RealData : public ::testing::Test {
 protected:
  void SetUp() override {
    if (shared_data().empty()) GTEST_SKIP() << "the public datasets are not beside the project";
  }
  static Dataset read(const std::string& name, const ReadOptions& options = {}) {
    return read_dataset(shared_data() / name, options);
  }
  static ReadOptions columns(const std::string& text, const std::string& label) {
    ReadOptions options;
    options.header = false;
    options.text_column = text;
    options.label_column = label;
    return options;
  }
};

TEST_F(RealData, Sst2HasNoHeader) {
  const Dataset train = read("sst2/train.tsv", columns("1", "2"));
  EXPECT_EQ(train.size(), 6920);
  EXPECT_THAT(build_label_map(train).id2label(), ElementsAre("0", "1"));
  const Dataset guessed = read("sst2/dev.tsv");
  EXPECT_EQ(guessed.size(), 872);
  EXPECT_TRUE(has_note(guessed.notes, "looks like an example"));
  EXPECT_EQ(read("sst2/test.tsv").size(), 1821);
  EXPECT_EQ(read("sst2/phrases.tsv").size(), 67349);
}

TEST_F(RealData, TrecHasItsLabelsInFront) {
  ReadOptions options;
  options.delimiter = ':';
  const Dataset train = read("trec/train.txt", options);
  EXPECT_EQ(train.size(), 5452);
  EXPECT_EQ(build_label_map(train).size(), 6);
  EXPECT_TRUE(has_note(train.notes, "not UTF-8"));
  options.delimiter = ' ';
  const Dataset fine = read("trec/train.txt", options);
  EXPECT_EQ(build_label_map(fine).size(), 50);
  const Dataset test = read("trec/test.txt", options);
  EXPECT_EQ(test.size(), 500);
  const CheckResult check = check_labelled({{"train", &fine}, {"test", &test}});
  EXPECT_GE(finding_of(check, FindingKind::duplicate, "train").exact, 71);
  EXPECT_GE(finding_of(check, FindingKind::leak, "test").rows, 10);
}

TEST_F(RealData, ImdbIsJsonLines) {
  const Dataset train = read("imdb/train.jsonl");
  EXPECT_EQ(train.size(), 4000);
  EXPECT_EQ(build_label_map(train).size(), 2);
  EXPECT_EQ(read("imdb/test.jsonl").size(), 4000);
}

TEST_F(RealData, AgNewsIsQuotedAndHasNoHeader) {
  ReadOptions options = columns("2", "1");
  options.text_pair_column = "3";
  const Dataset dataset = read("ag_news/test.csv", options);
  EXPECT_EQ(dataset.size(), 7600);
  EXPECT_THAT(build_label_map(dataset).id2label(), ElementsAre("1", "2", "3", "4"));
  EXPECT_EQ(dataset.rows[0].text, "Fears for T N pension after talks");
  EXPECT_EQ(stratified_split(texts_of(dataset)).validation.size(), 760U);
  const Dataset guessed = read("ag_news/test.csv");  // the description is longer than the title
  EXPECT_EQ(guessed.size(), 7600);
  EXPECT_EQ(guessed.columns.text.name, "3");
  EXPECT_EQ(guessed.columns.label.name, "1");
}

TEST_F(RealData, ColaIsReadByColumnNumbers) {
  const Dataset train = read("cola/train.tsv", columns("4", "2"));
  EXPECT_EQ(train.size(), 8551);
  EXPECT_THAT(build_label_map(train).id2label(), ElementsAre("0", "1"));
  EXPECT_EQ(read("cola/dev.tsv", columns("4", "2")).size(), 1043);
}

TEST_F(RealData, MrpcHasAMarkAndOddQuotes) {
  const Dataset train = read("mrpc/train.tsv");
  EXPECT_EQ(train.size(), 3667);
  EXPECT_TRUE(train.has_pairs);
  EXPECT_EQ(train.columns.label.name, "Quality");
  EXPECT_EQ(read("mrpc/dev.tsv").size(), 408);
  EXPECT_EQ(read("mrpc/test.tsv").size(), 1725);
}

TEST_F(RealData, RteHasStringLabels) {
  const Dataset train = read("rte/train.tsv");
  EXPECT_EQ(train.size(), 2490);
  EXPECT_THAT(build_label_map(train).id2label(), ElementsAre("entailment", "not_entailment"));
  EXPECT_EQ(read("rte/dev.tsv").size(), 277);
}

TEST_F(RealData, StsbIsARegression) {
  const Dataset train = read("stsb/train.tsv");
  EXPECT_EQ(train.size(), 5749);
  EXPECT_EQ(train.columns.text_pair.name, "sentence2");
  EXPECT_EQ(guess_problem_type(train).type, ProblemType::regression);
  EXPECT_EQ(label_values(train)[0], 5.0F);
  EXPECT_EQ(read("stsb/dev.tsv").size(), 1500);
}

TEST_F(RealData, GoEmotionsHasSeveralLabelsARow) {
  const Dataset train = read("goemotions/train.tsv", columns("1", "2"));
  EXPECT_EQ(train.size(), 43410);
  const LabelMap labels = build_label_map(train, {.multi_label = true});
  EXPECT_EQ(labels.size(), 7);
  EXPECT_EQ(multi_label_targets(train, labels).size(), 43410U * 7U);
}

TEST_F(RealData, SquadHasAllItsAnswersInPlace) {
  const auto squad = [](const std::string& name) {
    return read_question_answering(shared_data() / "squad" / name);
  };
  const QuestionAnsweringDataset first = squad("dev-v1.1.json");
  EXPECT_EQ(first.size(), 10570);
  EXPECT_EQ(first.contexts.size(), 2067U);
  EXPECT_FALSE(first.has_impossible);
  EXPECT_THAT(first.notes, ::testing::IsEmpty());
  const QuestionAnsweringDataset second = squad("dev-v2.0.json");
  EXPECT_EQ(second.size(), 11873);
  EXPECT_TRUE(second.has_impossible);
  EXPECT_EQ(std::count_if(second.examples.begin(), second.examples.end(),
                          [](const QuestionAnsweringExample& example) { return example.is_impossible; }),
            5945);
  for (const char* language : {"ar", "de", "en", "hi", "th", "zh"})
    EXPECT_EQ(squad(std::string("xquad.") + language + ".json").size(), 1190);
}

}  // namespace
}  // namespace bertune::data::testing
