// The ranks of a job, as training and evaluation use them: messages that are waited for with patience, and
// exchanges without sums.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/error.h"
#include "distributed/communicator.h"

namespace bertune::distributed {

// Another rank has failed, or is not heard from any more.
class RankLost : public Error {
 public:
  using Error::Error;
};

// Ends a rank because rank 0 has ended the job, with this exit code. There is nothing to tell a person.
class JobEnded : public Error {
 public:
  explicit JobEnded(int exit_code) : Error("rank 0 has ended the job"), code(exit_code) {}
  int code;
};

// The patience of ranks that wait for one another.
struct Patience {
  double seconds = 60;  // of silence, after which a rank counts as lost; one that is alive has all the time
  double grace = 1;     // seconds that others have for a failure of their own, once one has told of its
  std::stop_token stop = {};  // where a stop is asked for while this rank waits, `note` says for whom
  std::function<void(const std::string&)> note = {};
};

class Ranks {
 public:
  explicit Ranks(Communicator& engine, Patience patience = {});

  int rank() const { return engine_.rank(); }
  int size() const { return engine_.size(); }
  bool is_first() const { return rank() == 0; }
  bool any_thread() const { return engine_.any_thread(); }  // may use this, one at a time
  void set_patience(Patience patience) { patience_ = std::move(patience); }
  // Names the machine of each rank, for messages.
  void set_hosts(std::vector<std::string> hosts) { hosts_ = std::move(hosts); }
  std::string name(int rank) const;  // "rank 2 (node5)"
  // Says what the job is doing, for messages: "step 12 of 400".
  void set_doing(std::string doing) { doing_ = std::move(doing); }
  std::uint64_t bytes_sent() const { return bytes_sent_; }

  // Post messages as Communicator does; wait() returns when all of them are done. `what`: what is waited for,
  // "the gradients". Throws RankLost, naming the rank, and JobEnded.
  void send(int to, std::span<const std::byte> bytes);
  void receive(int from, std::span<std::byte> bytes) { engine_.post_receive(from, bytes); }
  void wait(std::string_view what);

  // Every rank calls these, in the same order.
  // Gives all ranks the bytes of rank 0.
  void broadcast(std::span<std::byte> bytes, std::string_view what);
  // Returns on every rank the text that `make` returns on rank 0, where alone it is called.
  std::string from_first(const std::function<std::string()>& make, std::string_view what);
  // Returns the texts of all ranks, in their order; on rank 0 alone, elsewhere nothing.
  std::vector<std::string> gather(const std::string& mine, std::string_view what);
  // Returns when all ranks have called it.
  void barrier(std::string_view what);

 private:
  void look_around(std::string_view what, std::chrono::steady_clock::time_point since);
  void require_heard(int rank, std::string_view what) const;
  std::string awaiting(std::string_view what) const;

  Communicator& engine_;
  Patience patience_;
  std::vector<std::string> hosts_;
  std::string doing_;
  std::uint64_t bytes_sent_ = 0;
  std::optional<Notice> failure_;  // the first one heard of
  std::chrono::steady_clock::time_point failed_at_;
  bool noted_ = false;
};

template <typename T>
std::span<const std::byte> bytes_of(const T& values) {
  return std::as_bytes(std::span(values));
}
template <typename T>
std::span<std::byte> writable_bytes_of(T& values) {
  return std::as_writable_bytes(std::span(values));
}

// Returns the ranks that the calling thread is one of; null where it is alone.
Ranks* current();
// Returns whether the calling thread is the one that prints and writes: rank 0, or alone.
bool is_first();
// Returns the text that `make` returns on rank 0; alone, that of this thread.
std::string from_first(const std::function<std::string()>& make, std::string_view what);

// The calling thread is one of these ranks for the lifetime of this object.
class Use {
 public:
  explicit Use(Ranks& ranks);
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use();

 private:
  Ranks* before_;
};

}  // namespace bertune::distributed
