// The ranks of an MPI job. The only file that knows of MPI; the program loads it under a launcher.
#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "distributed/mpi/library.h"

namespace bertune::distributed {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kData = 1, kBeat = 2, kNotice = 3;          // tags
constexpr std::size_t kMostBytes = std::size_t{1} << 30;  // of a message, whose size MPI counts in an int

void require(int result, const char* what) {
  if (result == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(result, text, &length);
  throw Error(
      fmt::format("MPI cannot {}: {}", what, std::string_view(text, static_cast<std::size_t>(length))));
}

// Several threads call MPI, one at a time: those that exchange, and one that gives signs of life meanwhile.
class MpiCommunicator : public Communicator {
 public:
  explicit MpiCommunicator(double beat) : beat_(beat) {
    int provided = 0;
    require(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "begin");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    require(MPI_Comm_dup(MPI_COMM_WORLD, &data_), "make a communicator");
    require(MPI_Comm_dup(MPI_COMM_WORLD, &signs_), "make a communicator");
    MPI_Comm_rank(data_, &rank_);
    MPI_Comm_size(data_, &size_);
    heard_.assign(static_cast<std::size_t>(size_), Clock::now());
    beats_.assign(heard_.size(), MPI_REQUEST_NULL);
    listens_ = provided >= MPI_THREAD_SERIALIZED;
    if (listens_) pulse_ = std::jthread([this](const std::stop_token& stop) { give_signs(stop); });
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  bool any_thread() const override { return listens_; }

  void post_send(int to, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(mutex_);
    for (std::size_t begin = 0; begin < bytes.size(); begin += kMostBytes) {
      const std::span<const std::byte> part =
          bytes.subspan(begin, std::min(kMostBytes, bytes.size() - begin));
      require(MPI_Isend(part.data(), static_cast<int>(part.size()), MPI_BYTE, to, kData, data_,
                        &posted(to, false)),
              "send");
    }
  }
  void post_receive(int from, std::span<std::byte> bytes) override {
    const std::lock_guard lock(mutex_);
    for (std::size_t begin = 0; begin < bytes.size(); begin += kMostBytes) {
      const std::span<std::byte> part = bytes.subspan(begin, std::min(kMostBytes, bytes.size() - begin));
      require(MPI_Irecv(part.data(), static_cast<int>(part.size()), MPI_BYTE, from, kData, data_,
                        &posted(from, true)),
              "receive");
    }
  }

  bool progress() override {
    const std::lock_guard lock(mutex_);
    std::erase_if(posted_, [](Posted& message) {
      int done = 0;
      require(MPI_Test(&message.request, &done, MPI_STATUS_IGNORE), "carry on");
      return done != 0;
    });
    return posted_.empty();
  }
  // A receive of which a part has arrived cannot be cancelled, and is waited for: a moment, for its sender
  // may be lost.
  void give_up() override {
    const std::lock_guard lock(mutex_);
    for (Posted& message : posted_)
      if (message.receives) MPI_Cancel(&message.request);
    const Clock::time_point last = Clock::now() + std::chrono::milliseconds(500);
    do {
      std::erase_if(posted_, [](Posted& message) {
        int done = 0;
        return MPI_Test(&message.request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && done != 0;
      });
    } while (std::ranges::any_of(posted_, &Posted::receives) && Clock::now() < last);
  }
  int awaited() const override {
    const std::lock_guard lock(mutex_);
    return posted_.empty() ? -1 : posted_.front().peer;
  }

  double silence(int rank) const override {
    if (!listens_ || rank == rank_ || (rank_ != 0 && rank != 0)) return 0;
    const std::lock_guard lock(mutex_);
    return std::chrono::duration<double>(Clock::now() - heard_[static_cast<std::size_t>(rank)]).count();
  }

  void tell(int to, int code, std::string_view text) override {
    auto words = std::make_unique<std::string>(fmt::format("{} {}", code, text));
    const std::lock_guard lock(mutex_);
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Isend(words->data(), static_cast<int>(words->size()), MPI_CHAR, to, kNotice, signs_, &request);
    told_.emplace_back(request, std::move(words));
  }
  std::optional<Notice> heard() override {
    const std::lock_guard lock(mutex_);
    listen();
    if (notices_.empty()) return std::nullopt;
    Notice first = std::move(notices_.front());
    notices_.pop_front();
    return first;
  }

  bool leave(double seconds) override {
    pulse_.request_stop();
    wake_.notify_all();
    if (pulse_.joinable()) pulse_.join();
    const Clock::time_point last =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    MPI_Request all = MPI_REQUEST_NULL;
    if (MPI_Ibarrier(signs_, &all) != MPI_SUCCESS) return false;
    for (int done = 0; done == 0;) {
      if (MPI_Test(&all, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || Clock::now() > last) return false;
      listen();  // whoever still sends a sign has somebody to take it
      if (done == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    free_messages();
    // MPI may wait for ever for messages that a failure has left on their way.
    std::thread([seconds] {
      std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
      std::_Exit(1);
    }).detach();
    MPI_Finalize();
    return true;
  }

  [[noreturn]] void abort(int code) override {
    MPI_Abort(MPI_COMM_WORLD, code);
    std::_Exit(code);
  }

 private:
  struct Posted {
    MPI_Request request = MPI_REQUEST_NULL;
    int peer = 0;
    bool receives = false;
  };

  MPI_Request& posted(int peer, bool receives) {
    return posted_.emplace_back(Posted{MPI_REQUEST_NULL, peer, receives}).request;
  }

  void free_messages() {
    for (Posted& message : posted_) {
      MPI_Cancel(&message.request);
      MPI_Request_free(&message.request);
    }
    posted_.clear();
  }

  void give_signs(const std::stop_token& stop) {
    const auto pause = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(beat_));
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      for (int other = 0; other < size_; ++other)
        if (other != rank_ && (rank_ == 0 || other == 0)) beat(other);
      listen();
      wake_.wait_for(lock, stop, pause, [] { return false; });
    }
  }

  // Sends no other sign while the last one is on its way: the rank does not take them.
  void beat(int other) {
    MPI_Request& request = beats_[static_cast<std::size_t>(other)];
    int done = 0;
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done != 0) MPI_Isend(nullptr, 0, MPI_BYTE, other, kBeat, signs_, &request);
  }

  void listen() {
    for (;;) {
      int arrived = 0;
      MPI_Status status{};
      if (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, signs_, &arrived, &status) != MPI_SUCCESS || arrived == 0)
        return;
      int length = 0;
      MPI_Get_count(&status, MPI_CHAR, &length);
      std::string text(static_cast<std::size_t>(length), '\0');
      MPI_Recv(text.data(), length, MPI_CHAR, status.MPI_SOURCE, status.MPI_TAG, signs_, MPI_STATUS_IGNORE);
      heard_[static_cast<std::size_t>(status.MPI_SOURCE)] = Clock::now();
      if (status.MPI_TAG != kNotice) continue;
      const std::size_t space = std::min(text.find(' '), text.size());
      notices_.push_back({.from = status.MPI_SOURCE,
                          .code = std::atoi(text.c_str()),
                          .text = text.substr(std::min(space + 1, text.size()))});
    }
  }

  const double beat_;
  MPI_Comm data_ = MPI_COMM_NULL, signs_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  bool listens_ = false;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Posted> posted_;
  std::vector<MPI_Request> beats_;
  std::vector<std::pair<MPI_Request, std::unique_ptr<std::string>>> told_;
  std::vector<Clock::time_point> heard_;
  std::deque<Notice> notices_;
  std::jthread pulse_;
};

}  // namespace
}  // namespace bertune::distributed

extern "C" [[gnu::visibility("default")]] bertune::distributed::Communicator* bertune_open_mpi(
    const char* version, double beat) {
  if (std::strcmp(version, BERTUNE_VERSION) != 0) return nullptr;
  return new bertune::distributed::MpiCommunicator(beat);
}
