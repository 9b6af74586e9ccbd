#include "data/files/sniff.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bertune/error.h"
#include "data/files/json_shape.h"

namespace bertune::data {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes, what, remedy;
};

constexpr std::array kMagic = {
    Magic{"\x1f\x8b"sv, "gzip-compressed", "unpack it first: gunzip -k"},
    Magic{"BZh"sv, "bzip2-compressed", "unpack it first: bunzip2 -k"},
    Magic{"\xfd"
          "7zXZ"sv,
          "xz-compressed", "unpack it first: unxz -k"},
    Magic{"\x28\xb5\x2f\xfd"sv, "zstd-compressed", "unpack it first: unzstd"},
    Magic{"PAR1"sv, "a Parquet file, which can be read neither from a pipe nor packed",
          "give the file itself, or convert it to JSON Lines first"},
    Magic{"ARROW1"sv, "an Arrow file", "convert it to CSV or JSON Lines first"},
    Magic{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "an old Excel workbook", "save it as CSV UTF-8"},
    Magic{"%PDF-"sv, "a PDF document", "a table is needed: CSV, TSV or JSON Lines"},
    Magic{"SQLite format 3"sv, "an SQLite database", "export the table as CSV"},
    Magic{"\x7f"
          "ELF"sv,
          "a program", "a table is needed: CSV, TSV or JSON Lines"},
    Magic{"version https://git-lfs.github.com/spec"sv, "a Git LFS pointer and not the data",
          "fetch it: git lfs pull"},
    Magic{"<!DOCTYPE html"sv, "a web page", "download the file itself and not the page about it"},
    Magic{"<!doctype html"sv, "a web page", "download the file itself and not the page about it"},
    Magic{"<html"sv, "a web page", "download the file itself and not the page about it"},
};

[[noreturn]] void refuse(const std::string& path, std::string_view what, std::string_view remedy) {
  throw Error(fmt::format("{}: is {}; {}", path, what, remedy));
}

[[noreturn]] void refuse_encoding(const std::string& path, std::string_view encoding) {
  throw Error(
      fmt::format("{0}: is {1} text; convert it: iconv -f {1} -t UTF-8 \"{0}\" > utf8.csv, or save it as CSV "
                  "UTF-8",
                  path, encoding));
}

void refuse_wide_text(std::string_view head, const std::string& path) {
  if (head.starts_with("\xff\xfe\0\0"sv) || head.starts_with("\0\0\xfe\xff"sv))
    refuse_encoding(path, "UTF-32");
  if (head.starts_with("\xff\xfe"sv)) refuse_encoding(path, "UTF-16");
  if (head.starts_with("\xfe\xff"sv)) refuse_encoding(path, "UTF-16");
  // Text in a Latin script, if its encoding has no mark, has a zero in nearly every second byte.
  const std::string_view sample = head.substr(0, 4096);
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < sample.size(); ++i) zeros[i % 2] += sample[i] == '\0' ? 1 : 0;
  if (sample.size() < 8) return;
  const std::size_t many = sample.size() / 2 * 6 / 10, few = sample.size() / 2 / 20;
  if (zeros[1] >= many && zeros[0] <= few) refuse_encoding(path, "UTF-16LE");
  if (zeros[0] >= many && zeros[1] <= few) refuse_encoding(path, "UTF-16BE");
}

}  // namespace

void refuse_foreign_bytes(std::string_view head, const std::string& path) {
  if (head.starts_with("PK\x03\x04"sv)) {
    const bool workbook =
        head.substr(0, 65536).find("xl/") != std::string_view::npos || path.ends_with(".xlsx");
    if (workbook) refuse(path, "an Excel workbook", "save it as CSV UTF-8");
    refuse(path, "a zip archive", "unpack it first: unzip");
  }
  for (const Magic& magic : kMagic) {
    if (head.starts_with(magic.bytes)) refuse(path, magic.what, magic.remedy);
  }
  refuse_wide_text(head, path);
  const std::string_view sample = head.substr(0, 65536);
  if (sample.find('\n') == std::string_view::npos && std::count(sample.begin(), sample.end(), '\r') > 1) {
    throw Error(
        fmt::format("{0}: its lines end in CR alone (old Mac); convert them: tr '\\r' '\\n' < \"{0}\" > "
                    "unix.csv",
                    path));
  }
}

std::size_t byte_order_mark(std::string_view head) { return head.starts_with("\xef\xbb\xbf"sv) ? 3 : 0; }

bool is_json(std::string_view head) {
  const std::size_t first = head.find_first_not_of(kJsonBlanks);
  if (first == std::string_view::npos || (head[first] != '{' && head[first] != '[')) return false;
  const std::size_t second = head.find_first_not_of(kJsonBlanks, first + 1);
  if (second == std::string_view::npos) return false;
  if (head[first] == '{') return head[second] == '"' || head[second] == '}';
  return std::string_view("{[]\"").find(head[second]) != std::string_view::npos;
}

char guess_delimiter(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\n'));
  std::array<std::pair<char, std::size_t>, 4> counts = {{{',', 0}, {';', 0}, {'\t', 0}, {'|', 0}}};
  bool quoted = false;
  for (const char character : line) {
    if (character == '"') quoted = !quoted;
    for (auto& [delimiter, count] : counts) count += !quoted && character == delimiter ? 1 : 0;
  }
  if (counts[0].second > 0) return ',';
  const auto most = std::max_element(counts.begin(), counts.end(), [](const auto& left, const auto& right) {
    return left.second < right.second;
  });
  return most->second > 0 ? most->first : ',';
}

}  // namespace bertune::data
