// Texts that are longer than the model reads: what is read of them, and how windows make a prediction.
#include "tasks/long_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bertune/error.h"
#include "core/random.h"
#include "support/message_of.h"
#include "support/tiny_checkpoint.h"
#include "tasks/text_classification/prediction.h"
#include "tasks/text_classification/windows.h"

namespace bertune::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

BertTokenizer tokenizer_of_letters() {
  std::vector<std::string> tokens = bertune::testing::tiny_vocabulary();
  tokens.erase(std::ranges::find(tokens, "##s"));  // it is there twice
  return BertTokenizer::from_tokens(tokens);
}

std::vector<std::int32_t> ids_of(const BertTokenizer& tokenizer, std::initializer_list<const char*> tokens) {
  std::vector<std::int32_t> ids;
  for (const char* token : tokens) ids.push_back(*tokenizer.token_to_id(token));
  return ids;
}

TEST(LongTexts, WindowsHoldAllPiecesAndAreOfEqualLength) {
  const BertTokenizer tokenizer = tokenizer_of_letters();
  const std::int32_t word = *tokenizer.token_to_id("film");
  Random random(5, 5);
  for (int round = 0; round < 500; ++round) {
    const std::vector<std::int32_t> pieces(1 + random.below(300), word);
    const std::size_t room = 4 + random.below(40), stride = random.below(room / 2 + 1);
    const std::vector<PieceRange> windows = windows_of(pieces, tokenizer, room, stride);
    EXPECT_EQ(windows.front().begin, 0U);
    EXPECT_EQ(windows.back().end, pieces.size());
    const std::size_t length = windows.front().end;
    for (std::size_t i = 0; i < windows.size(); ++i) {
      EXPECT_EQ(windows[i].end - windows[i].begin, length);
      EXPECT_LE(length, room);
      if (i > 0) {
        EXPECT_GE(windows[i - 1].end, windows[i].begin + stride);
      }
    }
    // One window fewer would not do.
    const std::size_t fewer = windows.size() - 1;
    if (fewer > 0) {
      EXPECT_LT(fewer * room - (fewer - 1) * stride, pieces.size());
    }
  }
}

TEST(LongTexts, AWindowBeginsWithAWordWhereThereIsRoom) {
  const BertTokenizer tokenizer = tokenizer_of_letters();
  const std::vector<std::int32_t> pieces =
      ids_of(tokenizer, {"film", "a", "b", "c", "##s", "##a", "film", "film", "a"});
  EXPECT_THAT(windows_of(pieces, tokenizer, 6, 0), ElementsAre(PieceRange{0, 5}, PieceRange{3, 9}));
  EXPECT_THAT(windows_of(pieces, tokenizer, 5, 0), ElementsAre(PieceRange{0, 5}, PieceRange{4, 9}));
}

TEST(LongTexts, TheHeadIsAQuarter) {
  EXPECT_EQ(head_of(510), 128U);  // Sun et al. 2019
  EXPECT_EQ(head_of(126), 31U);
  EXPECT_EQ(head_of(2), 0U);
}

TEST(LongTexts, OptionsComeBeforeSettingsAndTheseBeforeDefaults) {
  const auto single = ProblemType::single_label_classification;
  EXPECT_EQ(long_text_reading({}, Json::object(), single, 128).how, LongText::truncate);
  const Json kept = {{"long_text", "windows"}, {"window_stride", 5}, {"window_score", "max"}};
  LongTextReading reading = long_text_reading({}, kept, single, 128);
  EXPECT_EQ(reading.how, LongText::windows);
  EXPECT_EQ(reading.stride, 5);
  EXPECT_EQ(reading.score, WindowScore::max);
  Json again = Json::object();
  keep_long_text(reading, again);
  EXPECT_EQ(again, kept);
  reading = long_text_reading({.long_text = LongText::truncate}, kept, single, 128);
  again = Json::object();
  keep_long_text(reading, again);
  EXPECT_EQ(again, Json::object());
  reading = long_text_reading({.long_text = LongText::windows}, Json::object(), single, 128);
  EXPECT_EQ(reading.stride, 16);
  EXPECT_EQ(reading.score, WindowScore::mean);
  EXPECT_EQ(long_text_reading({.long_text = LongText::windows}, Json::object(),
                              ProblemType::multi_label_classification, 128)
                .score,
            WindowScore::max);
}

TEST(LongTexts, OptionsThatDoNotFitAreRefused) {
  const auto refused = [](const LongTextOptions& given) {
    return bertune::testing::message_of(
        [&] { long_text_reading(given, Json::object(), ProblemType::single_label_classification, 128); });
  };
  EXPECT_THAT(refused({.window_stride = 3}),
              HasSubstr("`window_stride` is of texts that are read in windows"));
  EXPECT_THAT(refused({.long_text = LongText::head_tail, .window_score = WindowScore::max}),
              HasSubstr("`long_text` is head-tail"));
  EXPECT_THAT(refused({.long_text = LongText::windows, .window_stride = 64}),
              HasSubstr("windows of 128 tokens share from 0 to 63"));
  EXPECT_THAT(bertune::testing::message_of([] { long_text_from_string("whole"); }),
              HasSubstr("truncate, head-tail, windows or auto"));
  EXPECT_THAT(bertune::testing::message_of([] { window_score_from_string("sum"); }),
              HasSubstr("mean or max"));
  EXPECT_NO_THROW(require_single_texts(LongText::truncate));
  EXPECT_THAT(bertune::testing::message_of([] { require_single_texts(LongText::windows); }),
              HasSubstr("pairs are truncated"));
}

