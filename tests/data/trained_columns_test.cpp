// What a model was trained on decides how the files are read that it is asked and tested with.
#include "data/texts/trained_columns.h"

#include <gmock/gmock.h>

#include <sstream>
#include <string>

#include "bertune/error.h"
#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const TrainedColumns kSingle{.text = "sentence", .text_pair = "", .label = "label"};
const TrainedColumns kPairs{.text = "premise", .text_pair = "hypothesis", .label = "label"};

ReadOptions trained_on(const TrainedColumns& columns, bool labels_required = true) {
  ReadOptions options;
  options.trained = columns;
  options.labels_required = labels_required;
  return options;
}

std::string refusal(const std::string& text, const ReadOptions& options) {
  try {
    dataset_of(text, options);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

// Rows of lines, as from standard input.
std::vector<Row> lines(const std::string& text, const TrainedColumns& columns) {
  static std::istringstream stream;
  stream = std::istringstream(text);
  static std::optional<RowStream> rows;
  rows.emplace(stream, "standard input", trained_on(columns, false));
  std::vector<Row> all;
  rows->next_batch(100, all);
  return all;
}

TEST(TrainedColumns, AreFoundWhateverElseThereIs) {
  const Dataset dataset = dataset_of("id,title,text,sentence,label\n1,a,b,c,x\n", trained_on(kSingle));
  EXPECT_EQ(dataset.rows[0].text, "c");
  EXPECT_EQ(dataset.rows[0].label, "x");
  EXPECT_FALSE(dataset.has_pairs);
  EXPECT_THAT(dataset.notes, IsEmpty());
}

TEST(TrainedColumns, RowsAreNotScoredAgainstAnotherColumn) {
  EXPECT_THAT(refusal("index,sentence\n0,a\n1,b\n", trained_on(kSingle)),
              AllOf(HasSubstr("no column \"label\""), HasSubstr("\"index\", \"sentence\""),
                    HasSubstr("`label_column`")));
  EXPECT_THAT(refusal("sentence,score\na,1\nb,2\n", trained_on(kSingle)), HasSubstr("no column \"label\""));
  ReadOptions named = trained_on(kSingle);
  named.label_column = "score";
  EXPECT_EQ(dataset_of("sentence,score\na,1\nb,2\n", named).rows[1].label, "2");
  EXPECT_EQ(dataset_of("sentence\na\n", trained_on(kSingle, false)).rows[0].text, "a");
}

TEST(TrainedColumns, OfSingleTextsReadNoPairs) {
  const Dataset dataset = dataset_of("premise,hypothesis,text\na,b,c\n", trained_on(kSingle, false));
  EXPECT_FALSE(dataset.has_pairs);
  EXPECT_EQ(dataset.rows[0].text, "c");
  EXPECT_TRUE(has_note(dataset.notes, "has no column \"sentence\""));
  EXPECT_EQ(lines("one\ttwo\n", kSingle).front().text, "one\ttwo");
}

TEST(TrainedColumns, OfSingleTextsTakeATabForText) {
  EXPECT_EQ(lines("one\ttwo\nthree\tfour\nfive\tsix\n", kSingle)[1].text, "three\tfour");
  const TemporaryDirectory directory;
  const auto path = directory.write("d.txt", "one\ttwo\nthree\tfour\n");
  const Dataset dataset = read_dataset(path, trained_on(kSingle, false));
  EXPECT_EQ(dataset.rows[0].text, "one\ttwo");
  EXPECT_TRUE(has_note(dataset.notes, "a line is a text, tabs and all"));
  const auto table = directory.write("e.txt", "id\tsentence\n1\tfour\n2\tsix\n");
  EXPECT_EQ(read_dataset(table, trained_on(kSingle, false)).rows[0].text, "four");
  const TrainedColumns numbered{.text = "2", .text_pair = "", .label = "1"};
  EXPECT_EQ(read_dataset(path, trained_on(numbered, false)).rows[0].text, "two");
}

TEST(TrainedColumns, OfPairsReadNoSingleTexts) {
  const Dataset dataset = dataset_of("id,premise,hypothesis\n1,a,b\n", trained_on(kPairs, false));
  ASSERT_TRUE(dataset.has_pairs);
  EXPECT_EQ(dataset.rows[0].text_pair, "b");
  EXPECT_THAT(refusal("text\na\n", trained_on(kPairs, false)), HasSubstr("trained on pairs"));
  const std::vector<Row> rows = lines("one\ttwo\nthree\tfour\n", kPairs);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].text, "three");
  EXPECT_EQ(rows[1].text_pair, "four");
  EXPECT_THROW(lines("one\n", kPairs), UsageError);
}

TEST(TrainedColumns, OfSeveralLabelsKeepTheNamesThatAreTrained) {
  const TrainedColumns several{.text = "text", .text_pair = "", .label = "toxic,spam,rude"};
  const Dataset dataset =
      dataset_of("text,Rude,Toxic,Spam\na,1,1,0\nb,0,0,1\nc,0,0,0\n", trained_on(several));
  EXPECT_THAT(labels(dataset), ElementsAre("[\"toxic\",\"rude\"]", "[\"spam\"]", "[]"));
  EXPECT_THAT(dataset.label_names, ElementsAre("toxic", "spam", "rude"));
}

TEST(TrainedColumns, ThatHadNumbersAreTakenByTheirPlacesWhereAFileNamesThem) {
  const TrainedColumns numbered{.text = "2", .text_pair = "", .label = "1"};
  const Dataset dataset =
      dataset_of("label,text\nx,four words of text\ny,more of them\n", trained_on(numbered));
  ASSERT_EQ(dataset.rows.size(), 2U);
  EXPECT_EQ(dataset.rows[0].text, "four words of text");
  EXPECT_EQ(dataset.rows[1].label, "y");
  EXPECT_TRUE(has_note(dataset.notes, "names the columns, which had numbers in training"));
  // A first row without a usual name is one of the examples.
  EXPECT_EQ(dataset_of("x,four words of text\ny,more of them\n", trained_on(numbered)).rows.size(), 2U);
}

TEST(TrainedColumns, OfTablesWithoutAHeaderStandForTheSamePlaces) {
  const TrainedColumns numbered{.text = "2", .text_pair = "", .label = "1"};
  ReadOptions options = trained_on(numbered);
  options.header = false;
  EXPECT_EQ(dataset_of("x,first\ny,second\n", options).rows[1].text, "second");
  EXPECT_EQ(lines("a line\n", numbered).front().text, "a line");
}

}  // namespace
}  // namespace bertune::data::testing
