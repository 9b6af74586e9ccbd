// The sections on where the model is right and wrong, and on how far its scores can be believed.
#include <fmt/format.h>

#include <algorithm>

#include "report/html/charts.h"
#include "report/html/elements.h"
#include "report/html/sections.h"
#include "report/terminal.h"

namespace bertune::report::html {
namespace {

std::string share_cell(const OrderedJson& one, const char* share, const char* bounds, const char* of) {
  return fmt::format("{} <small class=\"of\">{} of {}</small>{}", percent(one.at(share)),
                     count(one.at("correct")), count(one.at(of)), small_range(one.at(share), one.at(bounds)));
}

std::vector<std::vector<std::string>> label_rows(const OrderedJson& labels, std::size_t begin,
                                                 std::size_t end) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = begin; i < end; ++i) {
    const OrderedJson& one = labels[i];
    rows.push_back({name(one.at("label").get<std::string>()),
                    share_cell(one, "recall", "recall_interval", "support"),
                    share_cell(one, "precision", "precision_interval", "predicted"),
                    number(one.at("f1"), fmt::format("{:.2f}", one.at("f1").get<double>()))});
  }
  return rows;
}

std::string matrix_cell(std::int64_t rows, bool right, std::int64_t worst) {
  if (rows == 0) return "<td></td>";
  const char* kind = right ? "ok" : 2 * rows > worst ? "e2" : "e1";
  return fmt::format("<td class=\"{}\">{}</td>", kind, count(rows));
}

std::string matrix(const OrderedJson& confusion) {
  const OrderedJson &labels = confusion.at("labels"), &counts = confusion.at("counts");
  std::int64_t worst = 0;
  for (std::size_t i = 0; i < counts.size(); ++i)
    for (std::size_t j = 0; j < counts.size(); ++j)
      if (i != j) worst = std::max(worst, counts[i][j].get<std::int64_t>());
  std::string html =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\"><table "
      "class=\"matrix\">"
      "<caption>Rows: what is right. Columns: what the model said</caption><thead><tr><td></td>";
  for (const OrderedJson& label : labels)
    html += fmt::format("<th scope=\"col\"><span>{}</span></th>", name(label.get<std::string>()));
  html += "</tr></thead><tbody>";
  for (std::size_t i = 0; i < counts.size(); ++i) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", name(labels[i].get<std::string>()));
    for (std::size_t j = 0; j < counts.size(); ++j) html += matrix_cell(counts[i][j], i == j, worst);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

}  // namespace

std::string labels_section(const OrderedJson& facts) {
  const OrderedJson labels = facts.value("labels_table", OrderedJson::array());
  if (labels.empty()) return "";
  const OrderedJson& weakest = labels[0];
  const bool entities = facts.at("outcome") == "tags" && facts.at("headline").at("metric") == "f1";
  const char* what = entities ? "type" : "label";
  std::string answer =
      fmt::format("Weakest: <b>{}</b>. It finds {} of {}; {} of {} that it gives are right.",
                  name(weakest.at("label").get<std::string>()), count(weakest.at("correct")),
                  count(weakest.at("support")), count(weakest.at("correct")), count(weakest.at("predicted")));
  const std::vector<std::string> titles = {what, "found (recall)", "right (precision)", ">F1"};
  constexpr std::size_t kShown = 20;
  std::string evidence = table(fmt::format("By {}, the weakest first", what), titles,
                               label_rows(labels, 0, std::min(kShown, labels.size())), "labels");
  if (labels.size() > kShown) {
    evidence += folded(fmt::format("The other {}", labels.size() - kShown),
                       table(fmt::format("By {}, all others", what), titles,
                             label_rows(labels, kShown, labels.size()), "labels"));
  }
  return section("labels", fmt::format("Which {}s does it know?", what), answer, evidence);
}

std::string confusion_section(const OrderedJson& facts) {
  const OrderedJson confused = facts.value("confused", OrderedJson::array());
  if (confused.empty()) return "";
  const OrderedJson& first = confused[0];
  const std::string answer =
      fmt::format("Most often, <b>{}</b> was taken for <b>{}</b>: {} {}.",
                  name(first.at("is").get<std::string>()), name(first.at("said").get<std::string>()),
                  count(first.at("rows")), first.at("rows") == 1 ? "time" : "times");
  std::vector<std::vector<std::string>> rows;
  for (const OrderedJson& one : confused)
    rows.push_back({name(one.at("is").get<std::string>()), name(one.at("said").get<std::string>()),
                    count(one.at("rows"))});
  const std::string list = table("Most frequent confusions", {"is", "was said", ">rows"}, rows);
  const std::string evidence =
      facts.contains("confusion") ? matrix(facts.at("confusion")) + folded("As a list", list) : list;
  return section("confusion", "What does it mix up?", answer, evidence);
}

