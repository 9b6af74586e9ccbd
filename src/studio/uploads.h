// Files come from the page in pieces, each to the disk as it comes: what a file weighs costs no memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/json.h"
#include "studio/projects.h"

namespace bertune::studio {

class Uploads {
 public:
  explicit Uploads(Projects& projects) : projects_(projects) {}

  // Returns the number of an upload. Throws Refusal (507) where the disk has no room for it.
  std::string begin(std::string_view project, const std::string& name, std::uint64_t bytes);
  // Takes the next piece, and returns {"received": bytes so far}, and with the last piece {"name"} of the
  // file in the project. Throws Refusal: 409 where the piece does not begin where the last one ended, 507
  // where the disk is full.
  OrderedJson add(std::string_view project, const std::string& number, std::uint64_t offset,
                  std::string_view piece);

 private:
  struct Upload {
    std::string project, name;
    std::uint64_t bytes = 0, received = 0;
  };

  fs::path part_of(const std::string& number, const Upload& upload) const;
  std::string finish(const std::string& number, const Upload& upload);

  Projects& projects_;
  std::mutex mutex_;
  std::map<std::string, Upload> open_;
};

// Removes what uploads of an earlier start have left in a project.
void remove_left_pieces(const fs::path& project);

}  // namespace bertune::studio
