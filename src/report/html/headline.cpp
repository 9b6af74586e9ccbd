// The first thing that a report says.
#include <fmt/format.h>

#include "report/html/charts.h"
#include "report/html/elements.h"
#include "report/html/sections.h"

namespace bertune::report::html {
namespace {

// "<em>175 of 200</em>"
std::string of(const OrderedJson& part, const OrderedJson& whole) {
  return fmt::format("<em class=\"nb\">{} of {}</em>", count(part), count(whole));
}

bool has_counts(const OrderedJson& headline) { return headline.contains("right") && headline.contains("of"); }

std::string in_brackets(const OrderedJson& headline, bool share) {
  return headline.contains("interval") ? " " + interval(headline.at("interval"), share) : "";
}

// Says what the model does, and the number.
std::string sentence(const OrderedJson& facts) {
  const OrderedJson& head = facts.at("headline");
  const std::string outcome = facts.at("outcome"), metric = head.at("metric"), rows = units(facts);
  const double value = head.at("value");
  const std::string result =
      fmt::format("<em>{}</em>{}", metric_value(metric, value), in_brackets(head, is_share(metric)));
  if (has_counts(head)) {
    const std::string counted = of(head.at("right"), head.at("of"));
    if (outcome == "answers") return fmt::format("The model gives {} answers exactly – {}", counted, result);
    if (outcome == "choices")
      return fmt::format("The model chooses the right answer to {} questions – {}", counted, result);
    if (outcome == "partners")
      return fmt::format("The model finds the text that belongs to the first in {} pairs – {}", counted,
                         result);
    if (outcome == "labels")
      return fmt::format("The model gives all right labels to {} {} – {}", counted, rows, result);
    return fmt::format("The model labels {} {} {} right – {}", counted,
                       head.at("set") == "test" ? "unseen" : "validation", rows, result);
  }
  if (head.contains("there")) {
    const char* things = outcome == "tags" ? "entities" : "labels";
    return fmt::format("The model finds {} {}, and {} that it gives are right: F1 {}",
                       of(head.at("both"), head.at("there")), things, of(head.at("both"), head.at("said")),
                       result);
  }
  if (outcome == "numbers") return fmt::format("The model is off by {} on average", result);
  if (outcome == "cosines")
    return fmt::format("Its similarities follow the scores of people with a correlation of {}", result);
  return fmt::format("The model’s {} is {}", metric_name(metric), result);
}

std::vector<OrderedJson> baselines_of(const OrderedJson& facts) {
  return facts.value("baselines", std::vector<OrderedJson>());
}

std::string baseline_words(const OrderedJson& facts) {
  const std::string metric = facts.at("headline").at("metric");
  std::string words;
  for (const OrderedJson& one : baselines_of(facts)) {
    words += fmt::format("{} {} <span class=\"nb\">{}</span>", words.empty() ? ";" : ",",
                         escaped(one.value("name", "")), metric_value(metric, one.at("value")));
  }
  return words.empty() ? words : "<span>" + words + "</span>";
}

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

// Says by how much the model is better than the best simple method, or that this may be chance.
std::string difference_words(const OrderedJson& facts) {
  if (!facts.contains("baseline_difference")) return "";
  const OrderedJson& one = facts.at("baseline_difference");
  const double low = one.at("interval")[0], high = one.at("interval")[1];
  const bool share = is_share(facts.at("headline").at("metric"));
  const double value = one.at("value");
  const std::string shown =
      share ? number(value, fmt::format("{:+.1f}", 100 * value)) + " points" : decimal(value);
  return fmt::format(
      "<p class=\"gloss\">Against {}, the best simple method, the difference is <b>{}</b> {}{}</p>",
      escaped(one.value("best", "")), shown, interval(one.at("interval"), share),
      low <= 0 && high >= 0 ? ": it may be chance." : ".");
}

// Says whose rows they are, and what the brackets mean.
std::string gloss(const OrderedJson& facts) {
  const OrderedJson& head = facts.at("headline");
  const bool is_test = head.at("set") == "test";
  std::string text =
      fmt::format("The {} {} of {}", count(head.at("rows")), units(facts), name(head.value("path", "")));
  if (head.at("rows") != head.at("in_all"))
    text += fmt::format(" (the first of {})", count(head.at("in_all")));
  text += is_test ? " played no part in training or in choosing the model."
                  : " were held out of training, and chose the best epoch: <b>this flatters</b>. Give test "
                    "rows for an honest "
                    "number.";
  if (head.contains("interval"))
    text +=
        " In brackets, here and below: the 95\u202f% interval, in which the value of many more such rows "
        "most likely lies.";
  return fmt::format("<p class=\"gloss\">{}</p>", text);
}

}  // namespace

std::string units(const OrderedJson& facts, bool several) {
  return escaped(facts.value("unit", "row")) + (several ? "s" : "");
}

std::string title_of(const OrderedJson& facts) {
  const OrderedJson& head = facts.at("headline");
  const double value = head.at("value");
  const std::string metric = head.at("metric");
  return fmt::format(
      "{}: {} {} – Bertune report", facts.value("name", ""), metric,
      is_share(metric) ? fmt::format("{:.1f}\u202f%", 100 * value) : fmt::format("{:.3f}", value));
}

std::string headline(const OrderedJson& facts) {
  const OrderedJson& head = facts.at("headline");
  constexpr std::int64_t kFew = 30;
  const bool few = head.at("rows").get<std::int64_t>() < kFew;
  const std::string said = sentence(facts) + baseline_words(facts);
  std::string html = fmt::format("<h1>{}{}.</h1>\n{}\n", few ? "Too few rows to tell: " : "",
                                 few ? lower_first(said) : said, gloss(facts));
  html += difference_words(facts);
  const std::string metric = head.at("metric");
  if (!is_share(metric)) return html;
  std::vector<RangeRow> rows = {
      {.label = fmt::format("This model<small>{}</small>", metric_name(metric)),
       .number = fmt::format("<b>{}</b>{}", percent(head.at("value")), in_brackets(head, true)),
       .value = head.at("value"),
       .interval = head.contains("interval") ? head.at("interval") : OrderedJson()}};
  for (const OrderedJson& one : baselines_of(facts)) {
    const OrderedJson bounds = one.contains("interval") ? one.at("interval") : OrderedJson();
    rows.push_back({.label = escaped(one.value("name", "")),
                    .number = fmt::format("{} {}", percent(one.at("value")), interval(bounds, true)),
                    .value = one.at("value"),
                    .interval = bounds,
                    .is_baseline = true});
  }
  return html + range_rows(rows, true);
}

}  // namespace bertune::report::html
