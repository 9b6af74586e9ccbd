// A zip archive whose entries are stored as they are, which is how torch.save writes them: they are read in
// place (APPNOTE.TXT 6.3.10 of PKWARE, with the extension for 64 bits).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bertune::checkpoint {

struct ZipEntry {
  std::string_view name;  // in the file
  std::uint64_t size = 0, stored_size = 0, header = 0;
  std::uint32_t crc = 0;
  bool is_plain = false;  // neither compressed nor encrypted
};

class ZipArchive {
 public:
  // Reads the directory of the archive, trusting none of it; `file` must outlive the object, and `where`
  // stands for it in messages. Throws Error where it is damaged.
  ZipArchive(std::span<const std::byte> file, std::string where);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  const ZipEntry* find(std::string_view name) const;  // the first of that name; nullptr: none
  // The bytes of an entry that is plain. Throws Error where the file does not hold them.
  std::span<const std::byte> bytes(const ZipEntry& entry) const;
  // Throws Error unless these are the entry's bytes, by their checksum.
  void require_checksum(const ZipEntry& entry, std::span<const std::byte> bytes) const;

  [[noreturn]] void damaged(std::string_view what) const;

 private:
  std::uint64_t number(std::uint64_t at, int size) const;
  std::string_view text(std::uint64_t at, std::uint64_t size) const;
  void require_signature(std::uint64_t at, std::uint32_t signature, std::string_view what) const;
  std::uint64_t find_end() const;
  std::uint64_t read_entry(std::uint64_t at);
  void read_sizes_of_64_bits(ZipEntry& entry, std::uint64_t extra, std::uint64_t size) const;

  std::span<const std::byte> file_;
  std::string where_;
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
};

}  // namespace bertune::checkpoint
