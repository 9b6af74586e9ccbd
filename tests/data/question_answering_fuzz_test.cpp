// Damaged files with a fixed seed: an Error at worst, and what is read is sound.
#include <gtest/gtest.h>

#include <string>
#include <unordered_set>
#include <vector>

#include "core/random.h"
#include "core/utf8.h"
#include "data/helpers.h"
#include "data/questions/answer_places.h"
#include "data/questions/question_answering.h"

namespace bertune::data::testing::question_answering_fuzz_test {
namespace {

std::string damage(std::string text, Random& random) {
  static const std::vector<std::string> kNasty = {"\"",
                                                  "\\",
                                                  "{",
                                                  "}",
                                                  "[",
                                                  "]",
                                                  ",",
                                                  ":",
                                                  "\n",
                                                  "\t",
                                                  "\xff",
                                                  "\xc3",
                                                  "null",
                                                  "-1",
                                                  "1e999",
                                                  "\\ud800",
                                                  "\"context\":",
                                                  "\"paragraphs\":[",
                                                  "\"data\":[",
                                                  "\"qas\":[{",
                                                  "\"answers\":",
                                                  "\"text\":[\"b\"]"};
  for (std::uint64_t i = 1 + random.below(4); i > 0 && !text.empty(); --i) {
    const std::uint64_t place = random.below(text.size());
    const std::string& piece = kNasty[random.below(kNasty.size())];
    switch (random.below(4)) {
      case 0:
        text[place] = static_cast<char>(random.below(256));
        break;
      case 1:
        text.insert(place, piece);
        break;
      case 2:
        text.replace(place, piece.size(), piece);
        break;
      default:
        text.erase(place, 1 + random.below(12));
        break;
    }
  }
  return text;
}

void expect_sound(const QuestionAnsweringDataset& dataset) {
  std::unordered_set<std::string_view> ids;
  for (const QuestionAnsweringExample& example : dataset.examples) {
    EXPECT_TRUE(ids.insert(example.id).second);
    EXPECT_EQ(find_invalid_utf8(example.context), std::string_view::npos);
    EXPECT_EQ(example.context, dataset.contexts.at(static_cast<std::size_t>(example.context_index)));
    const CodePointIndex index(example.context);
    for (const Answer& answer : example.answers) {
      const auto byte = static_cast<std::size_t>(answer.byte_start);
      EXPECT_EQ(example.context.substr(byte, answer.text.size()), answer.text);
      EXPECT_EQ(index.byte_of(answer.start), byte);
    }
  }
}

TEST(QuestionAnsweringFuzz, DamageIsAnErrorAtWorst) {
  const std::string squad =
      R"({"version": "v2.0", "data": [{"title": "T", "paragraphs": [{"context": "Café a b c b", "qas": [
          {"id": "1", "question": "q", "answers": [{"text": "b", "answer_start": 7}]},
          {"id": "2", "question": "r", "answers": [], "is_impossible": true}]}]}]})";
  const std::string row =
      R"({"id": "7", "context": "é b c", "question": "q?", "answers": {"text": ["b"], "answer_start": [2]}})";
  const std::vector<std::pair<Format, std::string>> seeds = {
      {Format::json, squad},
      {Format::json, "[" + row + "," + R"({"context": "x", "question": "y", "answer": "x"}])"},
      {Format::json, R"({"data": [)" + row + "]}"},
      {Format::jsonl, row + "\n" + R"({"context": "x y x", "question": "y", "answer": "x"})" + "\n"},
      {Format::csv,
       "id,question,context,answers\n7,q?,\"a \"\"b\"\" c\",\"{\"\"text\"\": [\"\"b\"\"]}\"\n8,q,b,[]\n"},
      {Format::tsv, "context\tquestion\tanswer\tanswer_start\na b c\tq?\tb\t2\nx\ty\t\t\n"}};
  Random random(2016, 4);
  int read = 0;
  for (int trial = 0; trial < 6000; ++trial) {
    const auto& [format, seed] = seeds[random.below(seeds.size())];
    const std::string text = damage(seed, random);
    try {
      const QuestionAnsweringDataset dataset = parse_question_answering(
          text, "d", format, {.max_questions = -1, .answers_required = random.below(2) == 0});
      expect_sound(dataset);
      ++read;
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with("d"));
    }
  }
  EXPECT_GT(read, 300);  // much of the damage harms nothing, so both sides are tested
}

}  // namespace
}  // namespace bertune::data::testing::question_answering_fuzz_test
