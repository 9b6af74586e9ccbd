#include "report/html/page.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "bertune/error.h"
#include "bertune/insight.h"
#include "core/file.h"
#include "core/model_files.h"
#include "insight/results/mistake_words.h"
#include "insight/results/run_facts.h"
#include "report/html/elements.h"
#include "report/html/sections.h"
#include "report/html/template.h"

namespace bertune::report::html {
namespace {

// The template with its places filled; what is filled in is not looked at again.
std::string filled(std::string_view frame,
                   std::initializer_list<std::pair<std::string_view, std::string>> values) {
  std::string html;
  while (!frame.empty()) {
    const std::size_t begin = std::min(frame.find("{{"), frame.size()), end = frame.find("}}", begin);
    html += frame.substr(0, begin);
    if (end == frame.npos) return html += frame.substr(begin);
    for (const auto& [key, value] : values)
      if (key == frame.substr(begin + 2, end - begin - 2)) html += value;
    frame.remove_prefix(end + 2);
  }
  return html;
}

using Part = std::string (*)(const OrderedJson&);

struct Section {
  const char* id;
  const char* title;
  Part part;
};

constexpr std::array<Section, 16> kSections = {{{"plan", "Plan", plan_section},
                                                {"training", "Training", training_section},
                                                {"seeds", "Seeds", seeds_section},
                                                {"tuning", "Settings", tuning_section},
                                                {"labels", "Labels", labels_section},
                                                {"confusion", "Mix-ups", confusion_section},
                                                {"numbers", "Deviations", numbers_section},
                                                {"scores", "Scores", calibration_section},
                                                {"unsure", "If it may pass", abstention_section},
                                                {"mistakes", "Mistakes", mistakes_section},
                                                {"suspicious", "Labels to read again", suspicious_section},
                                                {"more", "More rows", learning_curve_section},
                                                {"next", "What to label", suggestions_section},
                                                {"length", "Length", lengths_section},
                                                {"data", "Data", data_section},
                                                {"repeat", "Repeat it", repeat_section}}};

}  // namespace

std::string framed(std::string_view title, const std::string& content) {
  return filled(page_template(), {{"title", escaped(title)}, {"content", content}});
}

std::string page(const OrderedJson& facts, const std::string& facts_file) {
  std::string sections, contents;
  for (const Section& one : kSections) {
    const std::string html = one.part(facts);
    if (html.empty()) continue;
    sections += html;
    contents += fmt::format("<li><a href=\"#{}\">{}</a></li>", one.id, one.title);
  }
  const std::string content = fmt::format(
      "<header class=\"top\"><span><b>Bertune</b> report</span><span>{}, {}</span></header>\n<main>\n{}"
      "<nav class=\"toc\" aria-label=\"Parts of this report\"><ol>{}</ol></nav>\n{}</main>\n"
      "<footer>Written by bertune {}. The page asks for nothing from anywhere; {} beside it holds "
      "its numbers.</footer>",
      name(facts.value("name", "")), escaped(facts.value("task", "")), headline(facts), contents, sections,
      escaped(facts.value("version", "")), name(facts_file));
  return framed(title_of(facts), content);
}

OrderedJson facts_with_words(const std::filesystem::path& run) {
  OrderedJson facts = insight::run_facts(run);
  insight::add_decisive_words(run, facts);
  return facts;
}

OrderedJson write_report(const std::filesystem::path& run, const std::filesystem::path& html,
                         const FindWords& find_words) {
  const std::filesystem::path json = std::filesystem::path(html).replace_extension(".json");
  if (json == html || (html.filename() != kReportFile && decides_predictions(json)))
    throw UsageError("output",
                     fmt::format("`output={}`: is no name of a page; its numbers are written beside "
                                 "it, as {}",
                                 html.string(), json.filename().string()));
  OrderedJson facts = insight::run_facts(run);
  if (find_words) find_words(facts);
  insight::add_decisive_words(run, facts);
  const std::string text = page(facts, json.filename().string());
  write_file_atomically(json, facts.dump(1, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
  write_file_atomically(html, text);
  return facts;
}

}  // namespace bertune::report::html

namespace bertune {

void write_report(const std::filesystem::path& run) {
  report::html::write_report(run, run / report::html::kReportFile);
}

}  // namespace bertune
