#include "report/progress.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>
#include <vector>

namespace bertune::report {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class Progress : public ::testing::Test {
 protected:
  ProgressOptions options(bool interactive, int width = 100) {
    ProgressOptions result;
    result.terminal = {interactive, false, width};
    result.clock = [this] { return now_; };
    return result;
  }
  // The lines of a log, or the redraws of a terminal.
  std::vector<std::string> written(const std::string& separator = "\n") const {
    std::vector<std::string> result;
    const std::string text = out_.str();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(separator, at), text.size());
      if (end > at) result.push_back(text.substr(at, end - at));
      at = end + separator.size();
    }
    return result;
  }
  std::vector<std::string> redraws() const { return written("\r\x1b[K"); }

  std::ostringstream out_;
  double now_ = 1000;
};

TEST_F(Progress, ALogGetsALineATenth) {
  ProgressBar bar(out_, "step", 651, options(false));
  for (int step = 1; step <= 651; ++step) {
    now_ += 0.1;
    bar.update(step, 0.4124, step * 183);
  }
  bar.finish();
  const auto lines = written();
  ASSERT_THAT(lines, SizeIs(10));
  EXPECT_EQ(lines[0], "step 66/651  10%  loss 0.412  1830 tokens/s  ETA 0:59");
  EXPECT_EQ(lines[9], "step 651/651  100%  loss 0.412  1830 tokens/s  1:05 elapsed");
  EXPECT_THAT(out_.str(), Not(HasSubstr("\r")));
}

TEST_F(Progress, ALogSaysNothingOfShortWorkWhereAsked) {
  ProgressOptions patient = options(false);
  patient.only_when_long = true;
  {
    ProgressBar bar(out_, "evaluating", 100, patient);
    for (int row = 1; row <= 100; ++row) now_ += 0.25, bar.update(row);
    bar.finish();
  }
  EXPECT_EQ(out_.str(), "");
  ProgressBar bar(out_, "evaluating", 100, patient);
  for (int row = 1; row <= 100; ++row) now_ += 0.5, bar.update(row);
  bar.finish();
  EXPECT_THAT(written(),
              ElementsAre("evaluating 60/100  60%  ETA 0:20", "evaluating 100/100  100%  0:50 elapsed"));
}

TEST_F(Progress, ALogGetsALineEveryThirtySeconds) {
  ProgressBar bar(out_, "step", 1000, options(false));
  for (int step = 1; step <= 9; ++step) {
    now_ += 10;
    bar.update(step);
  }
  EXPECT_THAT(written(), ElementsAre(StartsWith("step 3/1000  0%  ETA 2:46:10"), StartsWith("step 6/1000"),
                                     StartsWith("step 9/1000")));
}

TEST_F(Progress, ShortWorkIsOneLineOfALog) {
  ProgressBar bar(out_, "evaluating", 20, options(false));
  for (int step = 1; step <= 20; ++step) {
    now_ += 0.01;
    bar.update(step);
  }
  bar.finish();
  bar.finish();
  EXPECT_EQ(out_.str(), "evaluating 20/20  100%  0:00 elapsed\n");
}

TEST_F(Progress, WorkThatNeverBeganIsNoLine) {
  ProgressBar bar(out_, "step", 20, options(false));
  bar.finish();
  EXPECT_EQ(out_.str(), "");
}

TEST_F(Progress, ATerminalIsRedrawnTenTimesASecond) {
  {
    ProgressBar bar(out_, "step", 1000, options(true));
    for (int step = 1; step <= 1000; ++step) {
      now_ += 1.0 / 256;
      bar.update(step, 0.5, step * 100);
    }
  }
  const auto lines = redraws();
  EXPECT_GE(lines.size(), 36U);
  EXPECT_LE(lines.size(), 40U);
  EXPECT_THAT(lines.back(), HasSubstr("loss 0.500  ETA 0:00  25600 tokens/s  0:04 elapsed"));
  EXPECT_THAT(lines[lines.size() / 2], HasSubstr("[============>            ]   49%"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("\n")));
  EXPECT_THAT(out_.str(), EndsWith("\r\x1b[K"));
}

