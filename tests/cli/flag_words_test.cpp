// What the library says, as the program says it.
#include "cli/screen/flag_words.h"

#include "cli/options/known_flags.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace bertune::cli {
namespace {

const FlagWords kWords({"train", "fill_mask"}, {"lora_rank", "model", "format", "merge"});

TEST(FlagWords, OptionsBecomeFlags) {
  EXPECT_EQ(kWords.render("`lora_rank` is 9; it must be in [1, 8]"),
            "--lora-rank is 9; it must be in [1, 8]");
  EXPECT_EQ(kWords.render("add `format=csv|tsv`, or `merge`"), "add --format csv|tsv, or --merge");
  EXPECT_EQ(kWords.render("`model=a=b c`"), "--model a=b c");
}

TEST(FlagWords, CallsBecomeCommands) {
  EXPECT_EQ(kWords.render("first (`train(model=/a (b)/c)`)"), "first (bertune train --model /a (b)/c)");
  EXPECT_EQ(kWords.render("`fill_mask(merge)`"), "bertune fill-mask --merge");
  EXPECT_EQ(kWords.render("`train()` makes one"), "bertune train makes one");
}

TEST(FlagWords, AllElseStays) {
  for (const char* text :
       {"", "no option", "`git lfs pull`", "`rank`", "`rank=9`", "`convert(merge)`", "`train(rank=9)`",
        "`convert()`", "`train`", "`lora-rank`", "lora_rank", "`", "``", "```", "`lora_rank", "`)`", "`=9`"})
    EXPECT_EQ(kWords.render(text), text);
}

TEST(FlagWords, OptionsOfOtherCommandsAreNamedWithThem) {
  const FlagWords words({"train", "fill_mask"}, {"model"}, {{"folds", "train"}});
  EXPECT_EQ(
      words.render("leave out `folds`, or `folds=1`; `model`, `train(folds)`, `top`"),
      "leave out bertune train --folds, or bertune train --folds 1; --model, bertune train --folds, `top`");
}

TEST(FlagWords, ABacktickOfAUsersTextHidesNoOptionAfterIt) {
  EXPECT_EQ(kWords.render("\"it`s\" is none of `merge`"), "\"it`s\" is none of --merge");
  EXPECT_EQ(kWords.render("`x``merge`"), "`x`--merge");
}

TEST(FlagWords, OptionsOfTheProgramUnderAllTheirNames) {
  CLI::App program("", "bertune");
  int steps = 0;
  CLI::App& command = *program.add_subcommand("next-sentence");
  command.add_option("--save-every,--save_steps,-s", steps);
  know_flags_of(program);
  EXPECT_EQ(with_flags("`save_every` or `save_steps=2`, not `s`, `next_sentence(save_every=3)`, `help`"),
            "--save-every or --save-steps 2, not `s`, bertune next-sentence --save-every 3, `help`");
}

}  // namespace
}  // namespace bertune::cli
