// Suspicious labels as JSON, and as a file to correct by hand.
#include <fmt/format.h>

#include "insight/results/label_noise.h"
#include "tasks/prediction.h"

namespace bertune::insight {
namespace {

OrderedJson label_json(const SuspiciousLabel& one) {
  OrderedJson json = {{"where", one.where}, {"row", one.row}};
  if (one.word) json["word"] = *one.word, json["word_text"] = one.word_text;
  json["text"] = one.text;
  if (!one.text_pair.empty()) json["text_pair"] = one.text_pair;
  json["given"] = one.given, json["suggested"] = one.suggested;
  json["score"] = one.score, json["margin"] = one.margin;
  if (one.suggested_score) json["suggested_score"] = *one.suggested_score;
  json["issue"] = one.is_issue;
  if (one.has_twin) json["twin"] = true;
  json["hash"] = one.hash;
  return json;
}

}  // namespace

OrderedJson to_json(const LabelNoise& noise) {
  OrderedJson json = {{"task", noise.task},
                      {"set", noise.set},
                      {"unit", noise.unit},
                      {"items", noise.items},
                      {"issues", noise.issues}};
  if (noise.error_rate) json["error_rate"] = *noise.error_rate, json["interval"] = {*noise.low, *noise.high};
  OrderedJson labels = OrderedJson::array(), confused = OrderedJson::array(), ranked = OrderedJson::array();
  for (const LabelErrors& one : noise.labels)
    labels.push_back({{"label", one.label}, {"items", one.items}, {"wrong", one.wrong}});
  for (const ConfusedLabels& one : noise.confused)
    confused.push_back({{"given", one.given}, {"suggested", one.suggested}, {"items", one.items}});
  for (const SuspiciousLabel& one : noise.ranked) ranked.push_back(label_json(one));
  if (!labels.empty()) json["labels"] = std::move(labels), json["confused"] = std::move(confused);
  json["ranked"] = std::move(ranked);
  return json;
}

std::string corrections_csv(const LabelNoise& noise) {
  using tasks::csv_field;
  const bool words = noise.unit == "word";
  bool pairs = false;
  for (const SuspiciousLabel& one : noise.ranked) pairs = pairs || !one.text_pair.empty();
  std::string csv = fmt::format("where,{}given,suggested,correct,score,margin,issue,twin,{}text{},hash\n",
                                words ? "word," : "", words ? "word_text," : "", pairs ? ",text_pair" : "");
  for (const SuspiciousLabel& one : noise.ranked) {
    csv += csv_field(one.where) + ",";
    if (words) csv += fmt::format("{},", *one.word);
    csv += fmt::format("{},{},,{:.6f},{:.6f},{},{},", csv_field(one.given), csv_field(one.suggested),
                       one.score, one.margin, one.is_issue ? "yes" : "no", one.has_twin ? "yes" : "no");
    if (words) csv += csv_field(one.word_text) + ",";
    csv += csv_field(one.text);
    if (pairs) csv += "," + csv_field(one.text_pair);
    // A letter before it: a spreadsheet would take digits for a number.
    csv += fmt::format(",h{}\n", one.hash);
  }
  return csv;
}

}  // namespace bertune::insight