TEST_F(Progress, NeverFillsTheLastColumn) {
  for (const int width : {1, 5, 20, 40, 60, 80, 200}) {
    out_.str("");
    ProgressBar bar(out_, "step", 123456, options(true, width));
    now_ += 5;
    bar.update(61000, 0.123, 1000000);
    for (const std::string& line : redraws()) EXPECT_LE(display_width(line), std::max(width - 1, 1)) << line;
    const bool roomy = width >= 40;
    EXPECT_EQ(redraws().back().find("loss 0.123") != std::string::npos, roomy) << width;
  }
}

TEST_F(Progress, EarlierWorkIsNoPartOfTheRate) {
  ProgressOptions resumed = options(false);
  resumed.already_done = 500;
  ProgressBar bar(out_, "step", 1000, resumed);
  now_ += 100;
  bar.update(600);
  EXPECT_THAT(written(), ElementsAre("step 600/1000  60%  ETA 6:40"));
}

TEST_F(Progress, TheRateFollowsTheWork) {
  ProgressBar bar(out_, "step", 1000, options(false));
  for (int step = 1; step <= 500; ++step) {
    now_ += step <= 250 ? 0.1 : 1.0;
    bar.update(step);
  }
  // 500 left at about a second each, though the mean so far is half of that.
  EXPECT_THAT(written().back(), HasSubstr("ETA 8:20"));
}

TEST_F(Progress, APauseIsNoPartOfTheRate) {
  ProgressBar bar(out_, "step", 100, options(true));
  for (int step = 1; step <= 50; ++step) {
    now_ += 1;
    bar.update(step);
  }
  bar.pause();
  EXPECT_THAT(out_.str(), EndsWith("\r\x1b[K"));
  now_ += 1000;
  bar.update(50);
  EXPECT_THAT(redraws().back(), HasSubstr("ETA 0:50"));
  EXPECT_THAT(redraws().back(), HasSubstr("17:30 elapsed"));
}

TEST_F(Progress, AMessageStandsAboveTheBar) {
  ProgressBar bar(out_, "step", 100, options(true));
  now_ += 1;
  bar.update(10);
  out_.str("");
  bar.message("saved checkpoint-10");
  EXPECT_THAT(out_.str(), StartsWith("\r\x1b[Ksaved checkpoint-10\n\r\x1b[Kstep 10/100"));
}

TEST_F(Progress, QuietWritesNothing) {
  ProgressOptions quiet = options(true);
  quiet.quiet = true;
  {
    ProgressBar bar(out_, "step", 10, quiet);
    now_ += 60;
    bar.update(5, 1.0, 100);
    bar.message("hello");
    bar.pause();
    bar.finish();
  }
  EXPECT_EQ(out_.str(), "");
}

TEST_F(Progress, WithoutATotalThereIsNoShare) {
  ProgressBar bar(out_, "row", 0, options(false));
  now_ += 40;
  bar.update(1200, {}, 36000);
  EXPECT_THAT(written(), ElementsAre("row 1200  900 tokens/s  0:40 elapsed"));
}

TEST_F(Progress, ABrokenLossIsShown) {
  ProgressBar bar(out_, "step", 10, options(false));
  now_ += 2;
  bar.update(5, std::nan(""));
  now_ += 2;
  bar.update(6, 0.00012);
  EXPECT_THAT(written(), ElementsAre(HasSubstr("loss nan"), HasSubstr("loss 1.2e-04")));
}

TEST_F(Progress, ALabelCannotCommandTheTerminal) {
  ProgressBar bar(out_, "\x1b[2Jstep", 10, options(false));
  now_ += 2;
  bar.update(5);
  EXPECT_THAT(out_.str(), Not(HasSubstr("\x1b")));
}

TEST(Duration, IsHoursMinutesSeconds) {
  EXPECT_EQ(format_duration(0), "0:00");
  EXPECT_EQ(format_duration(65.4), "1:05");
  EXPECT_EQ(format_duration(59.9), "1:00");
  EXPECT_EQ(format_duration(7389), "2:03:09");
  EXPECT_EQ(format_duration(-3), "0:00");
  EXPECT_EQ(format_duration(HUGE_VAL), "?");
}

}  // namespace
}  // namespace bertune::report
