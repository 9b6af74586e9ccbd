// What is wrong with a file of questions is said once, with its place.
#include <gmock/gmock.h>

#include <string>

#include "core/random.h"
#include "core/utf8.h"
#include "data/choices/multiple_choice.h"
#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

template <typename Exception = Error>
std::string error_of(std::string_view text, Format format = Format::csv) {
  const std::string message = message_of<Exception>([&] { parse_multiple_choice(text, "q", format, {}); });
  return message.substr(0, message.find("; mend it, or leave it out with `max_bad_rows=1`"));
}

std::string rows(const std::string& second) {
  return "question,choice0,choice1,label\n?,a,b,0\n" + second + "\n";
}

std::string objects(const std::string& second) {
  return R"({"question": "?", "choices": ["a", "b"], "label": 0})"
         "\n"
         R"({"question": "?", )" +
         second + "}\n";
}

TEST(MultipleChoiceErrors, Files) {
  EXPECT_EQ(error_of(""), "q: is empty");
  EXPECT_EQ(error_of(" \n\n"), "q: is empty");
  EXPECT_EQ(error_of("question,choice0,choice1,label\n"), "q: holds no questions");
  EXPECT_EQ(error_of("[]", Format::json), "q: holds no questions");
  EXPECT_THAT(error_of<UsageError>("a\n", Format::text), HasSubstr("plain text cannot hold questions"));
  EXPECT_EQ(error_of(rows("?,a,b")), "q:3: 3 fields where the header has 4");
  EXPECT_THAT(error_of("{\"question\": }\n", Format::jsonl), StartsWith("q:1: not valid JSON"));
  EXPECT_THAT(error_of("\x1f\x8b\x08"), HasSubstr("gunzip"));
}

TEST(MultipleChoiceErrors, ColumnsNameThosePresent) {
  EXPECT_EQ(
      error_of<UsageError>("sent1,ending0,ending1,label\na,b,c,0\n"),
      "q:1: there is no column \"question\" (or \"sent1\" and \"sent2\") for multiple choice; the columns "
      "are \"sent1\", \"ending0\", \"ending1\", \"label\"");
  EXPECT_THAT(error_of<UsageError>("question,label\na,0\n"),
              AllOf(HasSubstr("no column \"choices\", \"options\", \"choice0\" or \"ending0\""),
                    HasSubstr("the columns are \"question\", \"label\"")));
  EXPECT_THAT(error_of<UsageError>("question,choice0,choice1\na,b,c\n"),
              HasSubstr("q:1: there is no column \"label\" or \"answer\""));
  EXPECT_THAT(error_of<UsageError>(R"({"question": "?", "choices": ["a", "b"]})", Format::jsonl),
              HasSubstr("no column \"label\" or \"answer\""));
  EXPECT_THAT(error_of<UsageError>("question,question,choice0,choice1,label\na,a,b,c,0\n"),
              HasSubstr("more than one column is called \"question\""));
  EXPECT_EQ(error_of("question,choice0,label\na,b,0\n"),
            "q:1: \"choice0\" is the only choice; a question needs at least two");
  EXPECT_EQ(error_of("question,choice0,choice2,label\na,b,c,0\n"),
            "q:1: there is \"choice2\" but no \"choice1\"; choices are numbered without gaps");
  const std::string named = message_of<UsageError>([] {
    parse_multiple_choice("question,choice0,choice1,label\na,b,c,0\n", "q", Format::csv,
                          {.label_column = "gold"});
  });
  EXPECT_THAT(named, HasSubstr("no column \"gold\" (`label_column`)"));
}

