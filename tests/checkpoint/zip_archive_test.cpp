// The directory of a zip archive, with numbers of 32 and of 64 bits, and cut off at every byte.
#include "checkpoint/zip_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "bertune/error.h"
#include "support/message_of.h"

namespace bertune::checkpoint {
namespace {

using bertune::testing::message_of;
using ::testing::HasSubstr;

std::string number(std::uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

// An archive with one entry of this contents, stored behind `before`.
std::string archive_of(const std::string& contents, bool in_64_bits, const std::string& comment = "") {
  const std::string name = "a/b", before = "anything";
  const auto crc = static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(contents.data()), static_cast<uInt>(contents.size())));
  const std::uint64_t size = in_64_bits ? 0xffffffff : contents.size(),
                      place = in_64_bits ? 0xffffffff : before.size();
  const std::string other = number(7, 2) + number(3, 2) + "xyz";
  const std::string extra = in_64_bits ? other + number(1, 2) + number(24, 2) + number(contents.size(), 8) +
                                             number(contents.size(), 8) + number(before.size(), 8)
                                       : other;
  std::string file = before + number(0x04034b50, 4) + std::string(22, '\0') + number(name.size(), 2) +
                     number(4, 2) + name + "pad!" + contents;
  const std::size_t directory = file.size();
  file += number(0x02014b50, 4) + std::string(12, '\0') + number(crc, 4) + number(size, 4) + number(size, 4) +
          number(name.size(), 2) + number(extra.size(), 2) + std::string(10, '\0') + number(place, 4) + name +
          extra;
  const std::size_t end = file.size();
  if (in_64_bits) {
    file += number(0x06064b50, 4) + number(44, 8) + std::string(12, '\0') + number(1, 8) + number(1, 8) +
            number(end - directory, 8) + number(directory, 8);
    file += number(0x07064b50, 4) + number(0, 4) + number(end, 8) + number(1, 4);
  }
  return file + number(0x06054b50, 4) + std::string(4, '\0') + number(in_64_bits ? 0xffff : 1, 2) +
         number(in_64_bits ? 0xffff : 1, 2) + number(end - directory, 4) +
         number(in_64_bits ? 0xffffffff : directory, 4) + number(comment.size(), 2) + comment;
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(ZipArchive, EntriesAreReadInPlace) {
  for (const bool in_64_bits : {false, true}) {
    for (const std::string comment : {"", "a comment with PK\x05\x06 in it"}) {
      const std::string file = archive_of("the contents", in_64_bits, comment);
      const ZipArchive archive(bytes_of(file), "a.zip");
      ASSERT_EQ(archive.entries().size(), 1U);
      const ZipEntry* entry = archive.find("a/b");
      ASSERT_NE(entry, nullptr);
      EXPECT_TRUE(entry->is_plain);
      EXPECT_EQ(entry->size, 12U);
      const auto bytes = archive.bytes(*entry);
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "the contents");
      archive.require_checksum(*entry, bytes);
      EXPECT_THAT(message_of([&] { archive.require_checksum(*entry, bytes_of("other")); }), HasSubstr("CRC"));
      EXPECT_EQ(archive.find("a/c"), nullptr);
    }
  }
}

TEST(ZipArchive, CutOffOrChangedItIsRefusedOrReadAsItIs) {
  for (const bool in_64_bits : {false, true}) {
    const std::string whole = archive_of("contents", in_64_bits);
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_THAT(message_of([&] { ZipArchive(bytes_of(whole.substr(0, size)), "a.zip"); }),
                  HasSubstr("a.zip: its zip archive is cut off or damaged"))
          << size;
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const char value : {'\0', '\x7f', '\xff'}) {
        const std::string changed = whole.substr(0, at) + value + whole.substr(at + 1);
        try {  // nothing is read beyond the file: the sanitizers would see it
          const ZipArchive archive(bytes_of(changed), "a.zip");
          for (const ZipEntry& entry : archive.entries())
            archive.require_checksum(entry, archive.bytes(entry));
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), HasSubstr("damaged"));
        }
      }
    }
  }
}

}  // namespace
}  // namespace bertune::checkpoint
