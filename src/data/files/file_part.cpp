#include "data/files/file_part.h"

namespace bertune::data {

FilePart file_part(const fs::path& path) {
  const std::string& name = path.native();
  const std::size_t mark = name.rfind('#');
  if (mark == std::string::npos || mark + 1 == name.size() || path_exists(path)) return {path, ""};
  const fs::path file = name.substr(0, mark);
  if (!path_exists(file)) return {path, ""};
  return {file, name.substr(mark + 1)};
}

}  // namespace bertune::data
