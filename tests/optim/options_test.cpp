// Options by name: what is read, and what a person is told about what cannot be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "bertune/error.h"
#include "bertune/optim.h"

namespace bertune::optim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

template <typename Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "nothing was refused";
}

std::string refused_options(const std::string& algorithm, const std::string& options) {
  return refusal([&] { algorithm_from_string(algorithm).resolve(parse_options(options, "optim_args")); });
}

TEST(ParseOptions, ReadsPairsAndObjects) {
  const OptionValues pairs = parse_options(" alpha = 0.9 ,centered=True", "optim_args");
  EXPECT_EQ(pairs, (OptionValues{{"alpha", "0.9"}, {"centered", "True"}}));
  EXPECT_EQ(
      parse_options(R"({"num_cycles": 2, "min_lr": 1e-6, "mode": "max", "timescale": null, "smooth": true})",
                    "lr_scheduler_kwargs"),
      (OptionValues{{"num_cycles", "2"},
                    {"min_lr", "1e-06"},
                    {"mode", "max"},
                    {"timescale", "none"},
                    {"smooth", "true"}}));
  EXPECT_TRUE(parse_options("", "optim_args").empty());
  EXPECT_TRUE(parse_options("{}", "optim_args").empty());
}

TEST(ParseOptions, SaysWhatIsNoOption) {
  const auto refused = [](const std::string& text) {
    return refusal([&] { parse_options(text, "optim_args"); });
  };
  EXPECT_THAT(refused("momentum"), AllOf(HasSubstr("`optim_args`"), HasSubstr("name=value")));
  EXPECT_THAT(refused("=1"), HasSubstr("name=value"));
  EXPECT_THAT(refused("eps=1,,eps=2"), HasSubstr("name=value"));
  EXPECT_THAT(refused("eps=1,eps=2"), HasSubstr("twice"));
  EXPECT_THAT(refused(R"({"betas": [0.9, 0.99]})"), HasSubstr("betas"));
  EXPECT_THROW(parse_options("{\"eps\"", "optim_args"), Error);
}

TEST(Algorithms, AreFoundByNameAndByTheTrainersSpellings) {
  for (const Algorithm& algorithm : algorithms()) {
    EXPECT_EQ(&algorithm_from_string(algorithm.name), &algorithm);
    for (const std::string& alias : algorithm.aliases) EXPECT_EQ(&algorithm_from_string(alias), &algorithm);
    Parameters parameters({{.name = "words", .shape = {4, 3}, .few_rows = true}});
    EXPECT_EQ(algorithm.make(parameters, 1e-3, {})->name(), algorithm.name);
  }
  EXPECT_EQ(algorithm_from_string("adamw_torch_fused").name, "adamw");
  EXPECT_EQ(algorithm_from_string("lion_32bit").name, "lion");
}

TEST(Algorithms, UnknownNamesAreToldTheNearestAndTheList) {
  EXPECT_THAT(refusal([] { algorithm_from_string("adafctor"); }),
              AllOf(HasSubstr("did you mean \"adafactor\""), HasSubstr("rmsprop, rprop, sgd")));
  EXPECT_THAT(refusal([] { algorithm_from_string("adamw_bnb_8bit"); }), HasSubstr("the choices are"));
  EXPECT_THAT(refusal([] { schedule_from_string("cosin"); }),
              AllOf(HasSubstr("did you mean \"cosine\""), HasSubstr("polynomial")));
}

TEST(Options, UnknownNamesAreToldTheNearestAndTheList) {
  EXPECT_THAT(refused_options("sgd", "momentm=0.9"),
              AllOf(HasSubstr("optimizer sgd"), HasSubstr("did you mean \"momentum\""),
                    HasSubstr("dampening, maximize, momentum, nesterov, weight_decay")));
  EXPECT_THAT(refused_options("lion", "lr=1"), HasSubstr("no option \"lr\""));
  EXPECT_THAT(refusal([] {
                schedule_from_string("linear").resolve({{"power", "2"}});
              }),
              HasSubstr("it has none"));
}

