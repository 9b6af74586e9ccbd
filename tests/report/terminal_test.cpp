#include "report/terminal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include "report/table.h"

namespace bertune::report {
namespace {

using ::testing::ElementsAre;

// A terminal of our own to look at.
class TerminalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    main_ = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (main_ < 0 || ::grantpt(main_) != 0 || ::unlockpt(main_) != 0)
      GTEST_SKIP() << "no pseudo terminals here";
    side_ = ::open(::ptsname(main_), O_RDWR | O_NOCTTY);
    if (side_ < 0) GTEST_SKIP() << "no pseudo terminals here";
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
    ::unsetenv("COLUMNS");
  }
  void TearDown() override {
    if (side_ >= 0) ::close(side_);
    if (main_ >= 0) ::close(main_);
  }
  int main_ = -1, side_ = -1;
};

TEST_F(TerminalTest, HasColorsUnlessNoColorIsSet) {
  EXPECT_TRUE(terminal_of(side_).interactive);
  EXPECT_TRUE(terminal_of(side_).colors);
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_TRUE(terminal_of(side_).interactive);
  EXPECT_FALSE(terminal_of(side_).colors);
  ::setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(terminal_of(side_).colors);
}

TEST_F(TerminalTest, ADumbOneIsNotRedrawn) {
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(terminal_of(side_).interactive);
  EXPECT_FALSE(terminal_of(side_).colors);
}

TEST_F(TerminalTest, WidthFallsBackToColumnsAndEighty) {
  EXPECT_EQ(terminal_of(side_).width, 80);
  ::setenv("COLUMNS", "133", 1);
  EXPECT_EQ(terminal_of(side_).width, 133);
  ::setenv("COLUMNS", "wide", 1);
  EXPECT_EQ(terminal_of(side_).width, 80);
}

TEST(Terminal, AFileIsNone) {
  const int file = ::open("/dev/null", O_WRONLY);
  EXPECT_FALSE(terminal_of(file).interactive);
  EXPECT_FALSE(terminal_of(file).colors);
  ::close(file);
  EXPECT_FALSE(terminal_of(-1).interactive);
}

TEST(Style, WrapsOnlyWithColors) {
  EXPECT_EQ(Style(true).bold("x"), "\x1b[1mx\x1b[0m");
  EXPECT_EQ(Style(true).yellow(""), "");
  EXPECT_EQ(Style().red("x"), "x");
}

TEST(Text, IsMeasuredInColumns) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("é"), 1);
  EXPECT_EQ(display_width("e\u0301"), 1);
  EXPECT_EQ(display_width("東京"), 4);
  EXPECT_EQ(display_width("👍"), 2);
  EXPECT_EQ(display_width("\xff"), 1);
}

TEST(Text, IsShortenedToColumns) {
  EXPECT_EQ(shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten("abcdefg", 6), "abcde…");
  EXPECT_EQ(shorten("東京都庁", 6), "東京…");
  EXPECT_EQ(shorten("abc", 0), "…");
}

TEST(Text, IsCutInTheMiddleToKeepNamesApart) {
  EXPECT_EQ(shorten_middle("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(shorten_middle("card_payment_1", 9), "card…nt_1");
  EXPECT_EQ(shorten_middle("東京都庁前", 7), "東…庁前");
  EXPECT_EQ(shorten_middle("abc", 1), "…");
}

TEST(Text, OfUsersCannotCommandTheTerminal) {
  EXPECT_EQ(printable("a\tb\nc"), "a b c");
  EXPECT_EQ(printable("\x1b[2J"), "\uFFFD[2J");
  EXPECT_EQ(printable("\u009b2J\u202Ex"), "\uFFFD2J\uFFFDx");
  EXPECT_EQ(printable("caf\xc3"), "caf\uFFFD");
  EXPECT_EQ(printable("東京 👍"), "東京 👍");
}

TEST(Table, AlignsByColumns) {
  Table table({Align::left, Align::right, Align::left});
  table.add({"東京", "1", "x"});
  table.add({"ab", "1,000"});
  EXPECT_THAT(table.lines(), ElementsAre("  東京      1  x", "  ab    1,000"));
}

TEST(Numbers, AreGroupedAndShared) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
  EXPECT_EQ(percent(1, 8), "12.5%");
  EXPECT_EQ(percent(1, 0), "0.0%");
}

}  // namespace
}  // namespace bertune::report
