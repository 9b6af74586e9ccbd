#include "hub/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <span>
#include <utility>

#include "core/file_error.h"
#include "core/writing.h"

namespace bertune::hub {

PartialFile::PartialFile(std::filesystem::path target)
    : target_(std::move(target)), path_(target_.string() + ".incomplete") {
  descriptor_ = Descriptor(writing::open(path_, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644));
  struct stat status {};
  if (descriptor_.get() < 0 || ::fstat(descriptor_.get(), &status) != 0)
    throw_file_error("write", path_, errno);
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void PartialFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = writing::write(descriptor_.get(), std::as_bytes(std::span(bytes)));
    if (count < 0) throw_file_error("write", path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    size_ += static_cast<std::uint64_t>(count);
  }
}

void PartialFile::restart() {
  if (writing::truncate(descriptor_.get(), 0) != 0) throw_file_error("write", path_, errno);
  size_ = 0;
}

void PartialFile::finish() {
  if (writing::sync(descriptor_.get()) != 0) throw_file_error("write", path_, errno);
  if (writing::rename(path_, target_) != 0) throw_file_error("rename", path_, errno);
}

void PartialFile::remove() { writing::unlink(path_); }

}  // namespace bertune::hub
