#include "distributed/delayed.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <utility>

namespace bertune::distributed {
namespace {

class DelayedCommunicator : public Communicator {
 public:
  DelayedCommunicator(std::unique_ptr<Communicator> engine, Link link)
      : engine_(std::move(engine)), link_(std::move(link)) {}

  int rank() const override { return engine_->rank(); }
  int size() const override { return engine_->size(); }
  bool any_thread() const override { return engine_->any_thread(); }

  void post_send(int to, std::span<const std::byte> bytes) override {
    engine_->post_send(to, bytes);
    count(sent_, bytes.size());
  }
  void post_receive(int from, std::span<std::byte> bytes) override {
    engine_->post_receive(from, bytes);
    count(received_, bytes.size());
  }

  bool progress() override {
    const bool done = engine_->progress();
    if (!begin_) return done;
    const double passed = std::chrono::duration<double>(Clock::now() - *begin_).count();
    if (!done || passed < std::max(seconds_of(sent_), seconds_of(received_))) return false;
    sent_ = received_ = {};
    begin_.reset();
    return true;
  }
  void give_up() override {
    engine_->give_up();
    sent_ = received_ = {};
    begin_.reset();
  }
  int awaited() const override { return engine_->awaited(); }

  double silence(int rank) const override { return engine_->silence(rank); }
  void tell(int to, int code, std::string_view text) override { engine_->tell(to, code, text); }
  std::optional<Notice> heard() override { return engine_->heard(); }
  bool leave(double seconds) override { return engine_->leave(seconds); }
  [[noreturn]] void abort(int code) override {
    engine_->abort(code);
    std::_Exit(code);
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Traffic {
    double messages = 0, bytes = 0;
  };

  void count(Traffic& traffic, std::size_t bytes) {
    if (!begin_) begin_ = Clock::now();
    traffic.messages += 1;
    traffic.bytes += static_cast<double>(bytes);
  }
  double seconds_of(const Traffic& traffic) const {
    if (traffic.messages == 0) return 0;
    return link_.latency + traffic.messages * kSecondsOfCall + traffic.bytes / link_.bandwidth;
  }

  std::unique_ptr<Communicator> engine_;
  Link link_;
  Traffic sent_, received_;
  std::optional<Clock::time_point> begin_;  // when the first of what is on its way was posted
};

}  // namespace

std::unique_ptr<Communicator> delayed(std::unique_ptr<Communicator> engine, const Link& link) {
  return std::make_unique<DelayedCommunicator>(std::move(engine), link);
}

}  // namespace bertune::distributed