std::string numbers_section(const OrderedJson& facts) {
  const OrderedJson points = facts.value("points", OrderedJson::array());
  if (points.empty()) return "";
  std::vector<std::pair<double, double>> pairs;
  for (const OrderedJson& one : points) pairs.emplace_back(one[0], one[1]);
  std::vector<std::vector<std::string>> rows;
  for (const OrderedJson& one : facts.at("metrics")) {
    const std::string metric = one.at("name");
    rows.push_back({metric_name(metric), metric_value(metric, one.at("value")),
                    one.contains("interval") ? interval(one.at("interval"), is_share(metric)) : ""});
  }
  return section("numbers", "How far is it off?", "The nearer to the line, the better.",
                 scatter(pairs, {.title = "What it said against what is right",
                                 .subtitle = "Across: right. Up: said",
                                 .description = "Points: what the model said against what is right"}) +
                     table("All measures", {"measure", ">value", ">95\u202f% interval"}, rows));
}

std::string calibration_section(const OrderedJson& facts) {
  if (!facts.contains("calibration")) return "";
  const OrderedJson& one = facts.at("calibration");
  const double error = one.at("error"), high = one.at("expected_high");
  const bool believable = error <= high;
  const std::string answer = fmt::format(
      "{} It claims {} on average, and {} come true. The calibration error is {}; a model without fault "
      "would show {} on "
      "this many rows.{}",
      believable ? "Yes." : "Not quite.", percent(one.at("claimed")), percent(one.at("right")),
      percent(error), percent(one.at("expected")),
      believable ? "" : " <code>bertune calibrate</code> sets the scores right without changing a label.");
  std::vector<RangeRow> rows;
  std::vector<std::vector<std::string>> cells;
  for (const OrderedJson& group : one.at("groups")) {
    rows.push_back({.label = fmt::format("claims {}<small>{} predictions</small>",
                                         percent(group.at("claimed")), count(group.at("rows"))),
                    .number = fmt::format("<b>{}</b> right{}", percent(group.at("share")),
                                          "<small>" + interval(group.at("interval"), true) + "</small>"),
                    .value = group.at("share"),
                    .interval = group.at("interval"),
                    .tick = group.at("claimed").get<double>()});
  }
  cells.push_back({"Expected calibration error, 15 bins", percent(error)});
  cells.push_back({"of a model without fault, on average", percent(one.at("expected"))});
  cells.push_back({"of a model without fault, in 19 of 20 cases below", percent(high)});
  cells.push_back({"Negative log likelihood", decimal(one.at("nll"))});
  cells.push_back({"Brier score", decimal(one.at("brier"))});
  cells.push_back({"Temperature", decimal(one.at("temperature"))});
  return section("scores", "Can its scores be believed?", answer,
                 "<figure><figcaption>What it claims, and what comes true<small>Upright mark: the mean "
                 "claim. Dot: the share "
                 "that is right, with its interval. Groups of equal size</small></figcaption>" +
                     range_rows(rows) + "</figure>" +
                     folded("Numbers", table("Measures of the scores", {"measure", ">value"}, cells)));
}

