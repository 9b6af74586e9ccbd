#include "core/arriving_lines.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "support/pieces.h"

namespace bertune {
namespace {

std::vector<std::string> all_of(std::istream& input) {
  ArrivingLines lines(input);
  std::vector<std::string> texts;
  for (std::string text = lines.next(); !text.empty(); text = lines.next()) texts.push_back(text);
  return texts;
}

TEST(ArrivingLines, GivesWholeLinesAsSoonAsTheyAreThere) {
  testing::Pieces parts({"one\n", "two\nth", "ree\nfo", "u", "r\n", "five\nsix"});
  std::istream input(&parts);
  EXPECT_EQ(all_of(input),
            (std::vector<std::string>{"one\n", "two\n", "three\n", "four\n", "five\n", "six"}));
}

TEST(ArrivingLines, GivesNothingOfAnEmptyStreamAndAllOfALongLine) {
  std::istringstream empty;
  EXPECT_TRUE(all_of(empty).empty());
  const std::string line(3 << 20, 'x');
  std::istringstream one(line);
  EXPECT_EQ(all_of(one), std::vector<std::string>{line});
  std::istringstream two(line + "\n" + line + "\n");
  std::string together;
  for (const std::string& text : all_of(two)) together += text;
  EXPECT_EQ(together, line + "\n" + line + "\n");
}

}  // namespace
}  // namespace bertune
