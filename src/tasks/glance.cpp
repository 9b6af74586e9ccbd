#include "tasks/glance.h"

#include <fstream>

namespace bertune::tasks {

std::string beginning_of(const std::filesystem::path& path) {
  constexpr std::size_t kGlance = 4096;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return "";
  std::ifstream file(path, std::ios::binary);
  std::string text(kGlance, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace bertune::tasks
