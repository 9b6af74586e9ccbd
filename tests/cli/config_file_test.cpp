// Files of options as they are read.
#include "cli/config/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "bertune/error.h"
#include "support/temporary_directory.h"

namespace bertune::cli {
namespace {

using ::testing::HasSubstr;
using Kind = ConfigValue::Kind;

std::string message(const std::string& text, const std::string& name) {
  try {
    parse_config(text, name);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(ConfigFile, YamlAndJsonSayTheSame) {
  const std::string yaml =
      "# a comment\na: 3e-5\nb: -1\nc: true\nd: ~\ne: no\nf: \"true\"\ng: [1, x]\nh: {k: 0.5, l: [+2]}\ni: "
      "'é'\n";
  const std::string json =
      "{\"a\": 3e-5, \"b\": -1, \"c\": true, \"d\": null, \"e\": \"no\", \"f\": \"true\",\n\"g\": [1, \"x\"],"
      "\"h\": {\"k\": 0.5, \"l\": [2]}, \"i\": \"\\u00e9\"}";
  const ConfigValue from_yaml = parse_config(yaml, "a.yaml"), from_json = parse_config(json, "a.json");
  EXPECT_EQ(from_yaml.to_json(), from_json.to_json());
  EXPECT_EQ(from_yaml.to_json(), Json::parse(json));
  ASSERT_EQ(from_yaml.items.size(), 9U);
  EXPECT_EQ(from_yaml.items[0].kind, Kind::number);
  EXPECT_EQ(from_yaml.items[0].text, "3e-5");  // as it was written
  EXPECT_EQ(from_yaml.items[4].kind, Kind::text);
  EXPECT_EQ(from_yaml.items[5].kind, Kind::text);
  EXPECT_EQ(from_yaml.items[8].line, 10);
  EXPECT_EQ(from_json.items[5].line, 1);
  EXPECT_EQ(from_json.items[6].line, 2);
}

TEST(ConfigFile, JsonOutsideOfWhatYamlParsersTake) {
  const ConfigValue value =
      parse_config("\xEF\xBB\xBF{\t\"a\":\t\"\\ud83d\\ude00\\/\",\r\n\t\"b\": 1}", "a.json");
  EXPECT_EQ(value.items[0].text, "\xF0\x9F\x98\x80/");
  EXPECT_EQ(value.items[1].line, 2);
}

TEST(ConfigFile, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(message("a: 1\nb: 2\na: 3\n", "x.yml"), "x.yml:3: \"a\" is there twice (first on line 1)");
  EXPECT_EQ(message("{\"a\": 1,\n\"a\": 2}", "x.json"), "x.json:2: \"a\" is there twice (first on line 1)");
  EXPECT_EQ(message("h: {k: 1,\n k: 2}", "x.yaml"), "x.yaml:2: \"k\" is there twice (first on line 1)");
  EXPECT_THAT(message("a: &x [1]\nb: *x\n", "x.yaml"), HasSubstr("x.yaml:1: anchors"));
  EXPECT_THAT(message("b: *x\n", "x.yaml"), HasSubstr("x.yaml:1: "));
  EXPECT_THAT(message("\na: !!python/object:os.system x\n", "x.yaml"), HasSubstr("x.yaml:2: tags"));
  EXPECT_THAT(message("a: 1\n---\nb: 2\n", "x.yaml"), HasSubstr("second document"));
  EXPECT_THAT(message("a: [1\nb: 2\n", "x.yaml"), HasSubstr("not valid YAML"));
  EXPECT_THAT(message("{\"a\": 1,\n\n\"b\": }", "x.json"), HasSubstr("x.json:3: not valid JSON"));
  EXPECT_THAT(message("{\"a\": 1} {}", "x.json"), HasSubstr("not valid JSON"));
  EXPECT_THAT(message("{\"a\": 1e999}", "x.json"), HasSubstr("not valid JSON: number overflow"));
  for (const char* empty : {"", "\n", "# nothing\n"})
    EXPECT_THAT(message(empty, "x.yaml"), HasSubstr("x.yaml:1: "));
  EXPECT_THAT(message("", "x.json"), HasSubstr("x.json:1: "));
  EXPECT_THAT(message("- a\n", "x.yaml"), HasSubstr("options by their names"));
  EXPECT_THAT(message("epochs\n", "x.yaml"), HasSubstr("options by their names"));
  EXPECT_THAT(message("[]", "x.json"), HasSubstr("options by their names"));
  EXPECT_THAT(message("? [a]\n: b\n", "x.yaml"), HasSubstr("x.yaml:1: a key must be a name"));
  EXPECT_THAT(message("a: 1\nb: \xff\n", "x.yaml"), HasSubstr("x.yaml:2: is not UTF-8"));
  EXPECT_THAT(message(std::string("a: 1\n\0", 6), "x.yaml"), HasSubstr("x.yaml:2: is not UTF-8"));
  EXPECT_THAT(message("\xff\xfe{", "x.json"), HasSubstr("x.json:1: is not UTF-8"));
}

TEST(ConfigFile, LimitsWhatAFileCanCost) {
  EXPECT_THAT(message("{\"a\":" + std::string(100000, '['), "x.json"), HasSubstr("nested too deep"));
  EXPECT_NE(message("a: " + std::string(100000, '['), "x.yaml"), "");
  std::string many = "{";
  for (int i = 0; i < 100000; ++i) many += "\"" + std::to_string(i) + "\":0,";
  EXPECT_THAT(message(many, "x.json"), HasSubstr("more than 1000 names"));
  bertune::testing::TemporaryDirectory files;
  files.write("x.yaml", std::string(kMaxConfigBytes + 1, '#'));
  EXPECT_THROW(read_config_file(files.path() / "x.yaml"), Error);
  EXPECT_THROW(read_config_file(files.path() / "none.yaml"), Error);
  files.write("x.txt", "a: 1\n");
  EXPECT_THROW(read_config_file(files.path() / "x.txt"), UsageError);
}

// Whatever a file holds: an Error, or a mapping.
TEST(ConfigFile, SurvivesDamagedFiles) {
  const std::vector<std::string> seeds = {
      "a: 3e-5\nb: [1, 2, {c: d}]\nh:\n  k: |\n    text\n  l: 'x'\n# c\ng: \"\\u00e9\\n\"\n? x\n: y\n",
      "%YAML 1.2\n---\na: &x !!str b\n<<: *x\n...\n",
      "{\"a\": [1, -2.5e3, null, true], \"b\": {\"c\": \"\\ud83d\"}}"};
  std::mt19937 random(5);
  const std::string bytes = "{}[]:,-?&*!|>'\"%@`#\\ \n\tab0.\xC3\xA9\xff";
  for (int i = 0; i < 30000; ++i) {
    std::string text = seeds[random() % seeds.size()];
    for (unsigned edits = 1 + random() % 4; edits > 0; --edits) {
      const std::size_t place = random() % (text.size() + 1);
      if (random() % 3 == 0) {
        text.erase(place, random() % 4);
      } else {
        text.insert(place, 1, bytes[random() % bytes.size()]);
      }
    }
    for (const char* name : {"x.yaml", "x.json"}) {
      try {
        EXPECT_EQ(parse_config(text, name).kind, Kind::mapping);
      } catch (const UsageError& error) {
        EXPECT_THAT(error.what(), HasSubstr(std::string(name) + ":")) << text;
      }
    }
  }
}

}  // namespace
}  // namespace bertune::cli
