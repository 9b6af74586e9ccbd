// What each task finds in small files that hold every kind of trouble, and how it is printed.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bertune/tokenizer.h"
#include "report/data_report.h"
#include "support/tiny_checkpoint.h"
#include "tasks/registry/registry.h"

namespace bertune::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class TaskFindings : public ::testing::Test {
 protected:
  TaskFindings() {
    std::string vocabulary;
    for (const std::string& piece : testing::tiny_vocabulary()) vocabulary += piece + "\n";
    files_.write("model/vocab.txt", vocabulary);
    files_.write("model/tokenizer_config.json", R"({"do_lower_case": true})");
  }

  // Reads "train" and "test" of this extension as the task does.
  void read(const std::string& task, const std::string& extension, const std::string& train,
            const std::string& test, std::int64_t max_length = 16) {
    tasks::TrainingFiles files;
    files.train = files_.write("train." + extension, train),
    files.test = files_.write("test." + extension, test);
    files.validation_split = 0;
    files.problem_type = problem_type_;
    files.max_length = max_length;
    files.question_answering.doc_stride = 2;
    const BertTokenizer tokenizer = BertTokenizer::from_pretrained(files_.path() / "model");
    const tasks::TrainingData data =
        tasks::task_named(task).read_training(files, tokenizer, testing::tiny_config());
    facts_ = data.facts;
    text_ = data_facts(facts_);
    const std::string folder = files_.path().string() + "/";
    for (std::size_t at = 0; (at = text_.find(folder)) != std::string::npos;) text_.erase(at, folder.size());
  }

  // "2 leak of test", ... in order.
  std::vector<std::string> findings() const {
    std::vector<std::string> lines;
    for (const Finding& finding : facts_.check.findings) {
      lines.push_back(std::to_string(finding.rows) + " " + std::string(to_string(finding.kind)) + " of " +
                      finding.set);
    }
    return lines;
  }

  testing::TemporaryDirectory files_;
  std::string problem_type_;
  tasks::DataFacts facts_;
  std::string text_;
};

TEST_F(TaskFindings, OfTexts) {
  read("text-classification", "csv",
       "text,label\nthe film was good,up\nthe FILM was  good,down\nthe food was bad,down\n,up\n"
       "a a a a a a a a a a a a a a a a a a,up\nsee [SEP],down\n",
       "text,label\nThe food was bad,up\nnew,down\n");
  EXPECT_THAT(findings(), ElementsAre("1 leak of test", "2 conflict of train", "6 rare_label of train",
                                      "1 duplicate of train", "1 empty_text of train", "1 truncated of train",
                                      "1 special_tokens of "));
  EXPECT_EQ(
      text_,
      "\nData\n  train  6 rows  train.csv\n  test   2 rows  test.csv\n"
      "\nColumns\n  text column: \"text\" (detected)\n  label column: \"label\" (detected)\n"
      "\nLabels (2)\n            train       test\n  down  3   50.0%  1   50.0%\n"
      "  up    3   50.0%  1   50.0%\n"
      "  2 labels have fewer than 10 training rows, too few to learn well: \"down\" (3), \"up\" (3)\n"
      "\nLength in tokens\n         median  90%  95%  99%  longest\n"
      "  train       6   20   20   20       20\n  test        5    6    6    6        6\n"
      "  train: 1 text (16.7%) is longer than `max_length=16` and will be cut; 8.7% of tokens\n"
      "\nFindings\n  test: 1 row (50.0%) also appears in train, 1 with a different label; scores will be "
      "inflated: remove them from train\n    train.csv:4 \"down\" and test.csv:2 \"up\": The food was bad\n"
      "  train: 2 rows (33.3%) share a text but not the label: correct or remove them\n"
      "    train.csv:2 \"up\" and train.csv:3 \"down\": the FILM was  good\n"
      "  train: 1 row (16.7%) repeats an earlier text: keep one of each, unless they are meant to count "
      "more\n    train.csv:2 \"up\" and train.csv:3 \"down\": the FILM was  good\n"
      "  train: 1 row (16.7%) with an empty text, the first at train.csv:5: remove them\n"
      "\nNotes\n  train.csv:5: the text is empty\n\n"
      "note: task: single_label_classification (classification: 2 different labels; change with "
      "`problem_type`)\n"
      "note: 16.7% of the training texts are longer than `max_length=16`; `long_text=auto` compares ways to "
      "read more of them than the beginning\n"
      "warning: 1 texts hold special tokens such as [SEP] themselves; they are taken as such, as "
      "Transformers does\n");
}

TEST_F(TaskFindings, OfPairsWithNumbers) {
  problem_type_ = "regression";
  read("text-classification", "tsv",
       "sentence1\tsentence2\tscore\na\tb\t0.25\na\tc\t1.5\nA\tb\t4.5\na b\tc\t2.5\nd\te\t3.5\n",
       "sentence1\tsentence2\tscore\nd\te\t3.5\nd\tE\t1.25\n", 8);
  // One text may well have several numbers.
  EXPECT_THAT(findings(), Not(::testing::Contains(HasSubstr("conflict"))));
  EXPECT_THAT(findings(),
              ::testing::IsSupersetOf({"2 leak of test", "1 duplicate of train", "1 duplicate of test"}));
}

