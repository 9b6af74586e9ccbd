// Look-alikes of sets as their authors publish them: each is read right without an option.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <functional>
#include <string>

#include "data/helpers.h"
#include "data/texts/labels.h"

namespace bertune::data::testing::public_sets_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kRows = 40;

std::string sentence(int i, int parts = 1) {
  constexpr std::array kSentences = {
      "The parcel came two days late",    "My order was perfect and quick", "I cannot log in to my account",
      "The app closes when I tap on pay", "Please send the bill again",     "What a lovely blue teapot",
      "The lid was broken on arrival",    "Where can I change my address",  "I want my money back",
      "Support answered within an hour",  "The colour is not what I saw",   "It works as described",
      "The soup was cold and too salty",  "A film that stays for days"};
  std::string text;
  for (int part = 0; part < parts; ++part)
    text += std::string(kSentences[static_cast<std::size_t>(i * 3 + part * 5) % kSentences.size()]) + " ";
  return text + std::to_string(i);
}

std::string one_of(int i, std::initializer_list<const char*> values) {
  return *(values.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(i * 7) % values.size()));
}

struct Reading {
  explicit Reading(std::string file_name, const std::string& header,
                   const std::function<std::string(int)>& row)
      : name(std::move(file_name)) {
    std::string text = header.empty() ? "" : header + "\n";
    for (int i = 0; i < kRows; ++i) text += row(i) + "\n";
    path = directory.write(name, text);
  }
  Dataset read(const ReadOptions& options = {}) const { return read_dataset(path, options); }

  TemporaryDirectory directory;
  std::string name;
  std::filesystem::path path;
};

void expect_columns(const Dataset& dataset, const std::string& text, const std::string& pair,
                    const std::string& label, std::int64_t rows = kRows) {
  EXPECT_EQ(dataset.columns.text.name, text);
  EXPECT_EQ(dataset.columns.text_pair.name, pair);
  EXPECT_EQ(dataset.columns.label.name, label);
  EXPECT_EQ(dataset.size(), rows);
}

TEST(PublicSets, SmsSpamWithAndWithoutAHeader) {
  const auto label = [](int i) { return one_of(i, {"ham", "spam", "ham"}); };
  const Dataset csv = Reading("spam.csv", "v1,v2,,,", [&](int i) {
                        return label(i) + "," + (i == 3 ? "\"Sorry, \",late again,," : sentence(i) + ",,,");
                      }).read();
  expect_columns(csv, "v2", "", "v1");
  EXPECT_EQ(csv.rows[3].text, "Sorry, ,late again");
  EXPECT_TRUE(has_note(csv.notes, "spam.csv:5: the text continues in columns without a name"));
  EXPECT_TRUE(has_note(csv.notes,
                       "\"v1\" is the label: its values repeat, 2 in 40 rows (change with `label_column`"));
  const Dataset lines =
      Reading("SMSSpamCollection", "", [&](int i) { return label(i) + "\t" + sentence(i); }).read();
  expect_columns(lines, "2", "", "1");
  EXPECT_TRUE(has_note(lines.notes,
                       "SMSSpamCollection: read as csv (detected from its content; change with `format`"));
}

TEST(PublicSets, Sentiment140SortedAndInLatin1) {
  const Dataset dataset = Reading("sentiment140.csv", "", [](int i) {
                            return fmt::format(
                                "\"{}\",\"{}\",\"Mon Apr 06 22:19:{} PDT 2009\",\"NO_QUERY\",\"user{}\","
                                "\"@you {} caf\xe9\"",
                                i < kRows / 2 ? 0 : 4, 1467810369 + i * 37, 10 + i, i, sentence(i));
                          }).read();
  expect_columns(dataset, "6", "", "1");
  EXPECT_TRUE(dataset.rows[0].text.ends_with("caf\xc3\xa9"));
  EXPECT_TRUE(has_note(dataset.notes, "is not UTF-8 (40 of 40 lines): read as Windows-1252"));
}

