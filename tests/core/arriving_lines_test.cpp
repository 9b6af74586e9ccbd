#include "core/arriving_lines.h"

#include <gtest/gtest.h>

#include <sstream>
#include <streambuf>
#include <vector>

namespace bertune {
namespace {

// Gives its parts one by one, as a pipe does.
class Parts : public std::streambuf {
 public:
  explicit Parts(std::vector<std::string> parts) : parts_(std::move(parts)) {}

 private:
  int_type underflow() override {
    if (next_ == parts_.size()) return traits_type::eof();
    std::string& part = parts_[next_++];
    setg(part.data(), part.data(), part.data() + part.size());
    return traits_type::to_int_type(part.front());
  }
  std::vector<std::string> parts_;
  std::size_t next_ = 0;
};

std::vector<std::string> all_of(std::istream& input) {
  ArrivingLines lines(input);
  std::vector<std::string> texts;
  for (std::string text = lines.next(); !text.empty(); text = lines.next()) texts.push_back(text);
  return texts;
}

TEST(ArrivingLines, GivesWholeLinesAsSoonAsTheyAreThere) {
  Parts parts({"one\n", "two\nth", "ree\nfo", "u", "r\n", "five\nsix"});
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