TEST(MultipleChoiceErrors, Labels) {
  EXPECT_EQ(
      error_of(rows("?,a,b,2")),
      "q:3: the label \"2\" names none of the 2 choices: it must be a number from 0 to 1, a letter from A "
      "to B, or the text of a choice; the other labels are numbers from 0");
  EXPECT_THAT(error_of(rows("?,a,b,-2")), HasSubstr("q:3: the label \"-2\" names none"));
  EXPECT_THAT(error_of(rows("?,a,b,0.5")), HasSubstr("q:3: the label \"0.5\" names none"));
  EXPECT_THAT(error_of(rows("?,a,b,nan")), HasSubstr("q:3: the label \"nan\" names none"));
  EXPECT_THAT(error_of("question,choice0,choice1,label\n?,x,y,A\n?,x,y,B\n?,x,y,C\n"),
              AllOf(StartsWith("q:4: the label \"C\""), HasSubstr("the other labels are letters from A")));
  EXPECT_THAT(error_of(rows("?,x,y,B")), StartsWith("q:3: the label \"B\""));  // after a number
  EXPECT_EQ(error_of(rows("?,a,b,")), "q:3: the question has no label");
  EXPECT_EQ(error_of(rows("?,a,b,-1")), "q:3: the question has no label");  // as Hugging Face hides it
  EXPECT_EQ(error_of(objects(R"("choices": ["a", "b"], "label": null)"), Format::jsonl),
            "q:2: the question has no label");
  EXPECT_EQ(error_of(objects(R"("choices": ["a", "b"])"), Format::jsonl), "q:2: the question has no label");
  EXPECT_THAT(error_of(objects(R"("choices": ["a", "b"], "label": [0])"), Format::jsonl),
              HasSubstr("q:2: \"label\" is a list"));
}

TEST(MultipleChoiceErrors, Choices) {
  EXPECT_EQ(error_of(rows("?,a, ,0")),
            "q:3: choice 1 of 2 is empty; all questions of a file must have the same number of choices, each "
            "with a text");
  EXPECT_THAT(error_of(objects(R"("choices": ["", "b"], "label": 0)"), Format::jsonl),
              HasSubstr("q:2: choice 0 of 2 is empty"));
  EXPECT_THAT(error_of(objects(R"("choices": ["a", null], "label": 0)"), Format::jsonl),
              HasSubstr("q:2: choice 1 of 2 is empty"));
  EXPECT_EQ(error_of(objects(R"("choices": ["a"], "label": 0)"), Format::jsonl),
            "q:2: the question has 1 choice; it must have 2 to 100");
  EXPECT_EQ(
      error_of(objects(R"("choices": ["a", "b", "c"], "label": 0)"), Format::jsonl),
      "q:2: the question has 3 choices, and the first one (q:1) has 2; all questions of a file must have "
      "the same number");
  const std::string first = R"({"question": "?", "choice0": "a", "choice1": "b", "label": 0})"
                            "\n";
  EXPECT_THAT(
      error_of(first + R"({"question": "?", "choice0": "a", "choice1": "b", "choice2": "c", "label": 0})",
               Format::jsonl),
      HasSubstr("q:2: the question has 3 choices, and the first one (q:1) has 2"));
  EXPECT_THAT(error_of(first + R"({"question": "?", "choice0": "a", "label": 0})", Format::jsonl),
              HasSubstr("q:2: the question has 1 choice"));
  EXPECT_THAT(error_of(first + R"({"question": "?", "choice1": "a", "label": 0})", Format::jsonl),
              HasSubstr("q:2: there is \"choice1\" but no \"choice0\""));
  for (const char* wrong : {R"("a")", R"({"a": 1})", R"([["a"], "b"])", R"([{"text": "a"}])", "null", "1"}) {
    EXPECT_EQ(error_of(objects(R"("choices": )" + std::string(wrong) + R"(, "label": 0)"), Format::jsonl),
              R"(q:2: "choices" must be a list of texts: ["...", "..."])")
        << wrong;
  }
  for (const char* wrong : {"['a' 'b']", "\"[\"\"a\"\", [1]]\"", "\"[\"\"a\"\"\"", "a", ""}) {
    EXPECT_EQ(error_of("question,choices,label\n?," + std::string(wrong) + ",0\n"),
              R"(q:2: "choices" must be a list of texts: ["...", "..."])")
        << wrong;
  }
}

