#include "studio/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>
#include <thread>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/file_error.h"
#include "core/writing.h"

namespace bertune::studio {
namespace {

namespace fs = std::filesystem;

// A place for what a command reads or writes: a file, or memory where it has no name.
Descriptor place_for(const fs::path& path, const char* name) {
  if (path.empty()) return Descriptor(::memfd_create(name, MFD_CLOEXEC));
  Descriptor file(writing::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0) throw_file_error("write", path, errno);
  return file;
}

Descriptor input_of(const std::string& text) {
  Descriptor file(::memfd_create("input", MFD_CLOEXEC));
  if (!writing::pwrite_all(file.get(), std::as_bytes(std::span(text)), 0))
    throw Error("there is too little memory to start a command");
  return file;
}

// The child's side of fork(), where nothing may be called that takes memory or a lock.
[[noreturn]] void become(const char* program, char* const* arguments, const char* folder,
                         const std::array<int, 3>& files, bool survives, pid_t parent) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ}) ::signal(number, SIG_DFL);
  ::setsid();
  if (!survives) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);
  }
  for (int i = 0; i < 3; ++i)
    if (::dup2(files[static_cast<std::size_t>(i)], i) < 0) ::_exit(127);
  // The sockets of the studio would stay open with a command that survives it.
  if (::close_range(3, ~0U, 0) != 0)
    for (int file = 3; file < 4096; ++file) ::close(file);
  if (::chdir(folder) != 0) ::_exit(127);
  ::execv(program, arguments);
  ::_exit(127);
}

std::uint64_t bytes_in(const Descriptor& file) {
  struct stat about {};
  return ::fstat(file.get(), &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
}

std::string text_in(const Descriptor& file, std::uint64_t begin, std::uint64_t end) {
  std::string text(end - begin, '\0');
  text.resize(read_at(file, begin, text));
  return text;
}

// The last bytes of a log: a command says at its end what it died of.
std::string end_of(const Descriptor& file) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 20;
  const std::uint64_t bytes = bytes_in(file);
  return text_in(file, bytes - std::min(bytes, kMost), bytes);
}

}  // namespace

Child::Child(const Command& command)
    : survives_(command.survives),
      out_(place_for(command.out, "output")),
      log_(place_for(command.log, "log")) {
  const Descriptor input = input_of(command.input);
  std::string name = "bertune";
  std::vector<std::string> texts = command.arguments;
  std::vector<char*> arguments = {name.data()};
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  const std::array files = {input.get(), out_.get(), log_.get()};
  const pid_t parent = ::getpid();
  number_ = ::fork();
  if (number_ == 0)
    become(command.program.c_str(), arguments.data(), command.folder.c_str(), files, survives_, parent);
  if (number_ < 0) throw Error(fmt::format("no process can be started: {}", std::strerror(errno)));
}

Child::Child(Child&& other) noexcept
    : number_(std::exchange(other.number_, -1)),
      survives_(other.survives_),
      out_(std::move(other.out_)),
      log_(std::move(other.log_)),
      code_(other.code_) {}

Child::~Child() {
  if (number_ <= 0 || code() || survives_) return;
  signal(SIGTERM);
  for (int i = 0; i < 200 && !code(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  signal(SIGKILL);
  if (!code_) ::waitpid(number_, nullptr, 0);
}

std::optional<int> Child::code() {
  int status = 0;
  if (!code_ && ::waitpid(number_, &status, WNOHANG) == number_)
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code_;
}

void Child::signal(int number) {
  if (!code()) ::kill(number_, number);
}

std::string Child::out(std::size_t most) const {
  return text_in(out_, 0, std::min<std::uint64_t>(bytes_in(out_), most));
}
std::string Child::log() const { return end_of(log_); }

Ended run_and_wait(const Command& command, std::chrono::milliseconds limit) {
  constexpr std::size_t kMost = std::size_t{16} << 20;
  Child child(command);
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!child.code()) {
    if (std::chrono::steady_clock::now() >= end) return {.code = 124, .out = "", .log = child.log()};
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return {.code = *child.code(), .out = child.out(kMost), .log = child.log()};
}

std::string log_in(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.get() < 0 ? std::string() : end_of(file);
}

std::string error_in(const std::string& log) {
  constexpr std::string_view kMark = "error: ";
  const std::size_t found = log.rfind("\n" + std::string(kMark));
  std::size_t begin = found == log.npos ? log.npos : found + 1;
  if (begin == log.npos && log.starts_with(kMark)) begin = 0;
  if (begin == log.npos) return "";
  std::string sentence = log.substr(begin + kMark.size());
  while (!sentence.empty() && (sentence.back() == '\n' || sentence.back() == ' ')) sentence.pop_back();
  return sentence;
}

}  // namespace bertune::studio