TEST(PublicSets, AirlineTweetsByTheEndOfAName) {
  const Dataset dataset =
      Reading("tweets.csv",
              "tweet_id,airline_sentiment,airline_sentiment_confidence,negativereason,airline,airline_"
              "sentiment_gold,"
              "name,text,user_timezone",
              [](int i) {
                return fmt::format("{},{},0.{},{},{},,user{},@air {},{}", 570306133677760 + i * 7,
                                   one_of(i, {"neutral", "positive", "negative"}), i % 7,
                                   one_of(i, {"", "Late Flight"}),
                                   one_of(i + 1, {"Virgin", "United", "Delta"}), i, sentence(i),
                                   one_of(i, {"Quito", "Lima"}));
              })
          .read();
  expect_columns(dataset, "text", "", "airline_sentiment");
}

TEST(PublicSets, StanceBesideItsTargetInAFileOfPlainText) {
  const Dataset dataset =
      Reading("stance.txt", "ID\tTarget\tTweet\tStance", [](int i) {
        return fmt::format("{}\t{}\t{}\t{}", i + 1, one_of(i, {"Atheism", "Climate Change"}), sentence(i),
                           one_of(i, {"AGAINST", "FAVOR", "NONE"}));
      }).read();
  expect_columns(dataset, "Tweet", "", "Stance");
}

TEST(PublicSets, NewsWithATitleBesideTheText) {
  const auto row = [](int i) {
    return fmt::format("\"{}\",\"{}\",\"{}\"", i % 4 + 1, sentence(i), sentence(i, 4));
  };
  const Dataset named = Reading("train.csv", "Class Index,Title,Description", row).read();
  expect_columns(named, "Description", "", "Class Index");
  EXPECT_TRUE(has_note(named.notes, "\"Description\" is the text: longer than \"Title\""));
  expect_columns(Reading("train.csv", "", row).read(), "3", "", "1");
}

TEST(PublicSets, ReviewsWithFewTitles) {
  expect_columns(Reading("reviews.csv", ",Age,Title,Review Text,Rating,Class Name",
                         [](int i) {
                           return fmt::format("{},{},{},{},{},{}", i, 20 + i % 30,
                                              i % 2 == 0 ? "" : "Nice dress", sentence(i, 3), i * 7 % 5 + 1,
                                              one_of(i, {"Knits", "Pants"}));
                         })
                     .read(),
                 "Review Text", "", "Rating");
}

TEST(PublicSets, ColaWithoutAHeader) {
  expect_columns(Reading("train.tsv", "",
                         [](int i) {
                           return fmt::format("{}\t{}\t{}\t{}", i < 20 ? "gj04" : "bc01",
                                              i * 7 % 3 == 0 ? 0 : 1, i * 7 % 3 == 0 ? "*" : "", sentence(i));
                         })
                     .read(),
                 "4", "", "2");
}

TEST(PublicSets, StsBenchmarkByTabsInACsv) {
  const Dataset dataset =
      Reading("sts-train.csv", "", [](int i) {
        return fmt::format("main-captions\tMSRvid\t2012test\t{:04}\t{:.3f}\tA man {}.\tThe \"man\" {}.", i,
                           i * 7 % 26 / 5.0, sentence(i), sentence(i));
      }).read();
  expect_columns(dataset, "6", "7", "5");
  EXPECT_TRUE(has_note(dataset.notes, "two columns of texts that share words"));
}

TEST(PublicSets, OneColumnALabel) {
  const Dataset dataset =
      Reading("jigsaw.csv", "id,comment_text,toxic,severe_toxic,obscene,threat", [](int i) {
        return fmt::format("{:05x}f,{},{},{},{},{}", i, sentence(i), int(i % 3 == 0), int(i % 7 == 0),
                           int(i % 4 == 0), 0);
      }).read();
  EXPECT_EQ(dataset.columns.labels.size(), 4U);
  EXPECT_EQ(dataset.rows[0].label, R"(["toxic","severe_toxic","obscene"])");
  EXPECT_EQ(guess_problem_type(dataset).type, ProblemType::multi_label_classification);
  EXPECT_THAT(dataset.label_names, ElementsAre("toxic", "severe_toxic", "obscene", "threat"));
  ReadOptions options;
  options.label_column = "obscene, toxic";
  EXPECT_EQ(dataset_of("id,text,toxic,obscene,more\n1,a,1,1,x\n2,b,0,0,x\n", options).rows[0].label,
            R"(["obscene","toxic"])");
  EXPECT_THAT(message_of([&] { dataset_of("id,text,toxic,obscene\n1,a,1,1\n2,b,2,0\n", options); }),
              HasSubstr("data.csv:3: \"toxic\" is \"2\"; the column of a label among several holds 0 or 1"));
}

