#include "studio/corrections.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/file.h"
#include "core/printable.h"
#include "core/writing.h"
#include "serve/http.h"
#include "studio/jobs.h"
#include "tasks/prediction.h"

namespace bertune::studio {
namespace {

using serve::Refusal;
using tasks::csv_field;

fs::path kept_in(const fs::path& project) { return project / "corrections.json"; }

std::string csv_of(const OrderedJson& corrections) {
  const bool has_words =
      std::ranges::any_of(corrections, [](const OrderedJson& row) { return row.contains("word"); });
  std::string csv = has_words ? "where,word,given,suggested,correct,text,hash\n"
                              : "where,given,suggested,correct,text,hash\n";
  for (const auto& [key, row] : corrections.items()) {
    csv += csv_field(row.at("where").get<std::string>());
    if (has_words) csv += "," + row.value("word", OrderedJson(0)).dump();
    for (const char* name : {"given", "suggested", "correct", "text"})
      csv += "," + csv_field(row.value(name, ""));
    // The letter keeps a spreadsheet from reading a number.
    csv += fmt::format(",h{}\n", row.value("hash", ""));
  }
  return csv;
}

std::string key_of(const OrderedJson& row) {
  std::string key = row.value("where", "");
  if (row.contains("word")) key += "#" + row.at("word").dump();
  return key;
}

}  // namespace

OrderedJson corrections_of(const fs::path& project) {
  const fs::path file = kept_in(project);
  if (!path_exists(file)) return OrderedJson::object();
  return parse_ordered_json(read_file(file, 256 << 20), file.string());
}

void correct(const fs::path& project, const Json& asked) {
  if (!asked.is_object()) throw Refusal{422, "Validation", "corrections must be an object"};
  const fs::path found = result_of(project, "noise");
  if (!path_exists(found)) throw Refusal{409, "Validation", "look for suspicious rows first"};
  const OrderedJson noise = parse_ordered_json(read_file(found, 256 << 20), found.string());
  OrderedJson kept = corrections_of(project);
  for (const auto& [key, label] : asked.items()) {
    if (!label.is_string()) throw Refusal{422, "Validation", "a correction must be a text"};
    const auto text = label.get<std::string>();
    if (text.empty()) {
      kept.erase(key);
      continue;
    }
    require_name(text, "the label", 1000);
    const auto row = std::ranges::find_if(
        noise.at("ranked"), [&, wanted = key](const OrderedJson& one) { return key_of(one) == wanted; });
    if (row == noise.at("ranked").end())
      throw Refusal{422, "Validation", fmt::format("{} is no suspicious row", printable(key))};
    OrderedJson correction = *row;
    correction["correct"] = text;
    kept[key] = std::move(correction);
  }
  if (kept.empty()) {
    for (const fs::path& file : {kept_in(project), project / kCorrections}) writing::unlink(file);
    return;
  }
  write_file_atomically(kept_in(project), kept.dump(1, ' ', false, OrderedJson::error_handler_t::replace));
  write_file_atomically(project / kCorrections, csv_of(kept));
}

}  // namespace bertune::studio
