#include "report/profile_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json.h"

namespace bertune::report {
namespace {

using ::testing::HasSubstr;

const std::vector<kernels::ProfiledCall> kCalls = {
    {.operation = "layer_norm_forward",
     .with_product = true,
     .layer = 0,
     .begin = 0,
     .seconds = 0.004,
     .flops = 4e8},
    {.operation = "layer_norm_forward", .layer = 1, .begin = 0.004, .seconds = 0.001},
    {.operation = "adam_step", .begin = 0.005, .seconds = 0.002, .bytes = 2e7},
};

TEST(ProfileReport, SharesRatesAndFloor) {
  // 2 steps of 10 ms in all: the products take 1 ms and the bytes 1 ms at the peak.
  const std::string table = profile_table({.calls = kCalls,
                                           .peak = {.flops_per_second = 4e11, .bytes_per_second = 2e10},
                                           .units = 2,
                                           .seconds = 0.010});
  EXPECT_THAT(table, HasSubstr("Profile of 2 steps"));
  EXPECT_THAT(table, HasSubstr("matmul + layer_norm_forward         2.00   40.0%  100 GFLOP/s"));
  EXPECT_THAT(table, HasSubstr("adam_step                           1.00   20.0%    10.0 GB/s"));
  EXPECT_THAT(table, HasSubstr("everything else                     1.50   30.0%"));
  EXPECT_THAT(table, HasSubstr("step                                5.00  100.0%"));
  EXPECT_THAT(table, HasSubstr("embeddings, head, optimizer         1.00  20.0%"));
  EXPECT_THAT(table, HasSubstr("Roofline bound: 1.00 ms per step"));
  EXPECT_THAT(table, HasSubstr("20.0% of the time taken"));
}

TEST(ProfileReport, PredictionHasNoOptimizer) {
  const std::string table = profile_table({.calls = std::span(kCalls).first(2),
                                           .peak = {.flops_per_second = 4e11, .bytes_per_second = 2e10},
                                           .unit = "batch",
                                           .units = 2,
                                           .seconds = 0.010});
  EXPECT_THAT(table, HasSubstr("Profile of 2 batches"));
  EXPECT_THAT(table, HasSubstr("Roofline bound: 0.50 ms per batch (matrix multiplications at 400 GFLOP/s)"));
  EXPECT_THAT(table, ::testing::Not(HasSubstr("optimizer")));
}

TEST(ProfileReport, AttentionCountsAtItsOwnRate) {
  const std::vector<kernels::ProfiledCall> calls = {
      {.operation = "matmul", .layer = 0, .seconds = 0.004, .flops = 4e8},
      {.operation = "attention_forward", .layer = 0, .seconds = 0.002, .attention_flops = 2e8}};
  const std::string table = profile_table(
      {.calls = calls,
       .peak = {.flops_per_second = 4e11, .attention_flops_per_second = 1e11, .bytes_per_second = 2e10},
       .unit = "batch",
       .units = 1,
       .seconds = 0.010});
  EXPECT_THAT(table, HasSubstr("attention_forward          2.00   20.0%  100 GFLOP/s"));
  EXPECT_THAT(table, HasSubstr("Roofline bound: 3.00 ms per batch (matrix multiplications at 400 GFLOP/s, "
                               "those of attention at 100), 30.0% of the time taken"));
}

TEST(ProfileReport, TraceIsTheEventFormat) {
  const Json events = parse_json(chrome_trace(kCalls), "trace").at("traceEvents");
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].at("name"), "matmul + layer_norm_forward");
  EXPECT_EQ(events[0].at("ph"), "X");
  EXPECT_EQ(events[0].at("tid"), 1);
  EXPECT_EQ(events[2].at("tid"), 0);
  EXPECT_NEAR(events[1].at("ts").get<double>(), 4000, 1e-6);
  EXPECT_NEAR(events[1].at("dur").get<double>(), 1000, 1e-6);
}

}  // namespace
}  // namespace bertune::report
