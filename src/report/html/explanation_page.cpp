#include "report/html/explanation_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/html/elements.h"
#include "report/html/page.h"

namespace bertune::report::html {
namespace {

// A word that contributes less than this share of the most is not marked; others have one of five shades.
constexpr double kLeastShare = 0.1;
constexpr int kShades = 5;

int shade_of(double contribution, double most) {
  return std::clamp(static_cast<int>(std::ceil(std::abs(contribution) / most * kShades)), 1, kShades);
}
bool is_marked(double contribution, double most) {
  return most > 0 && std::abs(contribution) / most >= kLeastShare;
}

std::string marked_text(std::string_view text, std::int64_t part, const Explanation& explanation,
                        const ExplainedTarget& target, double most) {
  std::vector<Mark> marks;
  for (std::size_t i = 0; i < explanation.words.size(); ++i) {
    const ExplainedWord& word = explanation.words[i];
    const double contribution = target.contributions[i];
    if (word.part != part || !word.place || !is_marked(contribution, most)) continue;
    marks.push_back({static_cast<std::size_t>(word.place->bytes.begin),
                     static_cast<std::size_t>(word.place->bytes.end), contribution,
                     shade_of(contribution, most)});
  }
  return marked_quote(text, marks);
}

std::string marked_words(const Explanation& explanation, const ExplainedTarget& target, double most) {
  std::string text;
  std::vector<Mark> marks;
  for (std::size_t i = 0; i < explanation.words.size(); ++i) {
    if (i > 0) text += ' ';
    const std::size_t begin = text.size();
    text += explanation.words[i].text;
    const double contribution = target.contributions[i];
    if (is_marked(contribution, most))
      marks.push_back({begin, text.size(), contribution, shade_of(contribution, most)});
  }
  return marked_quote(text, marks);
}

std::string item(const ShownExplanation& shown, const ExplainedTarget& target) {
  double most = 0;
  for (const double contribution : target.contributions) most = std::max(most, std::abs(contribution));
  std::string html = fmt::format("<li><div class=\"h\"><b>{}</b>", name(target.name));
  if (!target.text.empty()) html += fmt::format("<span>{}</span>", name(target.text));
  html += fmt::format("<small>{}</small></div>", number(target.value, fmt::format("{:.3f}", target.value)));
  const bool has_places =
      !shown.texts.empty() &&
      std::ranges::all_of(shown.explanation.words, [](const auto& word) { return word.place.has_value(); });
  if (!has_places) return html + marked_words(shown.explanation, target, most) + "</li>\n";
  for (std::size_t part = 0; part < shown.texts.size(); ++part)
    html += marked_text(shown.texts[part], static_cast<std::int64_t>(part), shown.explanation, target, most);
  return html + "</li>\n";
}

}  // namespace

std::string explanation_page(std::string_view model, std::span<const ShownExplanation> shown) {
  std::string list;
  for (const ShownExplanation& one : shown) {
    for (const ExplainedTarget& target : one.explanation.targets) list += item(one, target);
    if (one.explanation.targets.empty())
      list += "<li><div class=\"h\">Nothing is predicted here.</div></li>\n";
  }
  const std::string content = fmt::format(
      "<header class=\"top\"><span><b>Bertune</b> explanations</span><span>{}</span></header>\n<main>\n"
      "<h1>Which words the predictions come from</h1>\n"
      "<p class=\"gloss\">Marked words speak for the prediction, dotted ones against it; the stronger the "
      "mark, "
      "the more. A word's number is in its tooltip.</p>\n<ol class=\"errors\">\n{}</ol>\n</main>",
      name(model), list);
  return framed("Explanations", content);
}

}  // namespace bertune::report::html
