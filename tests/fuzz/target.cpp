#include "fuzz/target.h"

#include <algorithm>
#include <memory>

#include "bertune/error.h"
#include "core/utf8.h"

namespace bertune::fuzz {
namespace {

std::vector<Target>& all() {
  static std::vector<Target> targets;
  return targets;
}

}  // namespace

Target::Target(const char* target_name, Reader target_reader) : name(target_name), reader(target_reader) {
  all().push_back(*this);
}

const std::vector<Target>& targets() { return all(); }

const Target& target(std::string_view name) {
  const auto found = std::ranges::find(all(), name, &Target::name);
  if (found == all().end()) throw std::logic_error("no fuzz target " + std::string(name));
  return *found;
}

std::string refusal(const Target& target, std::string_view bytes) {
  try {
    target.reader(bytes);
    return "";
  } catch (const Error& error) {
    const std::string_view message = error.what();
    require(!message.empty(), "an error without a message");
    constexpr std::string_view kLibrary = "[json.exc";
    require(message.find(kLibrary) == message.npos || bytes.find(kLibrary) != bytes.npos,
            "an error in the words of a library");
    return std::string(message);
  }
}

std::vector<std::string_view> parts(std::string_view bytes, std::size_t count) {
  std::vector<std::string_view> found(count);
  for (std::size_t i = 0; i + 1 < count; ++i) {
    found[i] = bytes.substr(0, bytes.find(kSeparator));
    bytes.remove_prefix(std::min(bytes.size(), found[i].size() + 1));
  }
  found.back() = bytes;
  return found;
}

unsigned take_choice(std::string_view& bytes) {
  if (bytes.empty()) return 0;
  const auto choice = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  return choice;
}

const testing::TemporaryDirectory& folder() {
  static const testing::TemporaryDirectory folder;
  return folder;
}

}  // namespace bertune::fuzz
