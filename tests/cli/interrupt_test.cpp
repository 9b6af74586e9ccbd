#include "cli/screen/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <stop_token>
#include <thread>

namespace bertune::cli {
namespace {

bool is_requested_soon(const std::stop_token& token) {
  for (int i = 0; i < 5000 && !token.stop_requested(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return token.stop_requested();
}

TEST(InterruptGuardDeathTest, TheFirstSignalRequestsAStop) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EXIT(
        {
          const InterruptGuard guard;
          const std::stop_token token = interrupt_token();
          const bool before = token.stop_requested();
          std::raise(signal);
          std::exit(!before && is_requested_soon(token) && is_requested_soon(interrupt_token()) ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), "");
  }
}

TEST(InterruptGuardDeathTest, WhatNohupIgnoresStaysIgnored) {
  EXPECT_EXIT(
      {
        std::signal(SIGHUP, SIG_IGN);
        const InterruptGuard guard;
        std::raise(SIGHUP);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        std::exit(interrupt_token().stop_requested() ? 1 : 0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(InterruptGuardDeathTest, ASecondSignalOfEitherKindEndsTheProcess) {
  for (const int second : {SIGINT, SIGTERM}) {
    EXPECT_EXIT(
        {
          const InterruptGuard guard;
          std::raise(SIGINT);
          if (!is_requested_soon(interrupt_token())) std::exit(1);
          std::raise(second);
        },
        ::testing::KilledBySignal(second), "");
  }
}

TEST(InterruptGuardDeathTest, AGuardWithinAnotherSharesItsRequest) {
  EXPECT_EXIT(
      {
        const InterruptGuard outer;
        const std::stop_token token = interrupt_token();
        { const InterruptGuard inner; }
        const InterruptGuard inner;
        std::raise(SIGTERM);
        std::exit(is_requested_soon(token) && interrupt_token() == token ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(InterruptGuardDeathTest, AfterwardsSignalsAreWhatTheyWere) {
  EXPECT_FALSE(interrupt_token().stop_possible());
  { const InterruptGuard guard; }
  EXPECT_FALSE(interrupt_token().stop_possible());
  EXPECT_EXIT(
      {
        auto first = std::make_unique<InterruptGuard>();
        std::raise(SIGINT);
        if (!is_requested_soon(interrupt_token())) std::exit(1);
        first.reset();
        const InterruptGuard second;  // starts without a request
        if (interrupt_token().stop_requested()) std::exit(2);
        std::raise(SIGINT);
        std::exit(is_requested_soon(interrupt_token()) ? 0 : 3);
      },
      ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        { const InterruptGuard guard; }
        std::raise(SIGTERM);
      },
      ::testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace bertune::cli
