// One table of an enumeration's names.
#include "core/names.h"

#include <gtest/gtest.h>

namespace bertune {
namespace {

enum class Colour { red, green, blue, none };
constexpr Names kNames(std::to_array<Named<Colour>>(
    {{Colour::red, "red"}, {Colour::green, "green"}, {Colour::blue, "blue"}, {Colour::blue, "azure"}}));
constexpr Names kOne(std::to_array<Named<Colour>>({{Colour::red, "red"}}));

TEST(Names, OfValues) {
  static_assert(kNames.of(Colour::green) == "green");
  EXPECT_EQ(kNames.of(Colour::blue), "blue");  // the first of two
  EXPECT_EQ(kNames.of(Colour::none), "unknown");
}

TEST(Names, ValuesOfThem) {
  static_assert(kNames.find("red") == Colour::red);
  EXPECT_EQ(kNames.find("azure"), Colour::blue);
  for (const char* name : {"", "Red", "red ", "re", "unknown"}) EXPECT_FALSE(kNames.find(name)) << name;
}

TEST(Names, Choices) {
  EXPECT_EQ(kNames.choices("or"), "red, green, blue or azure");
  EXPECT_EQ(kNames.choices(), "red, green, blue, azure");
  EXPECT_EQ(kOne.choices("and"), "red");
  EXPECT_EQ(kNames.all()[2], "blue");
}

}  // namespace
}  // namespace bertune
