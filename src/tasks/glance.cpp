#include "tasks/glance.h"

#include "bertune/error.h"
#include "data/files/file_part.h"

namespace bertune::tasks {

std::optional<MappedFile> look_into(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path file = data::file_part(path).file;
  if (!std::filesystem::is_regular_file(file, error)) return std::nullopt;
  try {
    return std::optional<MappedFile>(std::in_place, file);
  } catch (const Error&) {
    return std::nullopt;  // whoever reads it says what is wrong with it
  }
}

}  // namespace bertune::tasks
