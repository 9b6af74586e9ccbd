#include "data/documents/documents.h"

#include <gmock/gmock.h>

#include "core/random.h"
#include "data/helpers.h"

namespace bertune::data {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::has_note;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::message_of;
using testing::shared_data;
using ::testing::SizeIs;
using testing::TemporaryDirectory;

using Document = std::vector<std::string>;

struct Collecting : DocumentSink {
  std::vector<Document> documents;
  Document open;
  void sentence(std::string_view text) override { open.emplace_back(text); }
  void end_document() override {
    documents.push_back(std::move(open));
    open.clear();
  }
};

struct Read {
  std::vector<Document> documents;
  std::vector<std::string> notes;
};

Read read_path(const fs::path& path, const DocumentOptions& options = {}) {
  DocumentReader reader(options);
  Collecting sink;
  reader.read(path, sink);
  EXPECT_THAT(sink.open, IsEmpty()) << "the last document was not ended";
  return {sink.documents, reader.notes()};
}

Read read(std::string_view contents, const DocumentOptions& options = {}, const std::string& name = "a.txt") {
  const TemporaryDirectory directory;
  return read_path(directory.write(name, contents), options);
}

DocumentOptions per(DocumentPer document_per) {
  DocumentOptions options;
  options.document_per = document_per;
  return options;
}

constexpr std::string_view kBertForm =
    "First of one. \nSecond, Mr. X.\nthird without end\n\n\nFirst of two.\r\nSecond of two.\n";
constexpr std::string_view kBook =
    "EMMA\n\n\nEmma Woodhouse, handsome, clever, and rich,\nwith a comfortable home and happy disposition,\n"
    "seemed to unite some of the best blessings.\n\nShe was the youngest of two daughters of a most\n"
    "affectionate, indulgent father. He had, in\nconsequence of it, been there. Her mother\nhad died too "
    "long ago for her to have\nmore.\n";

TEST(Documents, FormOfCreatePretrainingData) {
  const Read all = read(kBertForm);
  EXPECT_THAT(all.documents, ElementsAre(ElementsAre("First of one.", "Second, Mr. X.", "third without end"),
                                         ElementsAre("First of two.", "Second of two.")));
  EXPECT_TRUE(has_note(all.notes, "documents between blank lines, one sentence per line (detected"));
}

TEST(Documents, ABookIsADocumentOfParagraphs) {
  const Read all = read(kBook);
  ASSERT_THAT(all.documents, SizeIs(1));
  EXPECT_THAT(
      all.documents[0],
      ElementsAre(
          "EMMA",
          "Emma Woodhouse, handsome, clever, and rich,\nwith a comfortable home and happy disposition,\n"
          "seemed to unite some of the best blessings.",
          "She was the youngest of two daughters of a most\naffectionate, indulgent father.",
          "He had, in\nconsequence of it, been there.",
          "Her mother\nhad died too long ago for her to have\nmore."));
  EXPECT_TRUE(has_note(all.notes, "a document a file, wrapped lines joined"));
}

TEST(Documents, SingleLinesBetweenBlankLinesAreParagraphs) {
  const Read all = read("One paragraph. Of two sentences.\n\nAnother. With two.\n\nA third. Too.\n");
  EXPECT_THAT(all.documents, ElementsAre(SizeIs(6)));
}

TEST(Documents, LinesOfSeveralSentencesAreDocuments) {
  const Read all = read("One review. It is good.\nAnother one. It is not.\nA third. Well.");
  EXPECT_THAT(all.documents, ElementsAre(ElementsAre("One review.", "It is good."), SizeIs(2),
                                         ElementsAre("A third.", "Well.")));
  EXPECT_TRUE(has_note(all.notes, "a document a line"));
}

TEST(Documents, LinesOfOneSentenceAreOneDocument) {
  EXPECT_THAT(read("One sentence.\nAnother one.\nA third.\n").documents, ElementsAre(SizeIs(3)));
}

TEST(Documents, OptionOverridesTheGuess) {
  EXPECT_THAT(read(kBertForm, per(DocumentPer::line)).documents, SizeIs(5));
  EXPECT_THAT(read(kBertForm, per(DocumentPer::file)).documents, ElementsAre(SizeIs(5)));
  const Read paragraphs = read(kBook, per(DocumentPer::blank_line));
  EXPECT_THAT(paragraphs.documents, ElementsAre(SizeIs(1), SizeIs(1), SizeIs(3)));
  EXPECT_FALSE(has_note(paragraphs.notes, "detected"));
  EXPECT_THAT(read(kBook, per(DocumentPer::line)).documents, Each(Not(IsEmpty())));
}

TEST(Documents, JsonLinesAreADocumentEach) {
  const Read all = read(
      "{\"id\": 1, \"text\": \"One. Two.\\nHeading\\n\\nThree.\", \"label\": {\"x\": 1}}\n{\"text\": \"  "
      "\"}\n\n{\"text\": \"Four.\"}\n",
      {}, "a.jsonl");
  EXPECT_THAT(all.documents,
              ElementsAre(ElementsAre("One.", "Two.", "Heading", "Three."), IsEmpty(), ElementsAre("Four.")));
  DocumentOptions options;
  options.text_column = "body";
  EXPECT_THAT(read("{\"body\": \"One.\", \"text\": \"Two.\"}", options, "a.jsonl").documents,
              ElementsAre(ElementsAre("One.")));
  EXPECT_THAT(read("id,text,label\n1,\"One. Two.\",x\n", {}, "a.csv").documents, ElementsAre(SizeIs(2)));
}

TEST(Documents, JsonTextsMayBeWrapped) {
  std::string text(kBook);
  for (std::size_t i = 0; (i = text.find('\n', i)) != std::string::npos; i += 2) text.replace(i, 1, "\\n");
  EXPECT_THAT(read("{\"text\": \"" + text + "\"}", {}, "a.jsonl").documents, ElementsAre(SizeIs(5)));
}

TEST(Documents, WindowsFilesAndMarksAtTheFront) {
  EXPECT_THAT(read("\xEF\xBB\xBFOne.\r\nTwo.\r\n\r\nThree.\r\nFour.").documents,
              ElementsAre(ElementsAre("One.", "Two."), ElementsAre("Three.", "Four.")));
}

TEST(Documents, FilesThatCannotBe) {
  const TemporaryDirectory directory;
  for (const char* name : {"empty.txt", "empty.jsonl"}) {
    const fs::path path = directory.write(name, "");
    EXPECT_THAT(message_of([&] { read_path(path); }), HasSubstr(name));
  }
  const fs::path blank = directory.write("blank.txt", " \n\n\t\n");
  EXPECT_THAT(message_of([&] { read_path(blank); }), HasSubstr("blank.txt: holds no text"));
  const fs::path blanks = directory.write("blanks.jsonl", "{\"text\": \" \"}\n");
  EXPECT_THAT(message_of([&] { read_path(blanks); }), HasSubstr("blanks.jsonl: holds no text"));
  EXPECT_THAT(message_of([&] { read_path(directory.path() / "none.txt"); }), HasSubstr("none.txt"));
  EXPECT_THAT(message_of([&] { read_path(directory.write("a.jsonl", "{\"body\": \"One.\"}\n")); }),
              HasSubstr("`text_column`"));
  EXPECT_THAT(
      message_of([&] { read_path(directory.write("b.jsonl", "{\"text\": \"One.\"}\n{\"text\": 3}\n")); }),
      HasSubstr("b.jsonl:2"));
  EXPECT_THAT(message_of([&] { read_path(directory.write("c.txt", "\x1f\x8b\x08 packed")); }),
              HasSubstr("c.txt: is damaged gzip data"));
  EXPECT_THAT(message_of([&] { read_path(directory.write("d.dat", "One.")); }), HasSubstr("d.dat"));
  EXPECT_THAT(message_of<UsageError>([] { document_per_from_string("page"); }),
              HasSubstr("blank-line, file or line"));
}

TEST(Documents, NotesOfManyFilesAreFew) {
  const TemporaryDirectory directory;
  DocumentReader reader({});
  Collecting sink;
  for (int i = 0; i < 30; ++i) reader.read(directory.write(std::to_string(i) + ".txt", kBook), sink);
  for (int i = 0; i < 30; ++i)
    reader.read(directory.write(std::to_string(i) + ".jsonl", "{\"text\": \"\"}\n{\"text\": \"One.\"}\n"),
                sink);
  EXPECT_TRUE(has_note(reader.notes(), "0.txt and 29 more: a document a file"));
  EXPECT_TRUE(has_note(reader.notes(), "20 more notes"));
  EXPECT_THAT(reader.notes(), SizeIs(12));
}

// Whatever a file holds and however its lines are taken: every character that is no blank is in some
// sentence, in order, and no document is left open.
TEST(Documents, NothingIsLost) {
  const std::string_view parts[] = {"\n", "\n\n", " ",    "\r\n",     "Word", "two words", ".",
                                    "? ", "Mr. ", "\xFF", "\xE3\x80", "。",   "\"",        "A"};
  const std::optional<DocumentPer> choices[] = {
      {}, DocumentPer::blank_line, DocumentPer::file, DocumentPer::line};
  const auto without_blanks = [](std::string text) {
    std::erase_if(text, [](char character) {
      return std::string_view(" \t\r\n\f\v").find(character) != std::string_view::npos;
    });
    return text;
  };
  const TemporaryDirectory directory;
  Random random(13, 13);
  for (int round = 0; round < 1000; ++round) {
    // Not empty, no line ends of CR alone, and UTF-8 enough for stray bytes not to be those of another
    // encoding.
    std::string text = "x。。。。。。。。";
    for (std::uint64_t size = random.below(60); size > 0; --size)
      text += parts[random.below(std::size(parts))];
    DocumentOptions options;
    options.document_per = choices[random.below(std::size(choices))];
    std::string kept;
    for (const Document& document : read_path(directory.write("a.txt", text), options).documents) {
      EXPECT_THAT(document, Not(IsEmpty()));
      for (const std::string& sentence : document) kept += without_blanks(sentence);
    }
    EXPECT_EQ(kept, without_blanks(text));
  }
}

TEST(Documents, RealBooksAreRecognised) {
  if (shared_data().empty()) GTEST_SKIP() << "the public datasets are not beside the project";
  std::int64_t books = 0;
  for (const auto& entry : fs::directory_iterator(shared_data() / "books")) {
    const Read book = read_path(entry.path());
    EXPECT_THAT(book.documents, SizeIs(1)) << entry.path();
    EXPECT_GT(book.documents[0].size(), 500U) << entry.path();
    EXPECT_TRUE(has_note(book.notes, "a document a file, wrapped lines joined")) << entry.path();
    ++books;
  }
  EXPECT_GT(books, 20);
}

TEST(Documents, RealArticles) {
  if (shared_data().empty()) GTEST_SKIP() << "the public datasets are not beside the project";
  const Read wiki = read_path(shared_data() / "wiki" / "docs.jsonl");
  EXPECT_THAT(wiki.documents, SizeIs(18207));
  std::size_t sentences = 0, bytes = 0;
  for (const Document& document : wiki.documents) {
    sentences += document.size();
    for (const std::string& sentence : document) bytes += sentence.size();
  }
  EXPECT_GT(bytes / sentences, 60U);
  EXPECT_LT(bytes / sentences, 160U);
}

}  // namespace
}  // namespace bertune::data
