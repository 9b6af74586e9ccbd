// The sections on how the training went, what it was made of, and how to repeat it.
#include <fmt/format.h>

#include <cmath>

#include "report/html/charts.h"
#include "report/html/elements.h"
#include "report/html/sections.h"
#include "report/terminal.h"

namespace bertune::report::html {
namespace {

double value_of(const OrderedJson& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : std::nan("");
}

std::string seconds(double value) {
  const auto whole = static_cast<long long>(std::llround(value));
  const std::string shown = whole < 100    ? fmt::format("{} s", whole)
                            : whole < 6000 ? fmt::format("{} min {} s", whole / 60, whole % 60)
                                           : fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
  return number(value, shown);
}

std::string mib(double value) { return number(value, fmt::format("{:.0f}\u202fMiB", value)); }

std::string outcome_words(const OrderedJson& run, const OrderedJson& curves) {
  std::string words;
  if (const double epochs = value_of(run, "epochs"); std::isfinite(epochs))
    words = fmt::format("It read the training rows <b>{} times</b>",
                        number(epochs, fmt::format("{:.3g}", epochs)));
  if (const double took = value_of(run, "seconds"); std::isfinite(took))
    words += fmt::format(", in {}", seconds(took));
  if (!words.empty()) words += ". ";
  const OrderedJson evaluations = curves.value("evaluations", OrderedJson::array());
  if (evaluations.size() < 2) return words;
  const double first = evaluations.front()[2], last = evaluations.back()[2];
  double least = first;
  for (const OrderedJson& one : evaluations) least = std::min(least, one[2].get<double>());
  if (last <= least)
    return words + "The loss on validation rows was still falling: a longer training may gain a little.";
  return words + "The loss on validation rows rose again in the end: a longer training would hardly gain.";
}

}  // namespace

std::string plan_section(const OrderedJson& facts) {
  const OrderedJson run = facts.value("run", OrderedJson::object()),
                    plan = facts.value("plan", OrderedJson::object());
  if (run.empty() || !plan.is_object() || plan.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const char* what, const char* planned, const char* happened, const auto& shown) {
    const double before = value_of(plan, planned), after = value_of(run, happened);
    if (std::isfinite(before) && std::isfinite(after)) rows.push_back({what, shown(before), shown(after)});
  };
  const auto whole = [](double value) { return number(value, fmt::format("{:.0f}", value)); };
  add("Steps", "steps", "steps", whole);
  add("Time", "seconds", "seconds", seconds);
  add("Memory", "peak_mib", "peak_mib", mib);
  if (rows.empty()) return "";
  return section("plan", "Did it cost what was planned?",
                 "What was predicted before the first step, and what happened.",
                 table("Plan and result", {"", ">planned", ">happened"}, rows));
}

std::string training_section(const OrderedJson& facts) {
  const OrderedJson run = facts.value("run", OrderedJson::object()),
                    curves = facts.value("curves", OrderedJson::object());
  if (run.empty() && curves.empty()) return "";
  const std::string metric = curves.value("metric", "");
  Curve losses{.points = {}, .is_background = true}, held_out{.points = {}, .with_dots = true},
      values{.points = {}, .with_dots = true};
  std::vector<std::vector<std::string>> rows;
  for (const OrderedJson& one : curves.value("loss", OrderedJson::array()))
    losses.points.emplace_back(one[0], one[1]);
  for (const OrderedJson& one : curves.value("evaluations", OrderedJson::array())) {
    values.points.emplace_back(one[0], one[1]), held_out.points.emplace_back(one[0], one[2]);
    rows.push_back({number(one[0], fmt::format("{:.3g}", one[0].get<double>())), metric_value(metric, one[1]),
                    decimal(one[2])});
  }
  std::string evidence = "<div class=\"two\">";
  // The log has F1 of answers in percent, as the official script gives it.
  const bool share = is_share(metric) && facts.at("outcome") != "answers";
  if (!values.points.empty()) {
    evidence +=
        plot({values},
             {.title = fmt::format("{} on validation rows", capital(metric_name(metric))),
              .subtitle = "After each evaluation",
              .x_title = "epoch",
              .description = fmt::format("{} on validation rows after each evaluation; the numbers are in "
                                         "the table below",
                                         metric_name(metric)),
              .y_percent = share});
  }
  if (!losses.points.empty() || !held_out.points.empty()) {
    evidence += plot({losses, held_out},
                     {.title = "Loss",
                      .subtitle = "Line: training steps. Dots: validation rows",
                      .x_title = "epoch",
                      .description = "Loss of training steps and of validation rows over the epochs"});
  }
  evidence += "</div>";
  if (facts.at("outcome") == "answers")
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i][1] = decimal(values.points[i].second);
  if (!rows.empty())
    evidence += folded("Numbers", table("Evaluations on validation rows",
                                        {"epoch", ">" + metric_name(metric), ">loss"}, rows));
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [key, what] :
       {std::pair{"train_rows", "Training rows"}, {"steps", "Steps"}, {"best_step", "Best step"}})
    if (run.contains(key)) pairs.emplace_back(what, count(run.at(key)));
  if (const double peak = value_of(run, "peak_mib"); std::isfinite(peak))
    pairs.emplace_back("Peak memory", mib(peak));
  if (run.contains("tokens_per_second"))
    pairs.emplace_back("Tokens a second", count(run.at("tokens_per_second")));
  if (!pairs.empty()) evidence += html::facts(pairs);
  return section("training", "How did training go?", outcome_words(run, curves), evidence);
}

