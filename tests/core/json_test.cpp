#include "core/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "bertune/error.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

std::string message(const std::string& text) {
  try {
    parse_json(text, "some.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ParseJson, RefusesWhatIsNestedTooDeep) {
  EXPECT_EQ(message(nested(kDeepestJson)), "");
  EXPECT_THAT(message(nested(kDeepestJson + 1)),
              HasSubstr("some.json: nested more than 200 levels deep, at byte 200"));
  EXPECT_THAT(message("{\"a\": " + nested(300000) + "}"), HasSubstr("nested more than"));
  EXPECT_THAT(message(std::string(300000, '[')), HasSubstr("nested more than"));
  std::string wide = "[";
  for (int i = 0; i < 1000; ++i) wide += nested(3) + ",";
  EXPECT_EQ(message(wide + "1]"), "");
}

TEST(ParseJson, BracketsInTextsAreNoNesting) {
  EXPECT_EQ(message("[\"" + std::string(1000, '[') + "\", \"\\\"" + std::string(1000, '{') + "\"]"), "");
  EXPECT_THAT(message("[\"a\\\\\", " + nested(300) + "]"), HasSubstr("nested more than"));
  EXPECT_THAT(message("[\"no end"), HasSubstr("not valid JSON"));
  EXPECT_THAT(message("[\"no end\\"), HasSubstr("not valid JSON"));
}

TEST(ParseJson, SaysWhatIsWrongInWords) {
  for (const char* text : {"[1e400]", "{\"a\": }", ""})
    EXPECT_THAT(message(text),
                AllOf(HasSubstr("some.json: not valid JSON"), Not(HasSubstr("json.exception"))))
        << text;
}

}  // namespace
}  // namespace bertune
