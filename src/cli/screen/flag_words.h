// Rewrites the library's messages in the words of the command line.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace bertune::cli {

// The library names options by names in backticks (bertune/error.h). Those that the program knows become
// flags: "`lora_rank`" is --lora-rank, "`format=csv`" is --format csv, "`convert(merge)`" is
// bertune convert --merge, and "`train()`" bertune train. So is an option of another command than the one
// that is run: bertune train --folds. Anything else in backticks stays as it is, a text of the user's or a
// command of another program.
class FlagWords {
 public:
  // Names as the library has them, with _ between words. `elsewhere`: options that only other commands have,
  // and one that does.
  FlagWords(std::set<std::string, std::less<>> commands, std::set<std::string, std::less<>> options,
            std::map<std::string, std::string, std::less<>> elsewhere = {})
      : commands_(std::move(commands)), options_(std::move(options)), elsewhere_(std::move(elsewhere)) {}

  std::string render(std::string_view message) const;

 private:
  // Returns the flag for the words between two backticks; empty if they name nothing that the program knows.
  std::string flag(std::string_view words) const;
  std::string flag_elsewhere(std::string_view words) const;
  std::string call(std::string_view words) const;

  std::set<std::string, std::less<>> commands_, options_;
  std::map<std::string, std::string, std::less<>> elsewhere_;
};

// The commands and options of the program, for with_flags.
void know_flags(FlagWords words);
// The message as a person at the command line reads it.
std::string with_flags(std::string_view message);

}  // namespace bertune::cli