std::string abstention_section(const OrderedJson& facts) {
  if (!facts.contains("abstentions")) return "";
  const OrderedJson& all = facts.at("abstentions");
  const OrderedJson& lines = all.at("lines");
  const bool same = all.at("chosen_on") == all.at("judged_on");
  std::vector<std::vector<std::string>> rows;
  const OrderedJson* best = &lines[0];
  for (const OrderedJson& one : lines) {
    if (one.at("share") == 0.9) best = &one;
    rows.push_back(
        {one.at("share") == 1.0 ? "everything" : fmt::format("the surest {}", percent(one.at("share"))),
         number(one.at("threshold"), fmt::format("{:.3f}", one.at("threshold").get<double>())),
         fmt::format("{} of {}", count(one.at("answered")), count(one.at("rows"))),
         fmt::format("{} {}", percent(one.at("value")), interval(one.at("interval"), true)),
         percent(one.at("at_least"))});
  }
  std::string answer =
      fmt::format("If it answers only what it is surest of, <b>{} of {}</b>, {} of these are right.",
                  count(best->at("answered")), count(best->at("rows")), percent(best->at("value")));
  answer +=
      fmt::format(" Its least score is then {}.",
                  number(best->at("threshold"), fmt::format("{:.3f}", best->at("threshold").get<double>())));
  std::string note = same ? "Limits and results are of the same rows: this flatters a little."
                          : fmt::format("Limits are chosen on {} rows, and judged on {} rows.",
                                        escaped(all.at("chosen_on").get<std::string>()),
                                        escaped(all.at("judged_on").get<std::string>()));
  return section(
      "unsure", "What if it may pass?", answer,
      table("Answers and mistakes by the least score",
            {"it answers", ">least score", ">answered", ">right of these", ">at least, 95\u202f% sure"},
            rows) +
          fmt::format("<p class=\"note\">{}</p>", note));
}

// The table shows what the ways to read long texts were worth, where the run has compared them.
std::string long_text_table(const OrderedJson& facts) {
  const OrderedJson found = facts.value("long_text", OrderedJson::object());
  if (!found.contains("values")) return "";
  const std::string measure = found.at("measure");
  std::vector<std::vector<std::string>> rows;
  for (const auto& [way, value] : found.at("values").items()) {
    const bool is_chosen = way == found.at("chosen");
    rows.push_back({is_chosen ? "<b>" + escaped(way) + "</b>" : escaped(way),
                    measure == "squared error" ? decimal(value) : percent(value)});
  }
  return folded(
      "How long texts are read, and why",
      table(fmt::format("Compared on {} training rows that are too long", count(found.at("compared"))),
            {"way", ">" + escaped(measure)}, rows) +
          "<p class=\"note\">By cross-validation, with features of the model before its "
          "training; the best one is taken.</p>");
}

std::string lengths_section(const OrderedJson& facts) {
  if (!facts.contains("lengths")) return "";
  const OrderedJson& lengths = facts.at("lengths");
  const std::string metric = lengths.at("metric");
  std::vector<std::vector<std::string>> cells;
  std::vector<RangeRow> rows;
  for (const OrderedJson& one : lengths.at("groups")) {
    const OrderedJson bounds = one.contains("interval") ? one.at("interval") : OrderedJson();
    const std::string tokens = fmt::format("{}–{} tokens", count(one.at("from")), count(one.at("to")));
    const std::string value = fmt::format("{} <small>{}</small>", metric_value(metric, one.at("value")),
                                          interval(bounds, is_share(metric)));
    rows.push_back(
        {.label = fmt::format("{}<small>{} {}</small>", tokens, count(one.at("rows")), units(facts)),
         .number = value,
         .value = one.at("value"),
         .interval = bounds});
    cells.push_back({tokens, count(one.at("rows")), value});
  }
  std::string answer = fmt::format("Half of the {} have up to {} tokens, the longest {}.", units(facts),
                                   count(lengths.at("median")), count(lengths.at("longest")));
  if (lengths.at("cut") > 0)
    answer += fmt::format(" <b>{} were truncated</b>: a larger <code>max_length</code> reads them whole.",
                          count(lengths.at("cut")));
  if (lengths.at("windowed") > 0)
    answer += fmt::format(" {} were read in several windows.", count(lengths.at("windowed")));
  if (lengths.contains("decided")) {
    const OrderedJson& decided = lengths.at("decided");
    answer += fmt::format(
        " The window with the highest score is the first one of {}, the last one of {}, and one between them "
        "of {}.",
        count(decided.at("first")), count(decided.at("last")), count(decided.at("other")));
  }
  if (lengths.at("cut") == 0 && lengths.at("windowed") == 0) answer += " None was truncated.";
  const std::string evidence = is_share(metric) ? fmt::format(
                                                      "<figure><figcaption>{} by length<small>With 95\u202f% "
                                                      "intervals</small></figcaption>{}</figure>",
                                                      capital(metric_name(metric)), range_rows(rows))
                                                : table(capital(metric_name(metric)) + " by length",
                                                        {"length", ">" + units(facts), ">value"}, cells);
  return section("length", "Does length matter?", answer, evidence + long_text_table(facts));
}

}  // namespace bertune::report::html