TEST(Options, ValuesThatCannotBeAreNamedWithTheirRange) {
  EXPECT_THAT(refused_options("adamw", "beta1=1"), HasSubstr("beta1 is 1; it must be in [0, 1)"));
  EXPECT_THAT(refused_options("adamw", "eps=nan"), HasSubstr("at least 0"));
  EXPECT_THAT(refused_options("adamw", "eps=1e-8x"), HasSubstr("eps is 1e-8x"));
  EXPECT_THAT(refused_options("adamw", "amsgrad=maybe"), HasSubstr("true or false"));
  EXPECT_THAT(refused_options("muon", "ns_steps=2.5"), HasSubstr("a whole number in [1, 99]"));
  EXPECT_THAT(refused_options("muon", "adjust_lr_fn=none"), HasSubstr("original, match_rms_adamw"));
  EXPECT_THAT(refused_options("rprop", "etaplus=1"), HasSubstr("above 1"));
  EXPECT_THAT(refused_options("adafactor", "d=0.5"), HasSubstr("at least 1"));
  EXPECT_THAT(refused_options("sgd", "nesterov=true"), HasSubstr("nesterov needs momentum"));
  EXPECT_THAT(refused_options("sgd", "nesterov=true,momentum=0.9,dampening=0.1"), HasSubstr("no dampening"));
  EXPECT_THAT(refused_options("rprop", "step_size_min=60"), HasSubstr("step_size_min is above"));
}

TEST(Options, AreResolvedToAllThereAre) {
  const OptionValues all =
      algorithm_from_string("adafactor").resolve({{"eps1", "1e-6"}, {"maximize", "yes"}});
  EXPECT_EQ(all, (OptionValues{{"beta2_decay", "-0.8"},
                               {"d", "1"},
                               {"eps1", "1e-06"},
                               {"eps2", "0.001"},
                               {"maximize", "true"},
                               {"weight_decay", "0"}}));
  EXPECT_EQ(algorithm_from_string("lbfgs").resolve({{"max_eval", "none"}}).at("max_eval"), "none");
}

TEST(Schedules, RefuseOptionsThatDoNotGoTogether) {
  const ScheduleSpan span = {1e-3, 10, 100};
  const auto refused = [&](const char* name, const OptionValues& options) {
    return refusal([&] { schedule_from_string(name).make(span, options); });
  };
  EXPECT_THAT(refused("polynomial", {{"lr_end", "1e-2"}}), HasSubstr("lr_end"));
  EXPECT_THAT(refused("cosine_with_min_lr", {}), HasSubstr("min_lr_rate"));
  EXPECT_THAT(refused("cosine_with_min_lr", {{"min_lr", "0"}, {"min_lr_rate", "0"}}), HasSubstr("either"));
  EXPECT_THAT(refused("warmup_stable_decay", {}), HasSubstr("num_decay_steps"));
  EXPECT_THAT(refused("greedy", {{"factor", "1"}}), HasSubstr("in (0, 1)"));
}

// Transformers divides by zero there.
TEST(Schedules, PolynomialWithoutStepsToDecayStaysAtItsPeak) {
  const auto schedule = schedule_from_string("polynomial").make({1e-3, 10, 10}, {});
  EXPECT_EQ(schedule->learning_rate(10), 1e-3);
}

TEST(Schedules, RefuseTheStateOfAnother) {
  const ScheduleSpan span = {1e-3, 0, 10};
  const std::vector<double> two = {1, 2};
  for (const ScheduleKind& kind : schedules()) {
    OptionValues options;
    if (kind.name == "warmup_stable_decay") options = {{"num_decay_steps", "1"}};
    if (kind.name.ends_with("min_lr")) options = {{"min_lr", "0"}};
    const auto schedule = kind.make(span, options);
    EXPECT_THROW(schedule->restore(two), Error) << kind.name;
    schedule->restore(schedule->state());
  }
}

// docs/optimizers.md is made by hand: it must know every name, option and default.
TEST(Documentation, HasEveryOptionWithItsDefault) {
  std::ifstream file(BERTUNE_SOURCE_DIR "/docs/optimizers.md");
  std::stringstream text;
  text << file.rdbuf();
  const auto expect_row = [&](const std::string& name, const std::vector<OptionInfo>& options) {
    const auto begin = text.str().find("\n| `" + name + "` |");
    ASSERT_NE(begin, std::string::npos) << name;
    const std::string row = text.str().substr(begin + 1, text.str().find('\n', begin + 1) - begin);
    for (const OptionInfo& option : options)
      EXPECT_THAT(row, HasSubstr("`" + option.name + "=" + option.default_value + "`"));
  };
  for (const Algorithm& algorithm : algorithms()) expect_row(algorithm.name, algorithm.options);
  for (const ScheduleKind& kind : schedules()) expect_row(kind.name, kind.options);
}

}  // namespace
}  // namespace bertune::optim
