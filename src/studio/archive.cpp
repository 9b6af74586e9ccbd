#include "studio/archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string_view>

#include "bertune/error.h"
#include "core/file.h"
#include "core/file_error.h"
#include "core/folder.h"
#include "core/folder_lock.h"

namespace bertune::studio {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 512, kPart = std::size_t{1} << 20;
constexpr std::uint64_t kLargest = (std::uint64_t{1} << 33) - 1;  // eleven octal digits

std::uint64_t padded(std::uint64_t bytes) { return (bytes + kBlock - 1) / kBlock * kBlock; }

bool belongs_to_model(const fs::path& below) {
  const std::string first = below.begin()->string();
  return !first.starts_with("checkpoint-") && below.filename() != kLockFile && !is_temporary(below);
}

}  // namespace

Archive::Archive(const fs::path& folder, const std::string& name) {
  for (const fs::path& path : files_below(folder)) {
    const fs::path below = path.lexically_relative(folder);
    struct stat about {};
    if (!belongs_to_model(below) || ::stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) continue;
    members_.push_back(
        {path, name + "/" + below.string(), static_cast<std::uint64_t>(about.st_size), about.st_mtime});
  }
  std::ranges::sort(members_, {}, &Member::name);
  for (const Member& member : members_) {
    if (member.name.size() > 99 || member.bytes > kLargest)
      throw Error(fmt::format("{}: its name or size has no place in an archive; copy the folder instead",
                              member.path.string()));
    bytes_ += kBlock + padded(member.bytes);
  }
  bytes_ += 2 * kBlock;
}

std::string Archive::head_of(const Member& member) const {
  std::string head(kBlock, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { head.replace(at, text.size(), text); };
  put(0, member.name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", member.bytes));
  put(136, fmt::format("{:011o}", static_cast<std::uint64_t>(std::max<std::int64_t>(0, member.changed))));
  put(148, "        ");
  head[156] = '0';
  put(257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char byte : head) sum += static_cast<unsigned char>(byte);
  put(148, fmt::format("{:06o}", sum));
  head[154] = '\0';
  return head;
}

std::string Archive::next() {
  if (at_ == members_.size()) {
    if (is_over_) return "";
    is_over_ = true;
    return std::string(2 * kBlock, '\0');
  }
  const Member& member = members_[at_];
  std::string part;
  if (file_.get() < 0) {
    file_ = Descriptor(::open(member.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file_.get() < 0) throw_file_error("read", member.path, errno);
    part = head_of(member);
  }
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPart, member.bytes - sent_));
  const std::size_t before = part.size();
  part.resize(before + wanted);
  if (read_at(file_, sent_, std::span(part).subspan(before)) != wanted)
    throw Error(fmt::format("{}: changed while it was sent", member.path.string()));
  sent_ += wanted;
  if (sent_ == member.bytes) {
    part.append(padded(member.bytes) - member.bytes, '\0');
    file_ = Descriptor();
    sent_ = 0, ++at_;
  }
  return part;
}

}  // namespace bertune::studio
