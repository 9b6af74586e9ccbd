#include "studio/corrected_data.h"

#include <optional>
#include <string_view>
#include <utility>

#include "data/files/sniff.h"
#include "data/texts/columns.h"
#include "data/texts/table.h"
#include "serve/http.h"
#include "studio/data_options.h"
#include "tasks/prediction.h"

namespace bertune::studio {
namespace {

namespace fs = std::filesystem;

const serve::Refusal kNoTable = {
    422, "Validation",
    "the labels of this file are no column of a table: train with the corrections instead"};

}  // namespace

CorrectedData::CorrectedData(const fs::path& project, const std::string& file, const OrderedJson& settings,
                             const OrderedJson& corrections)
    : file_(file),
      corrections_(corrections),
      text_(project / file, settings.at("encoding").get<std::string>()) {
  const fs::path path = project / file;
  rest_ = text_.text();
  rest_.remove_prefix(data::byte_order_mark(rest_));
  const std::optional<data::Format> named = data::format_by_name(path);
  const data::Format format = named ? *named : data::guess_format(rest_.substr(0, 65536));
  if (format == data::Format::text) throw serve::Refusal(kNoTable);
  data::Table table(path.string(), read_options(settings, true));
  std::string_view rows = rest_;
  table.open(rows, true);
  const data::ColumnChoice& choice = table.columns();
  if (!choice.label || !choice.labels.empty()) throw serve::Refusal(kNoTable);
  label_ = static_cast<std::size_t>(choice.label.index);
  names_ = choice.all;
  std::vector<std::string> notes;
  parser_ = data::make_parser(path.string(), format, '\0', rest_, notes);
  if (!data::is_delimited(format)) {
    parser_->set_keys(names_);
    return;
  }
  data::Record header;
  if (table.has_header()) {
    parser_->next(rest_, true, header);
  } else {
    has_begun_ = true;  // numbers of columns would be read as one more row
  }
}

std::string CorrectedData::line_of(const data::Record& record, const std::string& label) const {
  std::string line;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const std::string cell = i < record.cells.size() ? data::cell_text(record.cells[i]) : std::string();
    line += (i > 0 ? "," : "") + tasks::csv_field(i == label_ && !label.empty() ? label : cell);
  }
  return line + "\n";
}

std::string CorrectedData::next() {
  constexpr std::size_t kPart = std::size_t{1} << 20;
  std::string part;
  if (!std::exchange(has_begun_, true))
    for (std::size_t i = 0; i < names_.size(); ++i)
      part += (i > 0 ? "," : "") + tasks::csv_field(names_[i]) + (i + 1 == names_.size() ? "\n" : "");
  data::Record record;
  while (part.size() < kPart && parser_->next(rest_, true, record) == data::Parse::record) {
    const auto found = corrections_.find(data::place_in(file_, record.line));
    const std::string label = found == corrections_.end() ? "" : found->value("correct", "");
    if (label != "drop") part += line_of(record, label);
  }
  return part;
}

}  // namespace bertune::studio
