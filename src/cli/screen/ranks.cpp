#include "cli/screen/ranks.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "bertune/threads.h"
#include "cli/screen/interrupt.h"
#include "cli/screen/launch.h"
#include "cli/screen/messages.h"
#include "distributed/delayed.h"
#include "distributed/join.h"
#include "distributed/ranks.h"

namespace bertune::cli {
namespace {

const Launch& launch() {
  static const Launch kLaunch = find_launch(variable);
  return kLaunch;
}

// A network that is not at hand, for measurements (bench/distributed.py).
std::unique_ptr<distributed::Communicator> joined(double beat) {
  std::unique_ptr<distributed::Communicator> engine = distributed::join(launch().size, beat);
  const std::string link = variable("BERTUNE_EMULATED_LINK");
  return link.empty() ? std::move(engine)
                      : distributed::delayed(std::move(engine), distributed::link_from_string(link));
}

// The job of this process. It lives until the process ends.
struct Job {
  explicit Job(double silence)
      : engine(joined(std::clamp(silence / 6, 0.1, 5.0))), ranks(*engine), use(ranks), patience(silence) {}

  std::unique_ptr<distributed::Communicator> engine;
  distributed::Ranks ranks;
  distributed::Use use;
  double patience;
  int threads = 0;
  bool failed = false;
};
std::optional<Job> job;
bool joins = false;
bool apart = false;

// Seconds of silence after which a rank counts as lost.
double silence_that_counts() {
  constexpr double kUsual = 60;
  const std::string text = variable("BERTUNE_RANK_TIMEOUT");
  if (text.empty()) return kUsual;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size() && seconds >= 1 && seconds <= 1e6)
    return seconds;
  throw UsageError(fmt::format("BERTUNE_RANK_TIMEOUT is \"{}\"; it must be seconds, at least 1", text));
}

std::string host_name() {
  std::array<char, 256> name = {};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

// The CPUs that this process may use, as a text of 0 and 1.
std::string allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  ::sched_getaffinity(0, sizeof(set), &set);
  std::string cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) cpus += CPU_ISSET(cpu, &set) ? '1' : '0';
  return cpus;
}

struct Seat {
  std::string host, cpus;
};

bool share_cpus(const Seat& one, const Seat& other) {
  if (one.host != other.host) return false;
  for (std::size_t cpu = 0; cpu < one.cpus.size(); ++cpu)
    if (one.cpus[cpu] == '1' && other.cpus[cpu] == '1') return true;
  return false;
}

// Returns where each rank is, on all ranks.
std::vector<Seat> seats_of(distributed::Ranks& ranks) {
  const auto all = [&] {
    std::string text;
    for (const std::string& one : ranks.gather(host_name() + "\t" + allowed_cpus(), "its name"))
      text += one + "\n";
    return text;
  };
  std::string lines = all();  // every rank gathers; the first has the lines
  lines = ranks.from_first([&] { return lines; }, "the names of all");
  std::vector<Seat> seats;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t tab = lines.find('\t', begin), end = lines.find('\n', begin);
    seats.push_back({lines.substr(begin, tab - begin), lines.substr(tab + 1, end - tab - 1)});
    begin = end + 1;
  }
  return seats;
}

// Open MPI binds two ranks of a machine to a CPU each, whatever the machine has.
void note_binding(const std::vector<Seat>& seats, int threads) {
  const Seat& own = seats.front();
  const auto here = std::ranges::count(seats, own.host, &Seat::host);
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (here * threads >= online || available_threads() >= online) return;
  print_notes(
      {fmt::format("{} ranks on {} use {} of its {} CPUs, for the launcher binds each to some; "
                   "mpirun --bind-to none leaves all to them",
                   here, own.host, here * threads, online)});
}

}  // namespace

bool is_first_rank() { return job ? job->ranks.is_first() : apart || launch().rank == 0; }

void work_apart() { apart = true; }

int launched_ranks() { return launch().size; }
int ranks_of_machine() { return launch().here; }

void require_one_process(std::string_view command) {
  if (launch().is_alone()) return;
  throw UsageError(fmt::format(
      "bertune {} works in one process, and a launcher has started {}; each would do the same. train, "
      "pretrain and evaluate divide their work among several",
      command, launch().size));
}

void join_ranks() {
  if (launch().is_alone() || job) return;
  if (!launch().problem.empty()) throw UsageError(launch().problem);
  joins = true;
  job.emplace(silence_that_counts());
  joins = false;
  distributed::Ranks& ranks = job->ranks;
  if (!ranks.is_first()) silence();
  ranks.set_patience(
      {.seconds = job->patience, .stop = interrupt_token(), .note = [](const std::string& text) {
         if (is_first_rank()) print_notes({text});
       }});
  const std::vector<Seat> seats = seats_of(ranks);
  std::vector<std::string> hosts;
  for (const Seat& seat : seats) hosts.push_back(seat.host);
  ranks.set_hosts(hosts);
  const Seat& own = seats[static_cast<std::size_t>(ranks.rank())];
  const auto sharing = std::ranges::count_if(seats, [&](const Seat& seat) { return share_cpus(own, seat); });
  job->threads = std::max(1, available_threads() / static_cast<int>(std::max<std::ptrdiff_t>(1, sharing)));
  if (ranks.is_first()) note_binding(seats, job->threads);
}

int threads_of_rank() { return job ? job->threads : 0; }

RankEnd end_ranks(std::string_view message, int code) {
  if (!job) return {.tells = apart || joins || launch().rank == 0, .code = code};
  job->failed = true;
  distributed::Communicator& all = *job->engine;
  if (all.rank() == 0) {
    for (int other = 1; other < all.size(); ++other) all.tell(other, code, message);
    return {.tells = true, .code = code};
  }
  all.tell(0, code, message);
  // Rank 0 may still compute, and looks around when it waits: it has all the time while it is alive.
  for (;;) {
    while (const std::optional<distributed::Notice> notice = all.heard())
      if (notice->from == 0) return {.tells = false, .code = notice->code};
    if (all.silence(0) > job->patience) return {.tells = true, .code = code};
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void follow_the_first_rank() {
  if (job) job->failed = true;
}

void await_ranks() {
  if (!job) return;
  job->ranks.set_doing("");
  job->ranks.barrier("the end of the work");
}

void leave_ranks(int code) {
  constexpr double kSeconds = 10, kSecondsAfterFailure = 3;
  if (job && !job->engine->leave(job->failed ? kSecondsAfterFailure : kSeconds))
    job->engine->abort(code == 0 ? 1 : code);
}

}  // namespace bertune::cli
