#include "checkpoint/zip_archive.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "checkpoint/untrusted.h"

namespace bertune::checkpoint {
namespace {

constexpr std::uint32_t kEnd = 0x06054b50, kEnd64 = 0x06064b50, kLocator64 = 0x07064b50,
                        kDirectory = 0x02014b50, kLocal = 0x04034b50;
constexpr std::uint64_t kEndSize = 22, kLocator64Size = 20, kEnd64Size = 56, kDirectorySize = 46,
                        kLocalSize = 30;
constexpr std::uint64_t kLongestComment = 65535, kMaxEntries = 1'000'000;
constexpr std::uint32_t kIn64Bits = 0xffffffff;  // the number is in the extra field
constexpr std::uint16_t kExtra64 = 1, kIsEncrypted = 1;

}  // namespace

ZipArchive::ZipArchive(std::span<const std::byte> file, std::string where)
    : file_(file), where_(std::move(where)) {
  const std::uint64_t end = find_end();
  std::uint64_t count = number(end + 10, 2), at = number(end + 16, 4);
  if (end >= kLocator64Size && number(end - kLocator64Size, 4) == kLocator64) {
    const std::uint64_t end64 = number(end - kLocator64Size + 8, 8);
    require_signature(end64, kEnd64, "the end of its directory");
    text(end64, kEnd64Size);
    count = number(end64 + 32, 8), at = number(end64 + 48, 8);
  }
  if (count > kMaxEntries) damaged("too many entries");
  for (std::uint64_t i = 0; i < count; ++i) at = read_entry(at);
  for (std::size_t i = 0; i < entries_.size(); ++i) by_name_.emplace(entries_[i].name, i);
}

void ZipArchive::damaged(std::string_view what) const {
  throw Error(
      fmt::format("{}: its zip archive is cut off or damaged ({}); {}", where_, what, repair_hint(where_)));
}

std::string_view ZipArchive::text(std::uint64_t at, std::uint64_t size) const {
  if (at > file_.size() || size > file_.size() - at) damaged("it points beyond its end");
  return {reinterpret_cast<const char*>(file_.data()) + at, static_cast<std::size_t>(size)};
}

// Little endian.
std::uint64_t ZipArchive::number(std::uint64_t at, int size) const {
  const std::string_view bytes = text(at, static_cast<std::uint64_t>(size));
  std::uint64_t value = 0;
  for (int i = size; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

void ZipArchive::require_signature(std::uint64_t at, std::uint32_t signature, std::string_view what) const {
  if (number(at, 4) != signature) damaged(fmt::format("{} is not where it should be", what));
}

// The record at the end of the file, which only a comment may follow.
std::uint64_t ZipArchive::find_end() const {
  if (file_.size() < kEndSize) damaged("it has no directory");
  const std::uint64_t last = file_.size() - kEndSize;
  const std::uint64_t first = last - std::min(last, kLongestComment);
  for (std::uint64_t at = last + 1; at-- > first;)
    if (number(at, 4) == kEnd && number(at + 20, 2) == last - at) return at;
  damaged("it has no directory");
}

// Reads the entry of the directory at this place; returns the place of the next.
std::uint64_t ZipArchive::read_entry(std::uint64_t at) {
  require_signature(at, kDirectory, "an entry of its directory");
  text(at, kDirectorySize);
  const std::uint64_t name = number(at + 28, 2), extra = number(at + 30, 2), comment = number(at + 32, 2);
  ZipEntry entry{.name = text(at + kDirectorySize, name),
                 .size = number(at + 24, 4),
                 .stored_size = number(at + 20, 4),
                 .header = number(at + 42, 4),
                 .crc = static_cast<std::uint32_t>(number(at + 16, 4)),
                 .is_plain = number(at + 10, 2) == 0 && (number(at + 8, 2) & kIsEncrypted) == 0};
  read_sizes_of_64_bits(entry, at + kDirectorySize + name, extra);
  entries_.push_back(entry);
  return at + kDirectorySize + name + extra + comment;
}

void ZipArchive::read_sizes_of_64_bits(ZipEntry& entry, std::uint64_t extra, std::uint64_t size) const {
  const std::uint64_t end = extra + size;
  while (extra + 4 <= end) {
    const std::uint64_t kind = number(extra, 2), length = number(extra + 2, 2);
    extra += 4;
    if (kind == kExtra64) {
      std::uint64_t at = extra;
      for (std::uint64_t* value : {&entry.size, &entry.stored_size, &entry.header}) {
        if (*value != kIn64Bits) continue;
        if (at + 8 > extra + length) damaged("an entry without its size");
        *value = number(at, 8), at += 8;
      }
    }
    extra += length;
  }
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

std::span<const std::byte> ZipArchive::bytes(const ZipEntry& entry) const {
  require_signature(entry.header, kLocal, fmt::format("the entry {}", in_quotes(entry.name)));
  text(entry.header, kLocalSize);
  const std::uint64_t begin =
      entry.header + kLocalSize + number(entry.header + 26, 2) + number(entry.header + 28, 2);
  text(begin, entry.size);
  return file_.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(entry.size));
}

void ZipArchive::require_checksum(const ZipEntry& entry, std::span<const std::byte> bytes) const {
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
  if (::crc32_z(0, data, bytes.size()) != entry.crc)
    damaged(fmt::format("the CRC of the entry {} is another", in_quotes(entry.name)));
}

}  // namespace bertune::checkpoint
