// The page of a report, made of tables with known rows; tests/report/page looks at it in a browser.
#include "report/html/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <set>
#include <string>

#include "core/random.h"
#include "core/stopwatch.h"
#include "insight/results/result_facts.h"
#include "insight/results/suspicious_facts.h"
#include "insight/table_maker.h"
#include "support/temporary_directory.h"

namespace bertune::report::html {
namespace {

using testing::form_of_classes;
using ::testing::HasSubstr;
using testing::MadeRow;
using ::testing::Not;
using testing::table_of;

constexpr const char* kAttack =
    "</pre><script>alert(1)</script><img src=x onerror=alert(1)> \u202Etxet {{title}} \x07 \"'&";

std::vector<MadeRow> made_rows(std::size_t rows, std::size_t classes, std::uint64_t seed = 1) {
  Random random(seed, 2);
  std::vector<MadeRow> made;
  for (std::size_t i = 0; i < rows; ++i) {
    MadeRow& row = made.emplace_back();
    const std::size_t label = random.below(classes);
    for (std::size_t c = 0; c < classes; ++c)
      row.logits.push_back(static_cast<float>(random.normal() + (c == label ? 2 : 0)));
    row.truth = {static_cast<float>(label)};
    row.text = std::to_string(i) + std::string(i % 50, 'w');
  }
  return made;
}

OrderedJson facts_of(const insight::PredictionTable& table) {
  OrderedJson facts = {{"name", "my-model"},
                       {"task", table.task},
                       {"outcome", tasks::kOutcomes.of(table.form.outcome)},
                       {"unit", table.form.unit},
                       {"version", "0.1.0"}};
  add_result_facts(table, table.sets[0], 1, facts);
  add_suspicious(table, 1, facts);
  return facts;
}

void collect(const OrderedJson& json, std::set<std::string>& numbers) {
  if (json.is_number()) numbers.insert(Json(json.get<double>()).dump()), numbers.insert(json.dump());
  if (json.is_structured())
    for (const OrderedJson& one : json) collect(one, numbers);
}

// Each number of the page is one of the facts, and is shown as what it is.
void expect_numbers(const std::string& html, const OrderedJson& facts) {
  std::set<std::string> known;
  collect(facts, known);
  const std::regex element("<data value=\"([^\"]*)\">([^<]*)</data>");
  int found = 0;
  for (std::sregex_iterator at(html.begin(), html.end(), element), end; at != end; ++at, ++found) {
    EXPECT_TRUE(known.contains((*at)[1])) << at->str();
    const double value = std::stod((*at)[1]);
    std::string shown = (*at)[2];
    std::erase(shown, ',');
    if (shown.find_first_not_of("-0123456789.") != shown.npos && shown.find('%') == shown.npos)
      continue;  // "3.2 s"
    const double as_shown = std::stod(shown);
    const bool is_share = std::abs(100 * value - as_shown) <= 0.0501 ||
                          std::abs(value - as_shown) <= 0.0051 * std::max(1.0, std::abs(value));
    EXPECT_TRUE(is_share) << at->str();
  }
  EXPECT_GT(found, 10);
}

TEST(ReportPage, NumbersAreThoseOfTheFacts) {
  insight::PredictionTable table = table_of(form_of_classes({"a", "b", "c"}), made_rows(200, 3));
  testing::add_made_set(table, table.form, "validation", made_rows(150, 3, 9));
  OrderedJson facts = facts_of(table);
  facts["run"] = {
      {"epochs", 3.0}, {"seconds", 12.5}, {"steps", 75}, {"train_rows", 800}, {"peak_mib", 311.25}};
  facts["plan"] = {{"steps", 75}, {"seconds", 11.0}, {"peak_mib", 300.0}};
  facts["curves"] = {{"metric", "accuracy"},
                     {"loss", {{0.5, 1.1}, {3.0, 0.4}}},
                     {"evaluations", {{1.0, 0.6, 0.9}, {3.0, 0.8, 0.5}}}};
  facts["seeds"] = {
      {"count", 2},
      {"best", 43},
      {"chosen_by", "eval_accuracy"},
      {"metrics",
       {{{"name", "test_accuracy"}, {"mean", 0.6}, {"std", 0.1}, {"min", 0.5}, {"max", 0.7}},
        {{"name", "eval_accuracy"}, {"mean", 0.65}, {"std", 0.07}, {"min", 0.6}, {"max", 0.7}}}},
      {"runs",
       {{{"seed", 42}, {"test_accuracy", 0.7}, {"eval_accuracy", 0.6}},
        {{"seed", 43}, {"test_accuracy", 0.5}, {"eval_accuracy", 0.7}}}}};
  facts["tuning"] = {{"metric", "accuracy"},
                     {"greater_is_better", true},
                     {"winner", 1},
                     {"why", "trial 1 replaces the default settings"},
                     {"seconds", 300},
                     {"trials",
                      {{{"number", 0},
                        {"settings", {{"learning_rate", "5e-05"}}},
                        {"steps", 90},
                        {"total_steps", 90},
                        {"score", 0.5},
                        {"outcome", "finished"}},
                       {{"number", 1},
                        {"settings", {{"learning_rate", "8e-05"}}},
                        {"steps", 90},
                        {"total_steps", 90},
                        {"score", 0.75},
                        {"outcome", "finished"},
                        {"difference", 0.25},
                        {"standard_error", 0.125}}}}};
  facts["learning_curve"] = {{"metric", "accuracy"},
                             {"trained", false},
                             {"measured_rows", 240},
                             {"points",
                              {{{"rows", 100}, {"score", 0.5}, {"low", 0.45}, {"high", 0.55}},
                               {{"rows", 200}, {"score", 0.625}, {"low", 0.575}, {"high", 0.65}}}},
                             {"fit", {{"a", 2.0}, {"b", 0.25}, {"c", 0.01}}},
                             {"twice",
                              {{"rows", 400},
                               {"score", 0.75},
                               {"gain", 0.125},
                               {"low", 0.0625},
                               {"high", 0.1875},
                               {"holds", true}}}};
  facts["suggestions"] = {
      {"file", "new.csv"},
      {"by_margin", true},
      {"rows_read", 1234},
      {"suggested", 200},
      {"shown", 1},
      {"rows", {{{"where", "new.csv:7"}, {"text", "unsure"}, {"predicted", {"a"}}, {"score", 0.375}}}}};
  facts["baselines"] = {{{"name", "counting words"}, {"value", 0.5}, {"interval", {0.4, 0.6}}}};
  const std::string html = page(facts);
  expect_numbers(html, facts);
  for (const char* id : {"plan", "training", "seeds", "tuning", "labels", "confusion", "scores", "unsure",
                         "mistakes", "suspicious", "more", "next", "length", "repeat"})
    EXPECT_THAT(html, HasSubstr(std::string("<section id=\"") + id + "\""));
  EXPECT_THAT(html, HasSubstr("counting words"));
  EXPECT_THAT(html, HasSubstr("from twice the rows"));
  facts["learning_curve"]["twice"]["holds"] = false;
  EXPECT_THAT(page(facts), HasSubstr("That cannot be said"));
  facts["suggestions"]["by_margin"] = false;
  facts["suggestions"]["rows"] = {{{"where", "new.csv:7"}, {"text", "typical"}}};
  EXPECT_THAT(page(facts), HasSubstr("was not trained on labels"));
  EXPECT_THAT(html, HasSubstr("Limits are chosen on validation rows, and judged on test rows"));
}

TEST(ReportPage, TextsOfDataAreShownAndNeverRun) {
  std::vector<MadeRow> rows = made_rows(40, 2);
  for (MadeRow& row : rows) row.text = kAttack + row.text + "\xFF";
  OrderedJson facts = facts_of(table_of(form_of_classes({kAttack, "b"}), rows));
  facts["name"] = kAttack, facts["command"] = kAttack, facts["settings"] = kAttack,
  facts["version"] = kAttack;
  facts["suggestions"] = {{"file", kAttack},
                          {"by_margin", true},
                          {"rows_read", 9},
                          {"suggested", 1},
                          {"shown", 1},
                          {"rows",
                           {{{"where", kAttack},
                             {"text", kAttack},
                             {"text_pair", kAttack},
                             {"predicted", {kAttack}},
                             {"score", 0.5}}}}};
  facts["baselines"] = {{{"name", kAttack}, {"value", 0.5}}};
  const std::string html = page(facts);
  for (const char* markup : {"<script", "<img", "onerror=alert(1)>", "\u202E", "\x07", "\xFF"})
    EXPECT_THAT(html, Not(HasSubstr(markup))) << markup;
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(html, HasSubstr("<mark>U+202E</mark>"));
  EXPECT_THAT(html, HasSubstr("{{title}}"));  // of the text, which is no place to fill
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  for (const char* needs : {"<link", "http://", "https://", "@import", "url(", " style=\""})
    EXPECT_THAT(html, Not(HasSubstr(needs))) << needs;
}

TEST(ReportPage, IsSmallAndQuickForManyRows) {
  const testing::TemporaryDirectory folder;
  std::vector<MadeRow> rows = made_rows(10'000, 20);
  for (MadeRow& row : rows) row.text += std::string(900, 'x');
  std::vector<std::string> labels;
  for (int i = 0; i < 20; ++i) labels.push_back("label " + std::to_string(i));
  write_predictions(folder.path(), table_of(form_of_classes(labels), rows));
  const Stopwatch watch;
  const OrderedJson facts = write_report(folder.path(), folder.path() / kReportFile);
  EXPECT_LT(watch.seconds(), 10);  // below 1 s on a machine that does nothing else
  const std::string html = folder.read(kReportFile);
  EXPECT_LT(html.size(), 500'000U);
  EXPECT_EQ(facts.at("mistakes").size(), 50U);
  EXPECT_EQ(Json::parse(folder.read(kFactsFile)), Json(facts));
  expect_numbers(html, facts);
}

TEST(ReportPage, MarksTheWordsThatDecided) {
  std::vector<MadeRow> rows = made_rows(60, 2);
  OrderedJson facts = facts_of(table_of(form_of_classes({"no", "yes"}), rows));
  OrderedJson& worst = facts.at("mistakes")[0];
  worst["text"] = "zo\u00e9 <b>dull</b> film";
  worst["decided"] = {{{"target", "<yes>"},
                       {"value", 0.9},
                       {"points", true},
                       {"words",
                        {{{"start", 0}, {"end", 3}, {"contribution", 0.5}},
                         {{"start", 7}, {"end", 11}, {"contribution", -0.07}},
                         {{"start", 90}, {"end", 99}, {"contribution", 0.2}}}}}};
  facts.at("mistakes")[1]["decided"] = {
      {{"target", "no"}, {"value", 0.9}, {"points", true}, {"words", OrderedJson::array()}}};
  facts["explanations"] = {{"explained", 2}, {"most_words", 100}, {"why_not", "of <i>time</i>"}};
  const std::string html = page(facts);
  EXPECT_THAT(html, HasSubstr("<span class=\"p p5\" title=\"+0.5\">zo\u00e9</span> &lt;b&gt;"
                              "<span class=\"n n2\" title=\"-0.07\">dull</span>&lt;/b&gt; film"));
  EXPECT_THAT(html, HasSubstr("&lt;yes&gt;"));
  EXPECT_THAT(html, HasSubstr(">+50</data>"));
  EXPECT_THAT(html, HasSubstr("no single word decides"));
  EXPECT_THAT(html, HasSubstr("of &lt;i&gt;time&lt;/i&gt;"));
  expect_numbers(html, facts);
}

TEST(ReportPage, LeavesOutWhatHasNoMeaning) {
  const auto html_of = [](const tasks::RecordForm& form, const std::vector<MadeRow>& rows) {
    const OrderedJson facts = facts_of(table_of(form, rows));
    std::string html = page(facts);
    expect_numbers(html, facts);
    return html;
  };
  std::vector<MadeRow> numbers, tags, several;
  for (int i = 0; i < 40; ++i) {
    const auto value = static_cast<float>(i);
    numbers.push_back({{value + (i % 3 == 0 ? 1.0F : -0.5F)}, {value}});
    tags.push_back({{5, 0, 0, 0, 0, 5}, {0, i % 4 == 0 ? 0.0F : 2.0F}, "Paris was"});
    several.push_back({{1, i % 5 == 0 ? 1.0F : -1.0F}, {1, 0}});
  }
  std::string html = html_of({.outcome = tasks::Outcome::numbers, .labels = {}}, numbers);
  EXPECT_THAT(html, HasSubstr("is off by"));
  for (const char* id : {"labels", "confusion", "scores", "unsure"})
    EXPECT_THAT(html, Not(HasSubstr(std::string("<section id=\"") + id + "\""))) << id;
  tasks::RecordForm form = form_of_classes({"B-X", "I-X", "O"});
  form.outcome = tasks::Outcome::tags, form.scheme = "IOB2", form.unit = "sentence";
  html = html_of(form, tags);
  EXPECT_THAT(html, HasSubstr("entities"));
  EXPECT_THAT(html, HasSubstr("40</data> sentences"));
  EXPECT_THAT(html, Not(HasSubstr("id=\"unsure\"")));
  form = form_of_classes({"x", "y"});
  form.outcome = tasks::Outcome::labels;
  EXPECT_THAT(html_of(form, several), HasSubstr("labels, and"));
  EXPECT_THAT(html_of({.outcome = tasks::Outcome::choices, .labels = {}, .width = 2, .unit = "question"},
                      made_rows(40, 2)),
              HasSubstr("chooses the right answer"));
  EXPECT_THAT(html_of({.outcome = tasks::Outcome::cosines, .labels = {}}, numbers), HasSubstr("correlation"));
}

}  // namespace
}  // namespace bertune::report::html
