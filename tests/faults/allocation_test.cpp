// One allocation after the other fails, in a copy of the process (fork) that is made at that moment: what it
// changes of the disk from then on is followed in memory, so that the process itself goes on undisturbed.
#include <execinfo.h>
#include <link.h>

#include <new>

#include "bertune/predictor.h"
#include "bertune/threads.h"
#include "bertune/trainer.h"
#include "faults/training.h"

extern "C" int __lsan_do_recoverable_leak_check() __attribute__((weak));

namespace bertune::testing {
namespace {

enum Outcome { kAsItShould, kAnotherError, kWentOn, kLeftSomething, kLeaked };
constexpr std::array kOutcomes = {"", "ended in another error", "went on", "left something half-written",
                                  "leaked"};

// Follows what is done to the disk; in the copies, nothing is done to it.
class Follower : public writing::Watcher {
 public:
  explicit Follower(const fs::path& root) : disk_(root) {}
  ssize_t make(const writing::Change& change) override;
  void only_pretend() { pretends_ = true; }
  const Disk& disk() const { return disk_; }

 private:
  Disk disk_;
  bool pretends_ = false;
};

// Where the code of a function lies.
struct Code {
  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> places;  // of each type that it is made for

  explicit Code(const std::string& mangled_part) {
    const std::string command =
        "nm -S --defined-only /proc/" + std::to_string(::getpid()) + "/exe 2>/dev/null";
    std::FILE* symbols = ::popen(command.c_str(), "r");
    std::array<char, 4096> line{};
    while (symbols != nullptr && std::fgets(line.data(), line.size(), symbols) != nullptr) {
      if (std::string_view(line.data()).find(mangled_part) == std::string_view::npos) continue;
      char* rest = nullptr;
      const std::uintptr_t begin = std::strtoull(line.data(), &rest, 16);
      places.emplace_back(begin, begin + std::strtoull(rest, nullptr, 16));
    }
    if (symbols != nullptr) ::pclose(symbols);
  }
  bool holds(const void* address) const {
    const auto at = reinterpret_cast<std::uintptr_t>(address) - offset();
    return std::any_of(places.begin(), places.end(),
                       [&](const auto& place) { return at > place.first && at <= place.second; });
  }
  // Whether it is being called.
  bool is_running() const {
    std::array<void*, 64> frames{};
    const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
    return std::any_of(frames.begin(), frames.begin() + count,
                       [this](const void* frame) { return holds(frame); });
  }
  // Of the program in memory.
  static std::uintptr_t offset() {
    std::uintptr_t found = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* into) {
          *static_cast<std::uintptr_t*>(into) = info->dlpi_addr;
          return 1;
        },
        &found);
    return found;
  }
};

// nlohmann::json takes memory in a destructor, which ends the program where there is none, and its
// constructor of lists leaks what it has where there is no more: nothing that could be mended here.
const Code& json_list_constructor() {
  static const Code code("EC2ESt16initializer_listINS0_6detail8json_ref");
  return code;
}
const Code& json_destructor() {
  static const Code code("json_value7destroy");
  return code;
}

struct Allocations {
  bool counted = false, is_copy = false, may_leak = false;
  long number = 0, stride = 0;
  long only = 0;  // this one fails in the process itself
  Follower* follower = nullptr;
  std::map<std::string, long> failures = {};  // what went wrong, and the first allocation of which
  long cases = 0;

  // Of tests themselves, none fails.
  struct Pause {
    explicit Pause(Allocations& of) : all(of), before(std::exchange(of.counted, false)) {}
    ~Pause() { all.counted = before; }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    Allocations& all;
    bool before;
  };

  // Whether this allocation is to fail: in the copy it is, and in the process it is not.
  bool fails() {
    if (!counted) return false;
    ++number;
    if (only != 0) return number == only;
    if (number % stride != 0) return false;
    const Pause pause(*this);
    if (json_destructor().is_running()) return false;
    ++cases;
    const pid_t child = ::fork();
    if (child == 0) {
      is_copy = true, stride = 1L << 60;
      may_leak = json_list_constructor().is_running();
      if (follower != nullptr) follower->only_pretend();
      ::alarm(60);
      return true;
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) {
      const std::string what = WIFEXITED(status) ? kOutcomes.at(static_cast<std::size_t>(WEXITSTATUS(status)))
                                                 : "died by a signal";
      failures.emplace(what, number);
    }
    return false;
  }
};
Allocations allocations;

ssize_t Follower::make(const writing::Change& change) {
  const Allocations::Pause pause(allocations);
  using writing::Call;
  ssize_t result = 0;
  if (!pretends_ || change.call == Call::close)
    result = writing::make(change);
  else if (change.call == Call::open)
    result = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  else if (change.call == Call::write)
    result = static_cast<ssize_t>(change.bytes.size());
  const int error = errno;
  if (result >= 0) disk_.apply(change, result);
  errno = error;
  return result;
}

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (allocations.fails()) return nullptr;
  void* memory = nullptr;
  return ::posix_memalign(&memory, alignment, bytes == 0 ? 1 : bytes) == 0 ? memory : nullptr;
}

