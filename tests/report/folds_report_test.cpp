#include "report/folds_report.h"

#include <gmock/gmock.h>

#include "runs/part_statistics.h"

namespace bertune::report {
namespace {

// numpy.mean and numpy.std with ddof=1 of 0.8, 0.9, 0.7.
TEST(FoldsReport, MeanAndSampleStandardDeviation) {
  std::vector<Json> folds;
  for (const double accuracy : {0.8, 0.9, 0.7}) {
    folds.push_back({{"fold", static_cast<int>(folds.size()) + 1},
                     {"rows", 1200},
                     {"metrics", {{"accuracy", accuracy}, {"loss", folds.empty() ? Json() : Json(1.5)}}}});
  }
  const Json statistics = runs::part_statistics(folds);
  EXPECT_NEAR(statistics.at("mean").at("accuracy"), 0.8, 1e-15);
  EXPECT_NEAR(statistics.at("std").at("accuracy"), 0.1, 1e-15);
  EXPECT_EQ(statistics.at("min").at("accuracy"), 0.7);
  EXPECT_EQ(statistics.at("max").at("accuracy"), 0.9);
  EXPECT_TRUE(statistics.at("mean").at("loss").is_null());
  EXPECT_EQ(folds_report(folds),
            "              mean     std  fold 1  fold 2  fold 3\n"
            "  rows                       1,200   1,200   1,200\n"
            "  accuracy  0.8000  0.1000  0.8000  0.9000  0.7000\n"
            "  loss           -       -       -  1.5000  1.5000\n");
}

TEST(FoldsReport, NamesThatAFileGives) {
  std::vector<Json> folds;
  for (const Json& name : {Json(0), Json("north"), Json("\x1b[31mred"), Json(std::string(90, 'x'))})
    folds.push_back({{"fold", name}, {"rows", 1}, {"metrics", {{"f1", 0.5}}}});
  const std::string report = folds_report(folds);
  EXPECT_NE(report.find("  fold 0  fold north  "), std::string::npos) << report;
  EXPECT_EQ(report.find('\x1b'), std::string::npos) << report;
  EXPECT_EQ(report.find(std::string(21, 'x')), std::string::npos) << report;
}

}  // namespace
}  // namespace bertune::report
