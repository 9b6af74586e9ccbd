// Completion of shells and manual pages: every option that the help lists is in all of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/program_test.h"

namespace bertune {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run;

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

// The commands that the help lists, and the flags of each; those of the program itself have no name.
std::map<std::string, std::set<std::string>> flags_of_all() {
  std::map<std::string, std::set<std::string>> all;
  std::istringstream lines(run({"--help"}).out);
  bool is_list = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "Commands:") is_list = true;
    if (line.empty()) is_list = false;
    if (is_list && line.starts_with("  ") && line[2] != ' ') all[words_of(line).front()] = {};
  }
  all[""] = {};
  const std::regex flag("^  (?:-\\w, )?(--[a-z][a-z0-9-]*)");
  for (auto& [command, flags] : all) {
    std::istringstream help(command.empty() ? run({"--help"}).out : run({command, "--help"}).out);
    for (std::string line; std::getline(help, line);)
      if (std::smatch found; std::regex_search(line, found, flag)) flags.insert(found[1]);
  }
  return all;
}

std::string without(std::string text, char c) {
  std::erase(text, c);
  return text;
}

// The part of a text from the line that begins as `first` to the one that begins as `last`.
std::string part(const std::string& text, const std::string& first, const std::string& last) {
  const std::size_t begin = text.find(first);
  if (begin == text.npos) return "";
  return text.substr(begin, text.find(last, begin + first.size()) - begin);
}

TEST(Completion, AndManualHaveEveryOption) {
  const std::string bash = run({"completion", "bash"}).out, zsh = run({"completion", "zsh"}).out,
                    fish = run({"completion", "fish"}).out;
  const auto all = flags_of_all();
  EXPECT_GT(all.size(), 15U);
  EXPECT_GT(all.at("train").size(), 50U);
  for (const auto& [command, flags] : all) {
    SCOPED_TRACE(command);
    const std::string title = command.empty() ? "''" : command;
    const std::string of_bash = part(bash, "\n    " + title + ")", ";;"),
                      of_zsh =
                          part(zsh, "\n    " + (command.empty() ? "''|-*" : command) + ") _arguments", ";;"),
                      manual = without(run(command.empty() ? std::vector<std::string>{"man"}
                                                           : std::vector<std::string>{"man", command})
                                           .out,
                                       '\\');
    EXPECT_THAT(manual, HasSubstr(command.empty() ? ".TH bertune 1" : ".TH bertune-" + command + " 1"));
    EXPECT_FALSE(flags.empty());
    for (const std::string& flag : flags) {
      EXPECT_THAT(words_of(without(of_bash, '"')),
                  ::testing::AnyOf(Contains(flag), Contains("flags=" + flag)));
      EXPECT_THAT(of_zsh, HasSubstr("'" + flag + "["));
      const std::string when =
          command.empty() ? "__fish_use_subcommand" : "'__fish_seen_subcommand_from " + command + "'";
      EXPECT_THAT(fish, HasSubstr("complete -c bertune -n " + when + " -l " + flag.substr(2) + " "));
      EXPECT_THAT(manual, HasSubstr(flag));
    }
  }
}

class Bash : public testing::ProgramTest {
 protected:
  // What bash offers for the last of the words.
  std::vector<std::string> offered(const std::vector<std::string>& words) {
    files.write("completion", run({"completion", "bash"}).out);
    std::string script = "source " + path("completion") + "\ncd " + files.path().string() + "\nCOMP_WORDS=(";
    for (const std::string& word : words) script += "'" + word + "' ";
    script += ")\nCOMP_CWORD=" + std::to_string(words.size() - 1) +
              "\n_bertune\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
    files.write("script", script);
    const std::string command = "bash " + path("script") + " > " + path("offered") + " 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return words_of(files.read("offered"));
  }
};

TEST_F(Bash, OffersCommandsFlagsAndFiles) {
  files.write("rows.csv", "text,label\n");
  files.write("folder/file", "");
  EXPECT_THAT(offered({"bertune", "tr"}), ::testing::ElementsAre("train"));
  EXPECT_THAT(offered({"bertune", "help", "eval"}), ::testing::ElementsAre("evaluate"));
  EXPECT_THAT(offered({"bertune", "train", "--learning-r"}), ::testing::ElementsAre("--learning-rate"));
  EXPECT_THAT(offered({"bertune", "predict", "--learning-r"}), ::testing::IsEmpty());
  EXPECT_THAT(offered({"bertune", "train", "--train", "r"}), ::testing::ElementsAre("rows.csv"));
  EXPECT_THAT(offered({"bertune", "train", "--output", ""}), ::testing::ElementsAre("folder"));
  EXPECT_THAT(offered({"bertune", "train", "--epochs", ""}), ::testing::IsEmpty());
}

TEST(Completion, KnowsItsShells) {
  const auto result = run({"completion", "csh"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("bash, zsh and fish"));
  EXPECT_EQ(run({"man", "nothing"}).exit_code, 2);
}

TEST(Manual, IsPlainText) {
  const std::string page = run({"man", "train"}).out;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('.')) continue;
    EXPECT_TRUE(std::regex_search(line, std::regex("^\\.(TH|SH|SS|TP|nf|fi|BR)\\b"))) << line;
  }
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-learning\\-rate\\fR \\fIN\\fR\n"));
  EXPECT_THAT(page, Not(HasSubstr("\t")));
}

}  // namespace
}  // namespace bertune
