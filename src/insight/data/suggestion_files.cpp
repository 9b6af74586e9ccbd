#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>

#include "bertune/error.h"
#include "core/json.h"
#include "core/names.h"
#include "core/utf8.h"
#include "insight/data/suggestions.h"
#include "tasks/prediction.h"

namespace bertune::insight {
namespace {

constexpr Names kFormats(std::to_array<Named<SuggestionFormat>>({{SuggestionFormat::csv, "csv"},
                                                                 {SuggestionFormat::jsonl, "jsonl"},
                                                                 {SuggestionFormat::doccano, "doccano"},
                                                                 {SuggestionFormat::label_studio,
                                                                  "label-studio"}}));

std::string joined(const Suggestion& one) { return fmt::format("{}", fmt::join(one.predicted, "|")); }

std::string csv_of(const Suggestions& suggestions) {
  const bool has_pairs =
                 std::ranges::any_of(suggestions.rows, [](const auto&one) { return !one.text_pair.empty(); }),
             has_ids = std::ranges::any_of(suggestions.rows, [](const auto&one) { return !one.id.empty(); });
  std::string text = fmt::format("{}text{}{},where\n", has_ids ? "id," : "", has_pairs ? ",text_pair" : "",
                                 suggestions.by_margin ? ",predicted,score,margin" : "");
  for (const Suggestion& one : suggestions.rows) {
    if (has_ids) text += tasks::csv_field(tasks::valid_text(one.id)) + ",";
    text += tasks::csv_field(tasks::valid_text(one.text));
    if (has_pairs) text += "," + tasks::csv_field(tasks::valid_text(one.text_pair));
    if (suggestions.by_margin)
      text += fmt::format(",{},{:.4f},{:.4f}", tasks::csv_field(joined(one)), one.score.value_or(0),
                          one.margin.value_or(0));
    text += "," + tasks::csv_field(tasks::valid_text(one.where)) + "\n";
  }
  return text;
}

OrderedJson row_of(const Suggestion& one) {
  OrderedJson json = OrderedJson::object();
  if (!one.id.empty()) json["id"] = tasks::valid_text(one.id);
  json["text"] = tasks::valid_text(one.text);
  if (!one.text_pair.empty()) json["text_pair"] = tasks::valid_text(one.text_pair);
  if (one.margin) {
    json["predicted"] = one.predicted;
    json["score"] = *one.score, json["margin"] = *one.margin;
  }
  json["where"] = tasks::valid_text(one.where);
  return json;
}

// doccano shows "text" and takes "label" as what is to be checked; other keys are kept as meta data.
OrderedJson doccano_row(const Suggestion& one) {
  OrderedJson json = row_of(one);
  json.erase("predicted");
  json["label"] = one.predicted;
  return json;
}

OrderedJson label_studio_task(const Suggestion& one) {
  OrderedJson data = row_of(one);
  OrderedJson task = {{"data", data}};
  if (one.predicted.empty()) return task;
  OrderedJson result = {{"from_name", "label"},
                        {"to_name", "text"},
                        {"type", "choices"},
                        {"value", {{"choices", one.predicted}}}};
  task["predictions"] = OrderedJson::array({{{"model_version", "bertune"},
                                             {"score", one.score.value_or(0)},
                                             {"result", OrderedJson::array({result})}}});
  return task;
}

}  // namespace

SuggestionFormat suggestion_format_from_string(std::string_view name) {
  if (const auto format = kFormats.find(name)) return *format;
  throw UsageError("output_format",
                   fmt::format("`output_format` is \"{}\"; it must be {}", name, kFormats.choices("or")));
}

std::string text_of(const Suggestions& suggestions, SuggestionFormat format) {
  if (format == SuggestionFormat::csv) return csv_of(suggestions);
  std::string lines;
  OrderedJson tasks = OrderedJson::array();
  for (const Suggestion& one : suggestions.rows) {
    if (format == SuggestionFormat::label_studio) {
      tasks.push_back(label_studio_task(one));
    } else {
      lines += tasks::json_line(format == SuggestionFormat::doccano ? doccano_row(one) : row_of(one));
    }
  }
  return format == SuggestionFormat::label_studio ? tasks.dump(2) + "\n" : lines;
}

Json to_json(const Suggestions& suggestions, const std::string& file) {
  constexpr std::size_t kMostShown = 20, kMostBytes = 1000;  // rows; of a text
  Json rows = Json::array();
  for (Suggestion one : suggestions.rows) {
    if (rows.size() == kMostShown) break;
    one.text = beginning_of(one.text, kMostBytes), one.text_pair = beginning_of(one.text_pair, kMostBytes);
    rows.push_back(Json(row_of(one)));
  }
  return {{"file", tasks::valid_text(file)},
          {"by_margin", suggestions.by_margin},
          {"rows_read", suggestions.rows_read},
          {"suggested", suggestions.rows.size()},
          {"rows", std::move(rows)}};
}

}  // namespace bertune::insight
