// Packed output, and packed input that is damaged, a trap, or a pipe.
#include "data/files/packing.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "data/files/text_file.h"
#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::HasSubstr;

std::string packed_in_parts(Packing packing, std::string_view text, std::size_t part) {
  const std::unique_ptr<Packer> packer = make_packer(packing);
  std::string packed;
  for (; !text.empty(); text.remove_prefix(std::min(part, text.size())))
    packer->add(text.substr(0, part), packed);
  packer->finish(packed);
  return packed;
}

std::string many_rows() {
  std::string text = "text\n";
  for (int i = 0; i < 30000; ++i) text += "row " + std::to_string(i * 7919 % 65537) + "\n";
  return text;
}

TEST(Packer, MakesWhatIsReadAgain) {
  const TemporaryDirectory directory;
  const std::string text = many_rows();
  for (const Packing packing : {Packing::gzip, Packing::zstd}) {
    for (const std::size_t part : {std::size_t{1000}, text.size()}) {
      const std::string packed = packed_in_parts(packing, text, part);
      EXPECT_LT(packed.size(), text.size() / 2);
      EXPECT_EQ(TextFile(directory.write("a.csv", packed)).text(), text);
    }
    EXPECT_EQ(TextFile(directory.write("empty.csv", packed_in_parts(packing, "", 1))).text(), "");
  }
  EXPECT_EQ(packing_by_name("a.jsonl.GZ"), Packing::gzip);
  EXPECT_EQ(packing_by_name("a.zst"), Packing::zstd);
  EXPECT_EQ(packing_by_name("a.jsonl"), Packing::none);
  EXPECT_EQ(unpacked_name("x/train.conllu.gz"), fs::path("x/train.conllu"));
}

TEST(PackedFile, IsNotTakenIntoMemoryWhereItIsATrap) {
  const TemporaryDirectory directory;
  const std::string nothing(std::size_t{80} << 20, '\n');
  for (const Packing packing : {Packing::gzip, Packing::zstd}) {
    const auto path = directory.write("trap.txt", packed_in_parts(packing, nothing, nothing.size()));
    EXPECT_THAT(message_of([&] { TextFile file(path); }),
                HasSubstr("trap.txt: unpacks to more than 250 times its size"));
  }
}

TEST(PackedFile, OfAPipeIsReadAsItComes) {
  const TemporaryDirectory directory;
  const std::string text = many_rows();
  for (const Packing packing : {Packing::gzip, Packing::zstd, Packing::none}) {
    const auto path = directory.path() / ("pipe" + std::to_string(static_cast<int>(packing)));
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const std::string bytes = packing == Packing::none ? text : packed_in_parts(packing, text, text.size());
    std::thread writer([&] { std::ofstream(path) << bytes; });
    std::ostringstream all;
    all << open_text(path).stream->rdbuf();
    writer.join();
    EXPECT_EQ(all.str(), text);
  }
}

TEST(PackedFile, IsSeenByItsFirstBytesAlone) {
  for (const char* text : {"(", "(a", "plain", ""}) {
    std::ostringstream all;
    const auto stream = unpacked_by_mark(std::make_unique<std::istringstream>(text), "x");
    for (char c; stream->get(c);) all << c;
    EXPECT_EQ(all.str(), text);
  }
  EXPECT_TRUE(may_be_packed("("));
  EXPECT_FALSE(may_be_packed("(a"));
}

}  // namespace
}  // namespace bertune::data::testing
