// The section of the rows that the model gets wrong.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "core/utf8.h"
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

// The byte at which a code point of the text begins.
std::size_t byte_of(std::string_view text, std::int64_t code_point) {
  std::size_t at = 0;
  for (; at < text.size(); ++at)
    if (!continues_character(text[at]) && code_point-- == 0) break;
  return at;
}

double most_of(const OrderedJson& words) {
  double most = 0;
  for (const OrderedJson& word : words)
    most = std::max(most, std::abs(word.at("contribution").get<double>()));
  return most;
}

// The words of one of the texts that decided: strong ones cost 15 points of probability, or most of a number.
std::vector<Mark> marks_of(std::string_view text, const OrderedJson& decided, int part) {
  constexpr int kWeak = 2, kStrong = 5;
  constexpr double kStrongPoints = 0.15, kStrongShare = 0.75;
  const OrderedJson& words = decided.at("words");
  const double strong = decided.at("points").get<bool>() ? kStrongPoints : kStrongShare * most_of(words);
  std::vector<Mark> marks;
  for (const OrderedJson& word : words) {
    if (word.value("part", 0) != part) continue;
    const double contribution = word.at("contribution");
    marks.push_back({byte_of(text, word.at("start")), byte_of(text, word.at("end")), contribution,
                     std::abs(contribution) < strong ? kWeak : kStrong});
  }
  return marks;
}

// "parcel +83, it +11 points", or that no word decides.
std::string strongest_words(const std::vector<std::string>& texts, const OrderedJson& decided) {
  constexpr std::size_t kShown = 5;
  std::vector<std::pair<double, std::string>> words;
  for (std::size_t part = 0; part < texts.size(); ++part) {
    for (const Mark& mark : marks_of(texts[part], decided, static_cast<int>(part)))
      words.emplace_back(mark.contribution, texts[part].substr(mark.begin, mark.end - mark.begin));
  }
  if (words.empty()) return "no single word decides";
  std::ranges::stable_sort(words, std::greater<>(), [](const auto& word) { return std::abs(word.first); });
  words.resize(std::min(words.size(), kShown));
  const bool points = decided.at("points").get<bool>();
  std::string list;
  for (const auto& [contribution, word] : words) {
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", name(word),
                        number(contribution, points ? fmt::format("{:+.0f}", 100 * contribution)
                                                    : fmt::format("{:+.3g}", contribution)));
  }
  return list + (points ? " points" : "");
}

// The texts of a mistake, with the words marked that decided; of several labels, those of the first.
std::string texts_of(const OrderedJson& one) {
  std::vector<std::string> texts{one.value("text", "")};
  if (one.contains("text_pair")) texts.push_back(one.at("text_pair"));
  const OrderedJson decided = one.value("decided", OrderedJson::array());
  std::string html;
  for (std::size_t part = 0; part < texts.size(); ++part) {
    html += decided.empty()
                ? quote(texts[part])
                : marked_quote(texts[part], marks_of(texts[part], decided[0], static_cast<int>(part)));
  }
  for (const OrderedJson& target : decided) {
    html += fmt::format("<p class=\"note\">for {}: {}</p>", name(target.at("target").get<std::string>()),
                        strongest_words(texts, target));
  }
  return html;
}

// Says what the marks of the texts mean, or why there are none.
std::string note_on_words(const OrderedJson& facts) {
  if (!facts.contains("explanations")) return "";
  const OrderedJson& all = facts.at("explanations");
  std::string text;
  if (const std::int64_t explained = all.at("explained"); explained > 0) {
    text = fmt::format(
        "Marked words speak for what was said, dotted ones against it. A number is what the score loses "
        "without the "
        "word. Texts of up to {} words are explained, here {}.",
        all.at("most_words").get<std::int64_t>(), explained);
  }
  if (const std::string why_not = all.value("why_not", ""); !why_not.empty())
    text += fmt::format("{}{}: {}.", text.empty() ? "" : " ", "Words are not marked everywhere",
                        escaped(why_not));
  return text.empty() ? "" : "<p class=\"note\">" + text + "</p>";
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
  return fmt::format("<li><div class=\"h\">{}<small>{}</small></div>{}</li>\n", head, side, texts_of(one));
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
  std::string list = note_on_words(facts) + "<ol class=\"errors\">\n", more;
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
