#include "report/tensorboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "support/temporary_directory.h"

namespace bertune::report {
namespace {

using ::testing::HasSubstr;

TEST(TensorBoard, Checksum) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);  // RFC 3720
  EXPECT_EQ(crc32c(""), 0U);
}

// The records of a file, their lengths and places being right; tests/parity reads one with TensorBoard
// itself.
std::vector<std::string> records_of(const std::string& bytes) {
  std::vector<std::string> records;
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data() + at, sizeof size);
    records.push_back(bytes.substr(at + 12, size));
    at += 16 + size;
    EXPECT_LE(at, bytes.size());
  }
  return records;
}

TEST(TensorBoard, WritesEachEventAtOnce) {
  const testing::TemporaryDirectory folder;
  EventFile file(folder.path() / "runs");
  EXPECT_THAT(file.path().filename().string(),
              ::testing::MatchesRegex("events\\.out\\.tfevents\\.[0-9]{10}\\..*"));
  const std::string name = "runs/" + file.path().filename().string();
  EXPECT_THAT(records_of(folder.read(name)).at(0), HasSubstr("brain.Event:2"));
  const std::array<EventFile::Scalar, 2> scalars = {{{"train/loss", 0.5}, {"eval/f1", std::nan("")}}};
  file.add_scalars(300, scalars);
  file.add_text("args", "{}");
  const std::vector<std::string> records = records_of(folder.read(name));
  ASSERT_EQ(records.size(), 3U);
  // step: field 2, 300 as a varint; then a summary with one value, whose float is 0.5. What is no number is
  // left out.
  EXPECT_THAT(records[1], HasSubstr(std::string(
                              "\x10\xAC\x02\x2A\x13\x0A\x11\x0A\x0Atrain/loss\x15\x00\x00\x00\x3F", 24)));
  EXPECT_THAT(records[1], ::testing::Not(HasSubstr("eval/f1")));
  EXPECT_THAT(records[2], HasSubstr("args/text_summary"));
}

}  // namespace
}  // namespace bertune::report