// A short text, and one of ten words.
struct Rows {
  data::Dataset dataset;
  Rows() {
    dataset.rows.resize(2);
    dataset.rows[0].text = "good film";
    dataset.rows[1].text = "a b c d e f g h i poor";
    dataset.rows[0].label = "positive", dataset.rows[1].label = "negative";
    for (data::Row& row : dataset.rows) row.has_label = true;
  }
};

TextClassification task_of(LongText how) {
  return {.labels = data::LabelMap(std::vector<std::string>{"negative", "positive"}),
          .max_length = 6,
          .long_text = {.how = how, .stride = 1, .score = WindowScore::mean}};
}

TEST(LongTexts, HeadAndTailAreRead) {
  const BertTokenizer tokenizer = tokenizer_of_letters();
  const Rows rows;
  TextClassification task = task_of(LongText::head_tail);
  task.max_length = 10;
  const auto examples = make_examples(rows.dataset, tokenizer, task, false);
  ASSERT_EQ(examples->rows(), 2);
  Batch batch;
  examples->add_to(batch, 1);
  EXPECT_EQ(batch.input_ids,
            ids_of(tokenizer, {"[CLS]", "a", "b", "e", "f", "g", "h", "i", "poor", "[SEP]"}));
  EXPECT_EQ(examples->truncated_at(10).tokens, 2);
  EXPECT_TRUE(examples->is_cut(1, 10));
}

TEST(LongTexts, WindowsAreTheRowOfATextOrRows) {
  const BertTokenizer tokenizer = tokenizer_of_letters();
  const Rows rows;
  const TextClassification task = task_of(LongText::windows);
  const auto learned = make_examples(rows.dataset, tokenizer, task, true, WindowRows::texts);
  ASSERT_EQ(learned->rows(), 2);
  EXPECT_EQ(learned->items(), 2);
  EXPECT_EQ(learned->windows_of(0), 1);
  EXPECT_EQ(learned->windows_of(1), 3);
  EXPECT_EQ(learned->tokens_of_first(2), 4 + 18);
  Batch batch;
  learned->add_to(batch, 0), learned->add_to(batch, 1);
  EXPECT_THAT(batch.cu_texts, ElementsAre(0, 1, 4));
  EXPECT_THAT(batch.labels, ElementsAre(1, 0));
  EXPECT_EQ(batch.sequences(), 4);

  const auto asked = make_examples(rows.dataset, tokenizer, task, true);
  ASSERT_EQ(asked->rows(), 4);
  EXPECT_EQ(asked->items(), 2);
  Batch window;
  asked->add_to(window, 3);
  EXPECT_TRUE(window.cu_texts.empty() && window.labels.empty());
  EXPECT_EQ(window.input_ids, ids_of(tokenizer, {"[CLS]", "g", "h", "i", "poor", "[SEP]"}));
  EXPECT_NE(learned->fingerprint(),
            make_examples(rows.dataset, tokenizer, task_of(LongText::truncate), true)->fingerprint());
}

TEST(LongTexts, LogitsOfWindowsArePooledAcrossBatches) {
  const BertTokenizer tokenizer = tokenizer_of_letters();
  const Rows rows;
  for (const WindowScore score : {WindowScore::mean, WindowScore::max}) {
    TextClassification task = task_of(LongText::windows);
    task.long_text.score = score;
    const auto examples = make_examples(rows.dataset, tokenizer, task, false);
    find_places(rows.dataset, tokenizer, task, *examples);
    WindowPool pool(*examples);
    std::vector<std::vector<float>> given;
    std::optional<DecidingWindow> deciding;
    const std::vector<float> logits = {0, 1, 3, 0, -1, 5, 1, 1};  // of four windows
    for (const std::int64_t first : {0, 2}) {                     // the second text is in two batches
      Batch batch;
      examples->add_to(batch, first), examples->add_to(batch, first + 1);
      ModelOutput output;
      output.logits = std::span(logits).subspan(static_cast<std::size_t>(first) * 2, 4);
      pool.add(first, batch, output, [&](const TextLogits& text) {
        EXPECT_EQ(text.text, static_cast<std::int64_t>(given.size()));
        given.emplace_back(text.logits.begin(), text.logits.end());
        deciding = deciding_window(task.problem_type, text, *examples);
        EXPECT_EQ(deciding.has_value(), text.text == 1);
      });
    }
    ASSERT_EQ(given.size(), 2U);
    EXPECT_THAT(given[0], ElementsAre(0, 1));
    if (score == WindowScore::mean) {
      EXPECT_THAT(given[1], ElementsAre(1, 2));
    } else {
      EXPECT_THAT(given[1], ElementsAre(3, 5));
    }
    ASSERT_TRUE(deciding);
    EXPECT_EQ(deciding->index, 1);
    EXPECT_EQ(deciding->windows, 3);
    EXPECT_NEAR(deciding->score, 1 / (1 + std::exp(-6)), 1e-6);
    EXPECT_EQ(deciding->place.bytes, (Span{6, 13}));  // "d e f g"
  }
}

TEST(LongTexts, APredictionSaysWhichWindowDecided) {
  Label label{.label = "x", .score = 0.5, .scores = {0.5, 0.5}};
  EXPECT_EQ(prediction_json(label, std::vector<std::string>{"x", "y"}).contains("windows"), false);
  label.window = DecidingWindow{.index = 2, .windows = 5, .score = 0.75, .place = {{3, 4}, {3, 6}}};
  const OrderedJson json = prediction_json(label, std::vector<std::string>{"x", "y"});
  EXPECT_EQ(json.at("windows"), 5);
  EXPECT_EQ(json.at("window").dump(),
            R"({"index":2,"start":3,"end":4,"start_byte":3,"end_byte":6,"score":0.75})");
}

}  // namespace
}  // namespace bertune::tasks
