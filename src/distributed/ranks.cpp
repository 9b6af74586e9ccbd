#include "distributed/ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

namespace bertune::distributed {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

thread_local Ranks* in_use = nullptr;

}  // namespace

Ranks::Ranks(Communicator& engine, Patience patience) : engine_(engine), patience_(std::move(patience)) {}

std::string Ranks::name(int rank) const {
  const auto index = static_cast<std::size_t>(rank);
  return index < hosts_.size() ? fmt::format("rank {} ({})", rank, hosts_[index])
                               : fmt::format("rank {}", rank);
}

void Ranks::send(int to, std::span<const std::byte> bytes) {
  bytes_sent_ += bytes.size();
  engine_.post_send(to, bytes);
}

// The first looks are quick, for a message that is about to arrive; then the CPU is left to who computes.
void Ranks::wait(std::string_view what) {
  constexpr int kQuickLooks = 50, kMostMicroseconds = 500, kLooksBetween = 64;
  if (engine_.progress()) return;
  const Clock::time_point since = Clock::now();
  try {
    for (int look = 0; !engine_.progress(); ++look) {
      if (look < kQuickLooks) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(std::min(kMostMicroseconds, look)));
      }
      if (look % kLooksBetween == kLooksBetween - 1) look_around(what, since);
    }
  } catch (...) {  // the memory of what was to be received is freed next
    engine_.give_up();
    throw;
  }
}

std::string Ranks::awaiting(std::string_view what) const {
  return fmt::format("rank {} was waiting for {} of {}{}", rank(), what, name(std::max(0, engine_.awaited())),
                     doing_.empty() ? "" : ", in " + doing_);
}

void Ranks::require_heard(int rank, std::string_view what) const {
  const double silence = engine_.silence(rank);
  if (silence <= patience_.seconds) return;
  throw RankLost(
      fmt::format("{} has not been heard from for {:.0f} s: it has died, is stopped, or its machine is cut "
                  "off; {}. Checkpoints saved earlier are good: the same command with `resume` continues",
                  name(rank), silence, awaiting(what)));
}

// Rank 0 listens to all, and all listen to rank 0. The first of the others speaks first when rank 0 is lost.
void Ranks::look_around(std::string_view what, Clock::time_point since) {
  constexpr double kNoteAfter = 0.3;
  while (std::optional<Notice> notice = engine_.heard()) {
    if (notice->from == 0) throw JobEnded(notice->code);
    if (failure_) continue;
    failure_ = std::move(notice);
    failed_at_ = Clock::now();
  }
  if (failure_ && seconds_since(failed_at_) > patience_.grace)
    throw RankLost(fmt::format("{}: {}", name(failure_->from), failure_->text));
  if (is_first()) {
    for (int other = 1; other < size(); ++other) require_heard(other, what);
  } else if (rank() == 1 || engine_.silence(0) > patience_.seconds + 5) {
    require_heard(0, what);
  }
  if (!noted_ && patience_.note && patience_.stop.stop_requested() && seconds_since(since) > kNoteAfter) {
    noted_ = true;
    patience_.note("a stop was asked for while " + awaiting(what));
  }
}

// A tree: each round doubles the number of ranks that have the bytes.
void Ranks::broadcast(std::span<std::byte> bytes, std::string_view what) {
  if (bytes.empty()) return;
  for (int have = 1; have < size(); have *= 2) {
    if (rank() < have && rank() + have < size()) send(rank() + have, bytes);
    if (rank() >= have && rank() < 2 * have) receive(rank() - have, bytes);
    wait(what);
  }
}

std::string Ranks::from_first(const std::function<std::string()>& make, std::string_view what) {
  std::string text = is_first() ? make() : std::string();
  std::array<std::uint64_t, 1> length = {text.size()};
  broadcast(writable_bytes_of(length), what);
  text.resize(length[0]);
  broadcast(writable_bytes_of(text), what);
  return text;
}

std::vector<std::string> Ranks::gather(const std::string& mine, std::string_view what) {
  std::vector<std::uint64_t> lengths(static_cast<std::size_t>(size()), mine.size());
  std::vector<std::string> texts;
  if (!is_first()) {
    send(0, bytes_of(std::span(lengths).first(1)));
    send(0, bytes_of(mine));
    wait(what);
    return texts;
  }
  for (int other = 1; other < size(); ++other)
    receive(other, std::as_writable_bytes(std::span(lengths).subspan(static_cast<std::size_t>(other), 1)));
  wait(what);
  texts.push_back(mine);
  for (std::size_t other = 1; other < lengths.size(); ++other) texts.emplace_back(lengths[other], '\0');
  for (int other = 1; other < size(); ++other)
    receive(other, writable_bytes_of(texts[static_cast<std::size_t>(other)]));
  wait(what);
  return texts;
}

void Ranks::barrier(std::string_view what) {
  gather("", what);
  std::array<std::byte, 1> go = {};
  broadcast(go, what);
}

Ranks* current() { return in_use; }

bool is_first() { return in_use == nullptr || in_use->is_first(); }

std::string from_first(const std::function<std::string()>& make, std::string_view what) {
  return in_use == nullptr ? make() : in_use->from_first(make, what);
}

Use::Use(Ranks& ranks) : before_(std::exchange(in_use, &ranks)) {}
Use::~Use() { in_use = before_; }

}  // namespace bertune::distributed
