// Files that are packed, in other encodings, or pipes.
#include "data/files/text_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include <sstream>
#include <string>
#include <thread>

#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kTable = "text,label\nsome words,x\nmore words,y\n";

std::string gzip(const std::string& text) {
  std::string packed(compressBound(text.size()) + 64, '\0');
  z_stream state{};
  deflateInit2(&state, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  state.avail_in = static_cast<uInt>(text.size());
  state.next_out = reinterpret_cast<Bytef*>(packed.data());
  state.avail_out = static_cast<uInt>(packed.size());
  deflate(&state, Z_FINISH);
  packed.resize(state.total_out);
  deflateEnd(&state);
  return packed;
}

std::string zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

std::string utf16(const std::string& ascii) {
  std::string wide = "\xff\xfe";
  for (const char c : ascii) wide += {c, '\0'};
  return wide;
}

std::vector<std::string> texts_of_stream(const std::filesystem::path& path, ReadOptions options = {}) {
  options.labels_required = false;
  RowStream stream(path, options);
  std::vector<std::string> all;
  for (Row row; stream.next(row);) all.emplace_back(row.text);
  return all;
}

TEST(TextFile, ReadsPackedFilesWholeAndAsStreams) {
  std::string large = "text,label\n";
  for (int i = 0; i < 40000; ++i)
    large += "row " + std::to_string(i * 7919 % 65537) + "," + std::to_string(i % 2) + "\n";
  const TemporaryDirectory directory;
  for (const auto& [name, packed] : {std::pair{"d.csv.gz", gzip(large)},
                                     {"d.csv.zst", zstd(large)},
                                     {"e.csv.gz", gzip(large.substr(0, 1000)) + gzip(large.substr(1000))},
                                     {"e.csv.zst", zstd(large.substr(0, 1000)) + zstd(large.substr(1000))}}) {
    const auto path = directory.write(name, packed);
    EXPECT_EQ(TextFile(path).text(), large) << name;
    EXPECT_EQ(read_dataset(path).size(), 40000) << name;
    EXPECT_EQ(texts_of_stream(path).size(), 40000U) << name;
  }
}

TEST(TextFile, NamesDamagedPackedFiles) {
  const TemporaryDirectory directory;
  for (const std::string& packed : {gzip(kTable), zstd(kTable)}) {
    const auto cut = directory.write("cut.csv", packed.substr(0, packed.size() - 6));
    EXPECT_THAT(message_of([&] { TextFile file(cut); }), HasSubstr("cut.csv: ends in the middle of its"));
  }
  std::string other = gzip(kTable);
  for (std::size_t i = 12; i < other.size() - 8; ++i) other[i] = static_cast<char>(~other[i]);
  const auto damaged = directory.write("damaged.csv", other);
  EXPECT_THAT(message_of([&] { TextFile file(damaged); }), HasSubstr("damaged.csv: is damaged gzip data"));
}

TEST(TextFile, ReadsUtf16ByItsMark) {
  const TemporaryDirectory directory;
  const auto path = directory.write("d.csv", utf16(kTable));
  const Dataset dataset = read_dataset(path);
  EXPECT_THAT(texts(dataset), ElementsAre("some words", "more words"));
  EXPECT_TRUE(has_note(dataset.notes, "d.csv: is UTF-16 text, by its first bytes"));
  EXPECT_THAT(texts_of_stream(path), ElementsAre("some words", "more words"));
}

TEST(TextFile, ReadsWesternTextsThatAreNotUtf8) {
  const TemporaryDirectory directory;
  const auto path =
      directory.write("d.csv", "text,label\nsch\xf6n f\xfcr mich,x\n\x93quoted\x94 words,y\nplain,x\n");
  const Dataset dataset = read_dataset(path);
  EXPECT_THAT(texts(dataset),
              ElementsAre("sch\xc3\xb6n f\xc3\xbcr mich", "\xe2\x80\x9cquoted\xe2\x80\x9d words", "plain"));
  EXPECT_TRUE(has_note(dataset.notes, "d.csv: is not UTF-8 (2 of 4 lines): read as Windows-1252"));
  EXPECT_TRUE(has_note(dataset.notes, "(change with `encoding`)"));
  EXPECT_EQ(texts_of_stream(path), texts(dataset));
  ReadOptions utf8;
  utf8.encoding = "utf-8";
  EXPECT_EQ(read_dataset(path, utf8).rows[0].text, "sch\xef\xbf\xbdn f\xef\xbf\xbdr mich");
}

TEST(TextFile, LeavesWhatIsNoWesternText) {
  const TemporaryDirectory directory;
  const auto russian =
      directory.write("d.csv", "text,label\n\xcf\xf0\xe8\xe2\xe5\xf2 \xec\xe8\xf0,x\n\xcc\xe8\xf0,y\n");
  const Dataset dataset = read_dataset(russian);
  EXPECT_TRUE(has_note(dataset.notes, "replaced by U+FFFD"));
  EXPECT_TRUE(has_note(dataset.notes, "if the file has another encoding, name it with `encoding`"));
  ReadOptions options;
  options.encoding = "cp1251";
  EXPECT_EQ(read_dataset(russian, options).rows[1].text, "\xd0\x9c\xd0\xb8\xd1\x80");
  options.encoding = "latin-1";
  EXPECT_EQ(read_dataset(russian, options).rows[1].text, "\xc3\x8c\xc3\xa8\xc3\xb0");
}

TEST(TextFile, IsNoWindows1252WithBytesThatThisLacks) {
  const TemporaryDirectory directory;
  std::string rows = "text,label\n";
  for (int i = 0; i < 20; ++i) rows += "a long line from the caf\xe9 there,x\n";
  const Dataset dataset = read_dataset(directory.write("d.csv", rows + "odd\x81,y\n"));
  EXPECT_EQ(dataset.rows[20].text, "odd\ufffd");
  EXPECT_TRUE(has_note(dataset.notes, "bytes that are not UTF-8 were replaced by U+FFFD"));
  EXPECT_EQ(read_dataset(directory.write("e.csv", rows)).rows[0].text,
            "a long line from the caf\u00e9 there");
}

TEST(TextFile, NamesEncodingsThatDoNotFit) {
  const TemporaryDirectory directory;
  const auto path = directory.write("d.csv", "text,label\n\x81\xff,x\n");
  EXPECT_THAT(message_of<UsageError>([&] { TextFile(path, "klingon"); }),
              HasSubstr("`encoding` is \"klingon\""));
  EXPECT_THAT(message_of([&] { TextFile(path, "shift_jis"); }),
              HasSubstr("d.csv: is not shift_jis text: byte 12"));
}

TEST(TextFile, KeepsWhatAPipeGaveForAsLongAsARunAsks) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const auto written = [&](const std::string& text) {
    std::thread writer([&] { std::ofstream(path) << text; });
    const Dataset dataset = read_dataset(path);
    writer.join();
    return dataset.size();
  };
  {
    const KeptPipes pipes;
    EXPECT_EQ(written(kTable), 2);
    EXPECT_EQ(read_dataset(path).size(), 2);
  }
  // Another run gets what is written then.
  EXPECT_EQ(written(std::string(kTable) + "another text,pos\n"), 3);
}

TEST(TextFile, DecodesAStreamThatIsNoFile) {
  std::istringstream input("caf\xe9\n");
  ReadOptions options;
  options.labels_required = false;
  options.encoding = "latin-1";
  RowStream stream(input, "standard input", options);
  Row row;
  ASSERT_TRUE(stream.next(row));
  EXPECT_EQ(row.text, "caf\xc3\xa9");
}

}  // namespace
}  // namespace bertune::data::testing
