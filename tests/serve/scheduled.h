// A scheduler with a tiny model, the calls that it is offered, and the order in which they end.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "serve/scheduler.h"
#include "serve/served.h"

namespace bertune::testing {

// Whoever waits for a call: is asked whether it has left, and how often it was asked.
class Client : public serve::Exchange {
 public:
  void send(serve::HttpResponse) override {}
  bool is_gone() const override { return asked(++times) || gone; }
  mutable int times = 0;
  std::function<bool(int times)> asked = [](int) { return false; };
  std::atomic<bool> gone{false};
};

class Scheduled : public ::testing::Test {
 protected:
  explicit Scheduled(const serve::SchedulerOptions& options = {})
      : scheduler(options, metrics, [this](std::shared_ptr<serve::Call> call) {
          std::unique_lock lock(mutex);
          finished.push_back(std::move(call));
          held.wait(lock, [this] { return !is_held; });
        }) {}

  std::shared_ptr<serve::Call> call(std::size_t rows, const std::string& text = "good") const {
    const auto made = std::make_shared<serve::Call>();
    made->exchange = std::make_shared<Client>();
    made->model = model;
    made->deadline = serve::Clock::now() + std::chrono::seconds(60);
    for (std::size_t i = 0; i < rows; ++i) {
      made->rows.push_back({.input = {.text = text}, .size = {.tokens = 3}});
      made->queued_tokens += 3;
    }
    made->open = rows;
    return made;
  }
  static Client& client(const std::shared_ptr<serve::Call>& of) {
    return static_cast<Client&>(*of->exchange);
  }
  void wait_for(std::size_t calls) {
    for (int i = 0; i < 5000; ++i) {
      {
        const std::lock_guard lock(mutex);
        if (finished.size() >= calls) return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  // What is offered between these two waits together.
  void hold() {
    {
      const std::lock_guard lock(mutex);
      is_held = true;
    }
    scheduler.offer(call(1));
    wait_for(1);
  }
  void let_go() {
    {
      const std::lock_guard lock(mutex);
      is_held = false;
      finished.clear();
    }
    held.notify_all();
  }

  TemporaryDirectory files;
  std::shared_ptr<const serve::ServedModel> model = std::make_shared<const serve::ServedModel>(
      serve::ModelSource{"classes", write_model(files.path() / "model", head_named("classes"))});
  serve::Metrics metrics;
  std::mutex mutex;
  std::condition_variable held;
  bool is_held = false;
  std::vector<std::shared_ptr<serve::Call>> finished;
  serve::Scheduler scheduler;
};

}  // namespace bertune::testing