std::string data_section(const OrderedJson& facts) {
  std::vector<std::vector<std::string>> rows;
  for (const OrderedJson& file : facts.value("files", OrderedJson::array())) {
    rows.push_back({escaped(file.value("set", "")), name(file.value("path", "")), count(file.at("rows")),
                    fmt::format("<code>{}</code>", escaped(file.value("hash", "")))});
  }
  std::string evidence =
      table("Rows that predictions were kept of", {"set", "file", ">rows", "hash of the rows"}, rows);
  const OrderedJson findings = facts.value("findings", OrderedJson::array());
  std::string answer = "Two runs that show the same hash were tested on the same rows.";
  if (findings.is_array() && !findings.empty()) {
    std::string list;
    for (const OrderedJson& one : findings) {
      const std::string text = one.is_string()   ? one.get<std::string>()
                               : one.is_object() ? one.value("text", "")
                                                 : "";
      if (!text.empty()) list += fmt::format("<li>{}</li>", escaped(text));
    }
    if (!list.empty()) {
      evidence += "<ul>" + list + "</ul>";
      answer = "The check before training found something to look at. " + answer;
    }
  }
  return section("data", "What was it tested on?", answer, evidence);
}

std::string repeat_section(const OrderedJson& facts) {
  std::string evidence;
  if (facts.contains("command"))
    evidence = fmt::format("<pre tabindex=\"0\">{}</pre>", escaped(facts.at("command").get<std::string>()));
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"Task", escaped(facts.value("task", ""))},
      {"Program", "bertune " + escaped(facts.value("version", ""))}};
  if (facts.contains("weights_hash"))
    pairs.emplace_back("Weights",
                       fmt::format("<code>{}</code>", escaped(facts.at("weights_hash").get<std::string>())));
  evidence += html::facts(pairs);
  if (facts.contains("settings"))
    evidence +=
        folded("run.yaml: all settings",
               fmt::format("<pre tabindex=\"0\">{}</pre>", escaped(facts.at("settings").get<std::string>())));
  const char* answer =
      facts.contains("command")
          ? "This command, on the same files and kind of processor, gives the same model, bit for bit."
          : "These are results of a model that was trained elsewhere.";
  return section("repeat", "How can this be repeated?", answer, evidence);
}

}  // namespace bertune::report::html