TEST(MultipleChoiceErrors, Questions) {
  EXPECT_EQ(error_of(rows(" ,a,b,0")), "q:3: the question is empty");
  EXPECT_EQ(error_of(R"({"question": "?", "choices": ["a", "b"], "label": 0})"
                     "\n"
                     R"({"choices": ["a", "b"], "label": 0})",
                     Format::jsonl),
            "q:2: the question is empty");
  EXPECT_THAT(error_of(objects(R"("label": 0)"), Format::jsonl),
              HasSubstr("q:2: \"choices\" must be a list"));
  EXPECT_THAT(error_of(R"({"question": {"text": "?"}, "choices": ["a", "b"], "label": 0})", Format::jsonl),
              HasSubstr("q:1: \"question\" is a JSON object"));
  const std::string long_text((std::size_t{1} << 20) + 1, 'x');
  EXPECT_THAT(error_of(rows(long_text + ",a,b,0")), HasSubstr("q:3: \"question\" has 1048577 bytes"));
  // A thousand places for a text of 10 kB would be 10 MB a choice.
  const std::string blanks(1000, '_'), choice(10000, 'x');
  EXPECT_THAT(error_of("article,question,options,answer\na," + blanks + ",\"[\"\"" + choice +
                       "\"\", \"\"b\"\"]\",A\n"),
              HasSubstr("q:2: choice 0 makes a text of more than"));
}

// Damaged files with a fixed seed: an Error at worst, and what is read is sound.
TEST(MultipleChoiceFuzz, DamagedFilesAreAnErrorAtWorst) {
  const std::vector<std::pair<std::string, Format>> seeds = {
      {"question,context,choices,label\n\"a \"\"b\"\"\",c,\"[\"\"x\"\", \"\"y\"\"]\",1\n?,c,\"[\"\"x\"\", "
       "\"\"y\"\"]\",0\n",
       Format::csv},
      {"sent1\tsent2\tending0\tending1\tlabel\na\tb\tc\td\t0\ne\tf\tg\th\t1\n", Format::tsv},
      {R"({"article": "a", "question": "_ b", "options": ["x", "y"], "answer": "A"})"
       "\n",
       Format::jsonl},
      {R"([{"id": 1, "question": "q", "choice0": "x", "choice1": "y", "label": 1}])", Format::json}};
  const std::vector<std::string> nasty = {
      "\"",           "\\",        "[", "]",    "{",    "}",  ",",     ":",
      "\n",           "\t",        "_", "\xff", "null", "-1", "1e999", "\\ud800",
      "\"choice2\":", "\"label\":"};
  Random random(7, 0);
  int read = 0;
  for (int i = 0; i < 8000; ++i) {
    auto [text, format] = seeds[static_cast<std::size_t>(i) % seeds.size()];
    for (std::uint64_t j = 1 + random.below(3); j > 0; --j) {
      const std::uint64_t place = random.below(text.size());
      const std::string& piece = nasty[random.below(nasty.size())];
      if (random.below(2) == 0) {
        text.insert(place, piece);
      } else {
        text.replace(place, 1 + random.below(6), piece);
      }
    }
    try {
      const MultipleChoiceDataset dataset = parse_multiple_choice(text, "q", format, {});
      ASSERT_GT(dataset.size(), 0);
      for (std::int64_t q = 0; q < dataset.size(); ++q) {
        const std::int32_t label = dataset.questions[static_cast<std::size_t>(q)].label;
        ASSERT_TRUE(label >= 0 && label < dataset.num_choices) << text;
        for (std::int64_t c = 0; c < dataset.num_choices; ++c)
          ASSERT_EQ(find_invalid_utf8(dataset.second_text(q, c)), std::string_view::npos) << text;
      }
      ++read;
    } catch (const Error& error) {
      ASSERT_THAT(error.what(), StartsWith("q")) << text;
    }
  }
  EXPECT_GT(read, 300);
}

}  // namespace
}  // namespace bertune::data::testing
