// The section of the rows that the model gets wrong.
#include <fmt/format.h>

#include <algorithm>

#include "report/html/elements.h"
#include "report/html/sections.h"

namespace bertune::report::html {
namespace {

// Right and said as HTML: labels, numbers, or tags of words that differ.
std::string shown(const OrderedJson& value) {
  if (value.is_string()) return name(value.get<std::string>());
  if (value.is_number()) return decimal(value.get<double>());
  if (!value.is_array()) return "–";
  std::string list;
  for (const OrderedJson& one : value) list += (list.empty() ? "" : ", ") + shown(one);
  return list;
}

// The words of a sentence whose tag is wrong: "Paris: B-LOC, and not O".
std::string wrong_words(const OrderedJson& mistake) {
  std::string text = mistake.value("text", ""), list;
  const OrderedJson &right = mistake.at("right"), &said = mistake.at("said");
  std::size_t begin = 0, shown_words = 0;
  for (std::size_t word = 0; word < right.size() && shown_words < 6; ++word) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (begin >= text.size()) break;
    if (right[word] != said[word]) {
      list += fmt::format("{}{}: {}, and not <span class=\"w\">{}</span>", list.empty() ? "" : "; ",
                          name(text.substr(begin, end - begin)), name(right[word].get<std::string>()),
                          name(said[word].get<std::string>()));
      ++shown_words;
    }
    begin = end + 1;
  }
  return list;
}

std::string mistake_item(const OrderedJson& one, const std::string& outcome) {
  std::string head =
      outcome == "tags"
          ? "<span>" + wrong_words(one) + "</span>"
          : fmt::format("<span>right: <b>{}</b></span><span>said: <span class=\"w\">{}</span></span>",
                        shown(one.at("right")), shown(one.at("said")));
  if (outcome == "partners")
    head = fmt::format("Its own text comes in place <span class=\"w\">{}</span>", shown(one.at("said")));
  std::string side = name(one.value("where", ""));
  if (one.contains("score")) side = fmt::format("score {} · {}", percent(one.at("score")), side);
  if (one.contains("cut_tokens"))
    side = fmt::format("{} tokens not read · {}", count(one.at("cut_tokens")), side);
  if (one.contains("window")) {
    side = fmt::format("decided by window {} of {} · {}", count(one.at("window").get<std::int64_t>() + 1),
                       count(one.at("windows")), side);
  }
  std::string item = fmt::format("<li><div class=\"h\">{}<small>{}</small></div>{}", head, side,
                                 quote(one.value("text", "")));
  if (one.contains("text_pair")) item += quote(one.at("text_pair").get<std::string>());
  return item + "</li>\n";
}

}  // namespace

std::string mistakes_section(const OrderedJson& facts) {
  const OrderedJson mistakes = facts.value("mistakes", OrderedJson::array());
  const std::string outcome = facts.at("outcome");
  const bool numbers = outcome == "numbers" || outcome == "cosines";
  if (mistakes.empty()) {
    return section("mistakes", "Where is it wrong?", "In none of these rows.",
                   "<p class=\"note\">There is nothing to show.</p>");
  }
  constexpr std::size_t kShown = 20;
  std::string list = "<ol class=\"errors\">\n", more;
  for (std::size_t i = 0; i < mistakes.size(); ++i)
    (i < kShown ? list : more) += mistake_item(mistakes[i], outcome);
  list += "</ol>";
  if (!more.empty()) {
    list += folded(fmt::format("{} more", mistakes.size() - kShown),
                   fmt::format("<ol class=\"errors\" start=\"{}\">{}</ol>", kShown + 1, more));
  }
  const std::string order = numbers                 ? "the farthest off first"
                            : outcome == "partners" ? "the worst first"
                                                    : "the surest first";
  const std::string answer = fmt::format(
      "{} {} of {} {}, {}. {}", count(facts.at("mistakes_shown")), numbers ? "deviations" : "mistakes",
      count(facts.at("mistakes_in_all")), numbers ? "rows" : "in all", order,
      numbers ? "" : "Where it is sure and wrong, look at the label first: it may be the one that is wrong.");
  return section("mistakes", "Where is it wrong?", answer, list);
}

}  // namespace bertune::report::html