TEST(PublicSets, ClassesBesideCountsOfVotes) {
  expect_columns(Reading("hate.csv", ",count,hate_speech,offensive_language,neither,class,tweet",
                         [](int i) {
                           return fmt::format("{},3,{},{},0,{},!!! RT {}", i, i % 4, 3 - i % 4, i * 7 % 3,
                                              sentence(i));
                         })
                     .read(),
                 "tweet", "", "class");
}

TEST(PublicSets, LinesWithTheirLabels) {
  const auto label = [](int i) { return one_of(i, {"neutral", "positive", "negative"}); };
  const Dataset bank =
      Reading("phrases.txt", "", [&](int i) { return sentence(i) + " , it says .@" + label(i); }).read();
  EXPECT_EQ(bank.rows[1].text, sentence(1) + " , it says .");
  EXPECT_EQ(bank.rows[1].label, label(1));
  const Dataset emotions =
      Reading("train.txt", "", [&](int i) { return "i feel " + sentence(i) + ";" + label(i); }).read();
  EXPECT_EQ(emotions.rows[2].label, label(2));
  const Dataset trec =
      Reading("train_5500.label", "", [&](int i) {
        return one_of(i, {"DESC:manner", "NUM:dist", "LOC:city"}) + " How: " + sentence(i) + " ?";
      }).read();
  EXPECT_EQ(trec.rows[0].label, "DESC:manner");
  EXPECT_EQ(trec.rows[0].text, "How: " + sentence(0) + " ?");
  const Dataset reuters =
      Reading("r8.txt", "", [&](int i) { return label(i) + "\t" + sentence(i, 3); }).read();
  EXPECT_EQ(reuters.rows[0].label, label(0));
}

TEST(PublicSets, IntentsOfLinesWithSlots) {
  const Dataset atis = Reading("atis.iob", "", [](int i) {
                         return fmt::format("BOS fly to boston {} EOS\tO O O B-city O {}", i,
                                            one_of(i, {"atis_flight", "atis_airfare"}));
                       }).read();
  EXPECT_EQ(atis.rows[0].text, "fly to boston 0");
  EXPECT_EQ(atis.rows[0].label, "atis_flight");
  const Dataset snips =
      Reading("snips.txt", "", [](int i) {
        return fmt::format("add:O sven:B-artist {}:O <=> {}", i, one_of(i, {"Add", "Book"}));
      }).read();
  EXPECT_EQ(snips.rows[0].text, "add sven 0");
  EXPECT_EQ(snips.rows[0].label, "Add");
}

TEST(PublicSets, InferenceWithUndecidedPairs) {
  const Dataset dataset =
      Reading("snli.tsv", "gold_label\tsentence1\tsentence2", [](int i) {
        return fmt::format("{}\t{}\t{}", one_of(i, {"neutral", "entailment", "-", "contradiction"}),
                           sentence(i), sentence(i + 1));
      }).read();
  expect_columns(dataset, "sentence1", "sentence2", "gold_label", 30);
  EXPECT_TRUE(has_note(dataset.notes, "10 rows with the label \"-\" have no gold label, and are left out"));
}

TEST(PublicSets, LevelsOfWhichTheFirstIsFull) {
  expect_columns(Reading("olid.tsv", "id\ttweet\tsubtask_a\tsubtask_b\tsubtask_c",
                         [](int i) {
                           return fmt::format(
                               "{}\t@USER {}\t{}\t{}\t{}", 86426 + i, sentence(i), one_of(i, {"OFF", "NOT"}),
                               one_of(i, {"UNT", "TIN", "NULL", "NULL"}), one_of(i, {"NULL", "NULL", "IND"}));
                         })
                     .read(),
                 "tweet", "", "subtask_a");
}

