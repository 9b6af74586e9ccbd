// The model that comes with the project, examples/models/small-bert: whole, small, and better than the
// frequencies of words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bertune/model.h"
#include "bertune/tokenizer.h"
#include "support/program.h"

namespace bertune {
namespace {

using testing::ProgramResult;
using testing::run;
using Json = nlohmann::json;

std::filesystem::path folder() {
  return std::filesystem::path(BERTUNE_SOURCE_DIR) / "examples" / "models" / "small-bert";
}

TEST(SmallModel, IsWholeAndSmall) {
  std::uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) size += entry.file_size();
  EXPECT_LE(size, 12'000'000U);
  const auto model = BertForPreTraining::from_pretrained(folder());
  EXPECT_TRUE(model.load_report().newly_initialized.empty());
  EXPECT_TRUE(model.load_report().unexpected.empty());
  EXPECT_EQ(BertTokenizer::from_pretrained(folder()).vocab_size(), model.config().vocab_size);
}

// One of five of 8,192 words; frequent words alone ("the", ",", "of") would be none of these.
TEST(SmallModel, FillsMasks) {
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"the united [MASK] of america", "states"},
      {"she opened the [MASK] and went into the room .", "door"},
      {"the album was released in [MASK] 1995 .", "november"},
      {"he was the son [MASK] a farmer .", "of"},
      {"they lived in new [MASK] city .", "york"},
  };
  std::string input;
  for (const auto& [text, word] : texts) input += text + "\n";
  const ProgramResult result = run({"fill-mask", "--model", folder().string(), "--json"}, input);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::istringstream lines(result.out);
  for (const auto& [text, word] : texts) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    std::vector<std::string> tokens;
    const Json answer = Json::parse(line);
    for (const Json& guess : answer.at("masks").at(0)) tokens.push_back(guess.at("token"));
    EXPECT_THAT(tokens, ::testing::Contains(word)) << text;
  }
}

double probability_of_next(const std::string& first, const std::string& second) {
  const ProgramResult result = run({"next-sentence", "--model", folder().string(), "--json", first, second});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return Json::parse(result.out).at("is_next");
}

TEST(SmallModel, TellsWhatFollows) {
  const std::string first = "The army crossed the river at night.";
  EXPECT_GT(probability_of_next(first, "The battle began in the morning."),
            probability_of_next(first, "The album reached number three on the chart.") + 0.2);
}

}  // namespace
}  // namespace bertune
