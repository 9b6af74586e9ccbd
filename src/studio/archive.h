// A folder as one file to download: the plain form of tar (POSIX ustar), made while it is sent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/descriptor.h"

namespace bertune::studio {

class Archive {
 public:
  // The files below `folder`, under `name`/ in the archive; checkpoints, locks and temporary files stay out.
  // Throws Error where a file cannot be read, or has a name that the form has no place for.
  Archive(const std::filesystem::path& folder, const std::string& name);

  std::uint64_t bytes() const { return bytes_; }
  // The next part, "" at the end. Throws Error where a file has become shorter since.
  std::string next();

 private:
  struct Member {
    std::filesystem::path path;
    std::string name;
    std::uint64_t bytes = 0;
    std::int64_t changed = 0;  // seconds since 1970
  };

  std::string head_of(const Member& member) const;

  std::vector<Member> members_;
  std::uint64_t bytes_ = 0;
  std::size_t at_ = 0;      // the member that is sent
  std::uint64_t sent_ = 0;  // of it
  Descriptor file_;         // of it, once its head was sent
  bool is_over_ = false;
};

}  // namespace bertune::studio