TEST(PublicSets, LabelsAsPythonListsThem) {
  const Dataset dataset =
      Reading("reuters.csv", "text,topics", [](int i) {
        return sentence(i) + ",\"" + one_of(i, {"['earn']", "['acq', 'crude oil']"}) + "\"";
      }).read();
  EXPECT_THAT(build_label_map(dataset, {.multi_label = true}).id2label(),
              ElementsAre("acq", "crude oil", "earn"));
  EXPECT_THAT(split_labels("[2 27]", '\0', "f:1"), ElementsAre("2", "27"));
}

TEST(PublicSets, NumbersJoinedByCommas) {
  const Dataset dataset =
      Reading("goemotions.tsv", "", [](int i) {
        return fmt::format("{}\t{}\tid{}", sentence(i), one_of(i, {"27", "2,27", "3,4,5", "2", "3", "4"}), i);
      }).read();
  expect_columns(dataset, "1", "", "2");
  EXPECT_EQ(guess_problem_type(dataset).type, ProblemType::multi_label_classification);
}

TEST(PublicSets, WhatFitsEquallyIsRefusedByName) {
  const Reading labels("d.csv", "id,text,first,second", [](int i) {
    return fmt::format("{},{},{},{}", i, sentence(i), one_of(i, {"a", "b"}), one_of(i, {"x", "y", "z"}));
  });
  EXPECT_THAT(message_of<UsageError>([&] { labels.read(); }),
              HasSubstr("which column holds the labels? \"first\", \"second\" fit equally"));
  const Reading texts("d.csv", "id,here,there,label", [](int i) {
    return fmt::format("{},{},{},{}", i, sentence(i), sentence(i + 5), i % 2);
  });
  EXPECT_THAT(message_of<UsageError>([&] { texts.read(); }),
              HasSubstr("which column holds the text? \"here\", \"there\" fit equally"));
}

TEST(PublicSets, DatesAreNoLabels) {
  for (const std::string form : {"2024-05-{}", "{}/05/2024", "{}.05.2024", "2024-05-{} 10:15", "5/{}/24"}) {
    const Dataset dataset = Reading("d.csv", "when,text,department", [&](int i) {
                              const std::string day = fmt::format(fmt::runtime(form), 10 + i % 3);
                              return fmt::format("{},{},{}", day, sentence(i), one_of(i, {"a", "b", "c"}));
                            }).read();
    expect_columns(dataset, "text", "", "department");
  }
  const Dataset named = Reading("d.csv", "Date,text,department", [](int i) {
                          return fmt::format("{},{},{}", one_of(i, {"3 May", "4 May", "5 May"}), sentence(i),
                                             one_of(i, {"a", "b", "c"}));
                        }).read();
  expect_columns(named, "text", "", "department");
  const Dataset versions =
      Reading("d.csv", "text,version", [](int i) {
        return fmt::format("{},{}", sentence(i), one_of(i, {"1.2.3", "1.2.10", "2.0.0"}));
      }).read();
  expect_columns(versions, "text", "", "version");
}

TEST(PublicSets, ColumnsThatSayTheSameAreNoQuestion) {
  const Dataset dataset =
      Reading("three.txt", "", [](int i) {
        return fmt::format("{}\t{}\t{}", sentence(i), one_of(i, {"bad", "good"}), one_of(i, {"BAD", "GOOD"}));
      }).read();
  expect_columns(dataset, "1", "", "2");
  EXPECT_TRUE(has_note(dataset.notes, "\"3\" says the same"));
}

TEST(PublicSets, ANumberOfTheRowIsNoLabel) {
  const Reading file("test.csv", "id,text", [](int i) { return fmt::format("{},{}", i, sentence(i)); });
  EXPECT_THAT(message_of<UsageError>([&] { file.read(); }), HasSubstr("which column holds the labels?"));
  ReadOptions unlabelled;
  unlabelled.labels_required = false;
  EXPECT_FALSE(file.read(unlabelled).has_labels);
}

}  // namespace
}  // namespace bertune::data::testing::public_sets_test
