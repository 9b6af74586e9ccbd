#include "report/tensorboard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <span>

#include "bertune/error.h"
#include "core/writing.h"

namespace bertune::report {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1U) ^ ((rest & 1U) != 0 ? 0x82F63B78U : 0U);
    table[byte] = rest;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = crc_table();

// The checksum as records have it: turned, so that a checksum of one differs from it.
std::uint32_t masked_crc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xA282EAD8U; }

template <typename Number>
std::string little_endian(Number number) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7U) bytes += static_cast<char>((number & 0x7FU) | 0x80U);
  return bytes + static_cast<char>(number);
}

// Fields of a protocol buffer, by their number.
enum class Wire : std::uint32_t { varint = 0, eight_bytes = 1, bytes = 2, four_bytes = 5 };
std::string key(std::uint32_t field, Wire wire) {
  return varint(field << 3U | static_cast<std::uint32_t>(wire));
}
std::string integer(std::uint32_t field, std::int64_t value) {
  return key(field, Wire::varint) + varint(static_cast<std::uint64_t>(value));
}
std::string bytes(std::uint32_t field, std::string_view value) {
  return key(field, Wire::bytes) + varint(value.size()) + std::string(value);
}

double now() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::string event(std::int64_t step, const std::string& rest) {
  return key(1, Wire::eight_bytes) + little_endian(now()) + integer(2, step) + rest;
}

std::string host() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  std::string text = name.data();
  for (char& letter : text)
    if (letter == '/') letter = '-';
  return text;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes)
    crc = kCrcTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFFU] ^ (crc >> 8U);
  return ~crc;
}

EventFile::EventFile(const std::filesystem::path& folder)
    : path_(folder / fmt::format("events.out.tfevents.{:010}.{}.{}.0", static_cast<std::int64_t>(now()),
                                 host(), getpid())) {
  writing::make_folders(folder);
  file_ = Descriptor(writing::open(path_, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file_.get() < 0)
    throw Error(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(errno)));
  write_record(event(0, bytes(3, "brain.Event:2")));
}

void EventFile::add_scalars(std::int64_t step, std::span<const Scalar> scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars) {
    if (!std::isfinite(value)) continue;
    summary += bytes(1, bytes(1, tag) + key(2, Wire::four_bytes) + little_endian(static_cast<float>(value)));
  }
  if (!summary.empty()) write_record(event(step, bytes(5, summary)));
}

// A text is a tensor of one string; the plugin's name says how to show it.
void EventFile::add_text(const std::string& tag, const std::string& text) {
  const std::string tensor = integer(1, 7) + bytes(2, bytes(2, integer(1, 1))) + bytes(8, text);
  const std::string metadata = bytes(1, bytes(1, "text")) + integer(4, 2);
  write_record(
      event(0, bytes(5, bytes(1, bytes(1, tag + "/text_summary") + bytes(9, metadata) + bytes(8, tensor)))));
}

void EventFile::write_record(const std::string& data) {
  const std::string length = little_endian(static_cast<std::uint64_t>(data.size()));
  const std::string record =
      length + little_endian(masked_crc(length)) + data + little_endian(masked_crc(data));
  auto rest = std::as_bytes(std::span(record));
  while (!rest.empty()) {
    const ssize_t written = writing::write(file_.get(), rest);
    if (written < 0)
      throw Error(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(errno)));
    rest = rest.subspan(static_cast<std::size_t>(written));
  }
}

std::filesystem::path events_folder(const std::filesystem::path& output, const std::string& run) {
  if (const char* given = std::getenv("TENSORBOARD_LOGGING_DIR"); given != nullptr && *given != '\0')
    return run.empty() ? std::filesystem::path(given) : std::filesystem::path(given) / run;
  const std::time_t time = std::time(nullptr);
  std::tm local{};
  localtime_r(&time, &local);
  std::array<char, 32> date{};
  std::strftime(date.data(), date.size(), "%b%d_%H-%M-%S", &local);
  return output / "runs" / fmt::format("{}_{}", date.data(), host());
}

}  // namespace bertune::report
