// A Parquet file that is damaged, or cannot be read for another reason, ends in an Error that names it.
#include <dlfcn.h>

#include <cstddef>
#include <random>

#include "core/plugin.h"
#include "data/files/parquet/library.h"
#include "data/texts/reader.h"
#include "parquet/helpers.h"

namespace bertune::testing {
namespace {

using arrow::int64;
using arrow::utf8;
using ::testing::HasSubstr;

const Fields kTaggedTexts = {field("text", utf8()), field("label", int64()),
                             field("tags", arrow::list(utf8()))};

std::string some_rows() {
  std::string lines;
  for (int i = 0; i < 40; ++i)
    lines += "{\"text\":\"row " + std::to_string(i * i) + "\",\"label\":" + std::to_string(i % 2) +
             ",\"tags\":[\"O\",\"B\"]}\n";
  return lines;
}

TEST_F(Parquet, NamesAFileThatWasCut) {
  write(some_rows(), kTaggedTexts, {.group_rows = 15});
  const std::string bytes = files.read("rows.parquet");
  for (std::size_t size = 64; size < bytes.size(); size += 64) {
    const auto cut = files.write("cut.parquet", bytes.substr(0, size));
    EXPECT_THAT(error_of(cut), HasSubstr("cut.parquet: is a Parquet file that cannot be read: ")) << size;
  }
  EXPECT_THAT(error_of(files.write("cut.parquet", "PAR1")), HasSubstr("cannot be read"));
}

TEST_F(Parquet, OutlivesChangedBytes) {
  for (const auto compression : {parquet::Compression::UNCOMPRESSED, parquet::Compression::ZSTD}) {
    write(some_rows(), kTaggedTexts, {.group_rows = 15, .compression = compression});
    const std::string bytes = files.read("rows.parquet");
    std::mt19937 random(7);
    int errors = 0;
    for (int i = 0; i < 400; ++i) {
      std::string changed = bytes;
      for (int k = 0; k < 3; ++k) changed[4 + random() % (bytes.size() - 4)] = static_cast<char>(random());
      const std::string error = error_of(files.write("changed.parquet", changed));
      if (error == "no error") continue;
      EXPECT_THAT(error, HasSubstr("changed.parquet: "));
      EXPECT_EQ(error.find('\n'), std::string::npos) << error;
      ++errors;
    }
    EXPECT_GT(errors, 100);
  }
}

TEST_F(Parquet, RefusesFilesWithoutRowsOrColumns) {
  const auto read = [&](const std::filesystem::path& path) {
    return message_of([&] { data::read_dataset(path, {}); });
  };
  EXPECT_THAT(read(write("", kTaggedTexts)), HasSubstr("rows.parquet: is empty"));
  EXPECT_EQ(streamed(files.path() / "rows.parquet"), "");
  const auto path = files.path() / "none.parquet";
  write_parquet(path, arrow::Table::Make(arrow::schema(Fields{}), arrow::ArrayVector{}, 7));
  EXPECT_THAT(read(path),
              HasSubstr("none.parquet: is a Parquet file that cannot be read: it has no columns"));
}

TEST_F(Parquet, RefusesRowsThatWouldFillTheMemory) {
  arrow::StringBuilder texts;
  const std::string text(1 << 20, 'x');
  for (int i = 0; i < 80; ++i) ASSERT_TRUE(texts.Append(text).ok());
  const auto path = files.path() / "bomb.parquet";
  write_parquet(path,
                arrow::Table::Make(arrow::schema({field("text", utf8())}), {texts.Finish().ValueOrDie()}),
                {.compression = parquet::Compression::ZSTD});
  EXPECT_THAT(error_of(path), HasSubstr("bomb.parquet: unpacks to more than 250 times its size"));
}

TEST_F(Parquet, SaysWhichLibraryCannotBeLoaded) {
  const auto path = write(some_rows(), kTaggedTexts);
  ::setenv("BERTUNE_PARQUET_LIBRARY", files.write("no_library.so", "text").c_str(), 1);
  EXPECT_THAT(error_of(path), HasSubstr("libbertune_parquet.so, cannot be loaded; "));
  ::setenv("BERTUNE_PARQUET_LIBRARY", (files.path() / "nothing").c_str(), 1);
  EXPECT_THAT(error_of(path), HasSubstr("is not beside the program"));
}

TEST_F(Parquet, LibraryRefusesAnotherVersion) {
  const auto plugin = load_plugin("libbertune_parquet.so", "BERTUNE_PARQUET_LIBRARY");
  ASSERT_NE(plugin.handle, nullptr) << plugin.why;
  const auto open = reinterpret_cast<data::OpenParquet*>(::dlsym(plugin.handle, data::kOpenParquet));
  ASSERT_NE(open, nullptr);
  EXPECT_EQ(open("0.0.0", "rows.parquet"), nullptr);
}

}  // namespace
}  // namespace bertune::testing
