#include "hub/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/file_error.h"

namespace bertune::hub {

PartialFile::PartialFile(std::filesystem::path target)
    : target_(std::move(target)), path_(target_.string() + ".incomplete") {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
  struct stat status {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
    const int error = errno;
    if (descriptor_ >= 0) ::close(descriptor_);
    throw_file_error("write", path_, error);
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

PartialFile::~PartialFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void PartialFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("write", path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    size_ += static_cast<std::uint64_t>(count);
  }
}

void PartialFile::restart() {
  if (::ftruncate(descriptor_, 0) != 0) throw_file_error("write", path_, errno);
  size_ = 0;
}

void PartialFile::finish() {
  if (::fsync(descriptor_) != 0) throw_file_error("write", path_, errno);
  if (::rename(path_.c_str(), target_.c_str()) != 0) throw_file_error("rename", path_, errno);
}

void PartialFile::remove() { ::unlink(path_.c_str()); }

}  // namespace bertune::hub