// Runs `work` with every `stride`-th allocation failing in a copy. `is_whole`: of the disk after one failed.
void fail_allocations(long stride, Follower* follower, const std::function<void()>& work,
                      const std::function<bool()>& is_whole) {
  ASSERT_FALSE(json_destructor().places.empty() || json_list_constructor().places.empty());
  allocations = {.counted = true, .stride = stride, .follower = follower};
  int outcome = kWentOn;
  try {
    work();
  } catch (const std::bad_alloc&) {
    outcome = kAsItShould;
  } catch (const std::exception& error) {
    allocations.counted = false;
    std::fprintf(stderr, "allocation %ld: %s\n", allocations.number, error.what());
    outcome = kAnotherError;
  }
  allocations.counted = false;
  if (allocations.is_copy) {
    try {
      if (outcome == kAsItShould && !is_whole()) outcome = kLeftSomething;
    } catch (const std::exception&) {
      outcome = kLeftSomething;
    }
    if (outcome == kAsItShould && !allocations.may_leak && __lsan_do_recoverable_leak_check != nullptr &&
        __lsan_do_recoverable_leak_check() != 0)
      outcome = kLeaked;
    ::_exit(outcome);
  }
  EXPECT_EQ(outcome, kWentOn) << "undisturbed, it must succeed";
  for (const auto& [what, number] : allocations.failures)
    ADD_FAILURE() << "allocation " << number << " " << what;
  std::printf("%ld allocations, %ld of them failed\n", allocations.number, allocations.cases);
}

class AllocationFailure : public ::testing::Test {
 protected:
  AllocationFailure() {
    write_tiny_checkpoint(files_.path() / "base", smallest_config());
    files_.write("train.csv", tiny_dataset(16));
    set_num_threads(1);
  }
  ~AllocationFailure() override { set_num_threads(0); }

  TrainOptions options() const {
    TrainOptions options;
    options.model = files_.path() / "base";
    options.train = options.test = files_.path() / "train.csv";
    options.validation_split = 0.25;
    options.arguments.output_dir = files_.path() / "root" / "out";
    options.arguments.max_steps = 2, options.arguments.save_steps = 1;
    options.arguments.train_batch_size = 4;
    options.overwrite = true;
    return options;
  }
  static long stride(long few) { return takes_all() ? 1 : few; }

  TemporaryDirectory files_;
};

TEST_F(AllocationFailure, EndsATrainingCleanly) {
  files_.write("root/out/notes.txt", "mine");
  fine_tune(options());  // what is made once a process is made here
  const Disk before(files_.path() / "root");
  const auto old = before.tree();
  Follower follower(files_.path() / "root");
  writing::watch(&follower);
  fail_allocations(
      stride(397), &follower, [this] { fine_tune(options()); },
      [&] {
        const auto now = follower.disk().tree();
        // Once the folders have changed places, the old one may be left for the next command to empty.
        const bool is_new = now.contains("out/.replacing");
        bool whole = now.contains("out/model.safetensors") && (is_new || now.at("out/notes.txt") == "mine");
        for (const auto& [name, what] : now) {
          const bool is_ours = name.find(".tmp-") != name.npos || name.ends_with(".lock");
          if (!is_ours || (is_new && name.starts_with("out.tmp-"))) continue;
          std::fprintf(stderr, "allocation %ld: %s is left\n", allocations.number, name.c_str());
          whole = false;
        }
        return whole;
      });
  writing::watch(nullptr);
}

TEST_F(AllocationFailure, EndsAPredictionCleanly) {
  TrainOptions once = options();
  once.arguments.output_dir = files_.path() / "model";
  fine_tune(once);
  const auto predict = [&] {
    const Predictor predictor(files_.path() / "model");
    predictor.predict({.text = "the film was good"});
  };
  predict();
  fail_allocations(stride(43), nullptr, predict, [] { return true; });
}

// Of whichever allocation, also of one that no exception can report.
TEST_F(AllocationFailure, IsSaidByTheProgram) {
  std::vector<std::string> arguments = {"bertune",     "train",
                                        "--model",     files_.path() / "base",
                                        "--train",     files_.path() / "train.csv",
                                        "--output",    files_.path() / "out",
                                        "--threads",   "1",
                                        "--max-steps", "1",
                                        "--overwrite", "--silent"};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const auto failing = [&](long only) {
    return in_child([&] {
      allocations = {.counted = true, .only = only};
      const int code = cli::run_program(static_cast<int>(arguments.size()), argv.data());
      allocations.counted = false;
      std::printf("allocations: %ld", allocations.number);
      return code;
    });
  };
  const std::string printed = failing(-1).out;
  const long count = std::atol(printed.substr(printed.find("allocations: ") + 13).c_str());
  ASSERT_GT(count, 1000);
  for (long only = 1; only <= count; only += takes_all() ? 17 : count / 16) {
    const Ended ended = failing(only);
    EXPECT_EQ(ended.code, 1) << only;
    EXPECT_THAT(ended.err, ::testing::StartsWith("error: not enough memory")) << only;
  }
}

}  // namespace
}  // namespace bertune::testing

[[gnu::noinline]] void* operator new(std::size_t bytes) {
  void* memory = bertune::testing::allocate(bytes, alignof(std::max_align_t));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  void* memory = bertune::testing::allocate(bytes, static_cast<std::size_t>(alignment));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
// Whoever asks so can do without.
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return std::malloc(bytes);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return bertune::testing::allocate(bytes, alignment);
}
