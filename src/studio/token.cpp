#include "studio/token.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>

#include <cerrno>
#include <span>

#include "bertune/error.h"
#include "core/file.h"
#include "core/file_error.h"
#include "core/writing.h"

namespace bertune::studio {

std::string random_token(std::size_t bytes) {
  std::string random(bytes, '\0'), text;
  if (::getrandom(random.data(), bytes, 0) != static_cast<ssize_t>(bytes))
    throw Error("the system has no random numbers");
  for (const char byte : random) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

std::string token_of(const std::filesystem::path& projects) {
  constexpr std::size_t kBytes = 16;
  const std::filesystem::path file = projects / ".studio-token";
  if (path_exists(file)) {
    std::string token = read_file(file, 1000);
    while (!token.empty() && token.back() == '\n') token.pop_back();
    if (token.size() == 2 * kBytes && token.find_first_not_of("0123456789abcdef") == token.npos) return token;
  }
  std::string token = random_token(kBytes);
  write_for_owner(file, token);
  return token;
}

void write_for_owner(const std::filesystem::path& file, std::string_view text) {
  writing::make_folders(file.parent_path());
  writing::unlink(file);
  const Descriptor made(writing::open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (made.get() < 0 ||
      writing::write(made.get(), std::as_bytes(std::span(text))) != static_cast<ssize_t>(text.size()))
    throw_file_error("write", file, errno);
}

}  // namespace bertune::studio