TEST_F(TaskFindings, OfSeveralLabels) {
  read("text-classification", "csv",
       "text,label\nfine food,joy|love\nFINE food,love|joy\nbad food,anger\nbad food,anger|joy\n",
       "text,label\nfine food,joy\n");
  EXPECT_THAT(findings(), ElementsAre("1 leak of test", "2 conflict of train", "7 rare_label of train",
                                      "2 duplicate of train"));
  EXPECT_THAT(text_,
              HasSubstr("\nLabels (3)\n             train       test\n  joy    3   75.0%  1  100.0%\n"
                        "  anger  2   50.0%  0    0.0%\n  love   2   50.0%  0    0.0%\n"
                        "  3 labels have fewer than 10 training rows, too few to learn well: \"joy\" (3), "
                        "\"anger\" (2), \"love\" (2)\n"));
}

TEST_F(TaskFindings, OfTaggedWords) {
  const std::string one = "the O\nfilm B-F\nwas O\nvery O\ngood O\n\n",
                    other = "the O\nFilm O\nwas O\nvery O\ngood O\n\n";
  read("token-classification", "conll", one + other + one + "yes O\n\nyes O\n\n",
       one + "a O\nb O\nc O\nd O\ne O\nf O\ng O\nh O\n\n", 9);
  EXPECT_THAT(findings(), ElementsAre("1 leak of test", "3 conflict of train", "2 rare_label of train",
                                      "2 duplicate of train", "5 cased_text of train", "1 windowed of test"));
  EXPECT_THAT(text_,
              HasSubstr("\nData\n  train  5 sentences  train.conll  17 words, 2 tags (IOB2)\n"
                        "  test   2 sentences  test.conll   13 words, 2 tags (IOB2)\n"
                        "\nTags (2)\n            train        test\n"
                        "  O    15   88.2%  12   92.3%\n  B-F   2   11.8%   1    7.7%\n"
                        "  1 tag has fewer than 10 training words, too few to learn well: \"B-F\" (2)\n"));
  EXPECT_THAT(
      text_,
      HasSubstr(
          "  test: 1 sentence (50.0%) is longer than `max_length=9` and is read in parts that overlap\n"));
  EXPECT_THAT(
      text_,
      HasSubstr(
          "  train: 3 sentences (60.0%) share a text but not the tags: correct or remove them\n"
          "    train.conll:1 \"O B-F O O O \" and train.conll:7 \"O O O O O \": the Film was very good"));
  EXPECT_THAT(text_, HasSubstr("  test: 1 sentence (50.0%) also appears in train; scores will be inflated"));
}

TEST_F(TaskFindings, OfQuestions) {
  read("question-answering", "jsonl",
       R"({"context": "the film was good", "question": "what was good", "answer": "film"})"
       "\n"
       R"({"context": "The film was good", "question": "What was  good", "answer": "good"})"
       "\n"
       R"({"context": "a b c d e f g h i j k l m n o p", "question": "q", "answer": ""})"
       "\n",
       R"({"context": "the film was good", "question": "what was the film", "answer": "good"})"
       "\n",
       12);
  EXPECT_THAT(findings(), ElementsAre("1 shared_context of test", "2 conflict of train",
                                      "1 duplicate of train", "3 windowed of train", "1 windowed of test"));
  EXPECT_THAT(
      text_,
      HasSubstr("\nData\n  train  3 questions  train.jsonl  1 question without an answer, 3 contexts, "));
  EXPECT_THAT(text_, HasSubstr("Length in tokens of a question with its context\n"));
  EXPECT_THAT(
      text_,
      HasSubstr("  train: 2 questions (66.7%) share a text but not the answer: correct or remove them\n"
                "    train.jsonl:1 \"film\" and train.jsonl:2 \"good\": What was  good\n"));
  EXPECT_THAT(
      text_, HasSubstr("  test: 1 question (100.0%) has a context that also appears in train; scores will be "
                       "inflated: keep the "
                       "questions of a context in one set\n"));
  // The longest is [CLS] q [SEP], sixteen letters and [SEP].
  EXPECT_EQ(facts_.check.sets[0].lengths->max, 20);
}

TEST_F(TaskFindings, OfQuestionsWithChoices) {
  read("multiple-choice", "csv",
       "question,choice0,choice1,label\nwhat,food,film,0\nWHAT,film,food,0\nwho,a,b,0\n",
       "question,choice0,choice1,label\nwho,b,a,1\nnot,a,b,0\n", 12);
  EXPECT_THAT(findings(), ElementsAre("1 leak of test", "2 conflict of train", "1 duplicate of train"));
  EXPECT_THAT(text_, HasSubstr("\nData\n  train  3 questions  train.csv  2 choices each\n"
                               "  test   2 questions  test.csv   2 choices each\n"
                               "\nRight choices (2)\n         train       test\n"
                               "  0  3  100.0%  1   50.0%\n  1  0    0.0%  1   50.0%\n"));
  EXPECT_THAT(text_, HasSubstr("train.csv:2 \"food\" and train.csv:3 \"film\": WHAT film food\n"));
}

TEST_F(TaskFindings, OfPairsForSentenceEmbeddings) {
  read("sentence-embedding", "tsv", "sentence1\tsentence2\tscore\na\tb\t1\nA\tb\t2.5\nc\td\t5\n",
       "sentence1\tsentence2\tscore\nc\tD\t5\n", 8);
  EXPECT_THAT(findings(), ElementsAre("1 leak of test", "1 duplicate of train"));
  EXPECT_THAT(text_, HasSubstr("\nNumbers\n         least  median   mean  most\n"
                               "  train      1     2.5  2.833     5\n  test       5       5      5     5\n"));
}

}  // namespace
}  // namespace bertune::report
