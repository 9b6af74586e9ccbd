#include "distributed/thread_ranks.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "distributed/delayed.h"

namespace bertune::distributed {
namespace {

// Messages that were sent and not received, of all ranks.
struct Post {
  explicit Post(int ranks, int silent_rank)
      : size(ranks), silent(silent_rank), notices(static_cast<std::size_t>(ranks)) {}

  const int size, silent;
  std::mutex mutex;
  std::map<std::pair<int, int>, std::deque<std::vector<std::byte>>> letters;  // by sender and receiver
  std::vector<std::deque<Notice>> notices;                                    // by receiver
};

// A send leaves a copy with the post, and is done.
class ThreadCommunicator : public Communicator {
 public:
  ThreadCommunicator(Post& post, int rank) : post_(post), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return post_.size; }
  bool any_thread() const override { return true; }

  void post_send(int to, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(post_.mutex);
    post_.letters[{rank_, to}].emplace_back(bytes.begin(), bytes.end());
  }
  void post_receive(int from, std::span<std::byte> bytes) override { expected_.push_back({from, bytes}); }

  bool progress() override {
    const std::lock_guard lock(post_.mutex);
    std::erase_if(expected_, [&](const Expected& expected) { return has_arrived(expected); });
    return expected_.empty();
  }
  void give_up() override { expected_.clear(); }
  int awaited() const override { return expected_.empty() ? -1 : expected_.front().from; }

  double silence(int rank) const override { return rank == post_.silent ? 1e6 : 0; }
  void tell(int to, int code, std::string_view text) override {
    const std::lock_guard lock(post_.mutex);
    post_.notices[static_cast<std::size_t>(to)].push_back({rank_, code, std::string(text)});
  }
  std::optional<Notice> heard() override {
    const std::lock_guard lock(post_.mutex);
    std::deque<Notice>& notices = post_.notices[static_cast<std::size_t>(rank_)];
    if (notices.empty()) return std::nullopt;
    Notice first = std::move(notices.front());
    notices.pop_front();
    return first;
  }

  bool leave(double) override { return true; }
  [[noreturn]] void abort(int) override { std::abort(); }

 private:
  struct Expected {
    int from;
    std::span<std::byte> bytes;
  };

  // Receives from one rank stand in the order in which they were posted, and take their letters in it.
  bool has_arrived(const Expected& expected) {
    std::deque<std::vector<std::byte>>& letters = post_.letters[{expected.from, rank_}];
    if (letters.empty()) return false;
    if (letters.front().size() != expected.bytes.size())
      throw Error("a message has another size than the one that is waited for");
    std::ranges::copy(letters.front(), expected.bytes.begin());
    letters.pop_front();
    return true;
  }

  Post& post_;
  const int rank_;
  std::vector<Expected> expected_;
};

// The exceptions of ranks: one of its own, or one that follows from another rank's.
struct Failures {
  explicit Failures(int ranks) : own(static_cast<std::size_t>(ranks)), following(own.size()) {}
  std::vector<std::exception_ptr> own, following;
};

void run_rank(Post& post, int rank, const std::function<void(Ranks&)>& body, const Patience& patience,
              const std::optional<Link>& link, Failures& failures) {
  std::unique_ptr<Communicator> own = std::make_unique<ThreadCommunicator>(post, rank);
  if (link) own = delayed(std::move(own), *link);
  Communicator& engine = *own;
  Ranks ranks(engine, patience);
  const Use use(ranks);
  const auto index = static_cast<std::size_t>(rank);
  const auto tell_others = [&](const char* text) {
    for (int other = 0; other < post.size; ++other)
      if (other != rank) engine.tell(other, 1, text);
  };
  try {
    body(ranks);
  } catch (const JobEnded&) {
    failures.following[index] = std::current_exception();
  } catch (const RankLost& error) {
    failures.following[index] = std::current_exception();
    tell_others(error.what());
  } catch (const std::exception& error) {
    failures.own[index] = std::current_exception();
    tell_others(error.what());
  }
}

}  // namespace

void run_as_threads(int size, const std::function<void(Ranks&)>& body, Patience patience, int silent,
                    const std::optional<Link>& link) {
  Post post(size, silent);
  Failures failures(size);
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < size; ++rank)
      threads.emplace_back([&, rank] { run_rank(post, rank, body, patience, link, failures); });
  }
  for (const std::vector<std::exception_ptr>& some : {failures.own, failures.following})
    for (const std::exception_ptr& failure : some)
      if (failure) std::rethrow_exception(failure);
}

}  // namespace bertune::distributed
