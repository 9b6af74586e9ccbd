// Every task reads a Parquet file as the JSON Lines of the same rows, and so does the program.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "data/choices/multiple_choice.h"
#include "data/questions/question_answering.h"
#include "data/tagged/tagged.h"
#include "data/texts/reader.h"
#include "parquet/helpers.h"
#include "support/program.h"
#include "support/tiny_checkpoint.h"

namespace bertune::testing {
namespace {

using arrow::int64;
using arrow::list;
using arrow::utf8;
using ::testing::HasSubstr;

class ParquetTasks : public Parquet {
 protected:
  // Returns what `read` makes of the rows as JSON Lines and as Parquet.
  template <typename Read>
  std::pair<std::string, std::string> both(const std::string& lines, const Fields& fields,
                                           const Read& read) const {
    return {read(files.write("rows.jsonl", lines)), read(write(lines, fields))};
  }

  std::string path(const std::string& name) const { return (files.path() / name).string(); }
};

TEST_F(ParquetTasks, ReadTexts) {
  const auto [lines, parquet] =
      both("{\"sentence\":\"a\\nb\",\"label\":\"x\"}\n{\"sentence\":\"c\",\"label\":\"y\"}\n",
           {field("sentence", utf8()), field("label", utf8())}, [](const std::filesystem::path& file) {
             std::string all;
             for (const data::Row& row : data::read_dataset(file, {}).rows)
               all += fmt::format("{}|{}|{}\n", row.text, row.label, row.line);
             return all;
           });
  EXPECT_EQ(lines, "a\nb|x|1\nc|y|2\n");
  EXPECT_EQ(parquet, lines);
}

TEST_F(ParquetTasks, SayTheRowInTheFile) {
  const auto file = write("{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":null}\n",
                          {field("text", utf8()), field("label", utf8())});
  EXPECT_THAT(message_of([&] { data::read_dataset(file, {}); }), HasSubstr("rows.parquet:2"));
}

TEST_F(ParquetTasks, ReadTags) {
  const auto [lines, parquet] =
      both("{\"tokens\":[\"Ann\",\"sang\"],\"ner_tags\":[\"B-PER\",\"O\"]}\n",
           {field("tokens", list(utf8())), field("ner_tags", list(utf8()))},
           [](const std::filesystem::path& file) {
             const data::TaggedDataset dataset = data::read_tagged(file);
             return fmt::format("{} {}", fmt::join(dataset.sentences.at(0).words, " "),
                                fmt::join(dataset.sentences.at(0).tags, " "));
           });
  EXPECT_EQ(lines, "Ann sang B-PER O");
  EXPECT_EQ(parquet, lines);
}

TEST_F(ParquetTasks, ReadQuestions) {
  const auto answers = arrow::struct_({field("text", list(utf8())), field("answer_start", list(int64()))});
  const auto [lines, parquet] = both(
      "{\"id\":\"q1\",\"context\":\"Ann sang.\",\"question\":\"Who?\",\"answers\":{\"text\":[\"Ann\"],"
      "\"answer_start\":[0]}}\n"
      "{\"id\":\"q2\",\"context\":\"Ann sang.\",\"question\":\"When?\",\"answers\":{\"text\":[],"
      "\"answer_start\":[]}}\n",
      {field("id", utf8()), field("context", utf8()), field("question", utf8()), field("answers", answers)},
      [](const std::filesystem::path& file) {
        std::string all;
        for (const auto& example : data::read_question_answering(file, {}).examples) {
          const auto answer = example.answers.empty() ? "none" : std::string(example.answers[0].text);
          all += fmt::format("{} {} {} {}\n", example.id, example.question, answer, example.line);
        }
        return all;
      });
  EXPECT_EQ(lines, "q1 Who? Ann 1\nq2 When? none 2\n");
  EXPECT_EQ(parquet, lines);
}

TEST_F(ParquetTasks, ReadChoices) {
  const auto [lines, parquet] =
      both("{\"question\":\"Sky?\",\"choices\":[\"blue\",\"green\"],\"answer\":0}\n",
           {field("question", utf8()), field("choices", list(utf8())), field("answer", int64())},
           [](const std::filesystem::path& file) {
             const auto dataset = data::read_multiple_choice(file, {});
             return fmt::format("{} {} {}", dataset.questions.at(0).question,
                                fmt::join(dataset.choices_of(0), " "), dataset.questions.at(0).label);
           });
  EXPECT_EQ(lines, "Sky? blue green 0");
  EXPECT_EQ(parquet, lines);
}

// Returns the rows of tiny_dataset() as JSON Lines.
std::string tiny_lines(int rows) {
  std::string lines, csv = tiny_dataset(rows);
  for (std::size_t at = csv.find('\n') + 1; at < csv.size(); at = csv.find('\n', at) + 1) {
    const std::size_t comma = csv.find(',', at), end = csv.find('\n', at);
    lines += fmt::format("{{\"text\":\"{}\",\"label\":\"{}\"}}\n", csv.substr(at, comma - at),
                         csv.substr(comma + 1, end - comma - 1));
  }
  return lines;
}

TEST_F(ParquetTasks, ProgramTrainsAndPredictsTheSameBytes) {
  write_tiny_checkpoint(files.path() / "base");
  const std::string lines = tiny_lines(64);
  files.write("rows.jsonl", lines);
  write(lines, {field("text", utf8()), field("label", utf8())}, {.group_rows = 10});
  // The library beside the program is found without being named.
  const auto found = [] { ::unsetenv("BERTUNE_PARQUET_LIBRARY"); };
  std::vector<std::string> predictions;
  for (const std::string name : {"jsonl", "parquet"}) {
    const ProgramResult trained =
        run({"train", "--model", path("base"), "--train", path("rows." + name), "--output", path(name),
             "--epochs", "1", "--learning-rate", "3e-3", "--batch-size", "8", "--threads", "1"},
            "", found);
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    const ProgramResult predicted = run({"predict", "--model", path(name), path("rows." + name)}, "", found);
    ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
    predictions.push_back(predicted.out);
  }
  EXPECT_EQ(files.read("jsonl/model.safetensors"), files.read("parquet/model.safetensors"));
  EXPECT_FALSE(predictions[0].empty());
  EXPECT_EQ(predictions[0], predictions[1]);
}

TEST_F(ParquetTasks, ProgramRefusesPipesAndShards) {
  write_tiny_checkpoint(files.path() / "base");
  const auto file = write(tiny_lines(8), {field("text", utf8()), field("label", utf8())});
  const ProgramResult piped = run({"embed", "--model", path("base"), "-"}, files.read("rows.parquet"));
  EXPECT_NE(piped.exit_code, 0);
  EXPECT_THAT(piped.err, HasSubstr("is a Parquet file, which can be read neither from a pipe"));
  const ProgramResult shard =
      run({"predict", "--model", path("base"), file.string(), "--shard", "1/2", "--output", path("parts")});
  EXPECT_NE(shard.exit_code, 0);
  EXPECT_THAT(shard.err, HasSubstr("is a Parquet file, which cannot be cut into shards"));
}

}  // namespace
}  // namespace bertune::testing
