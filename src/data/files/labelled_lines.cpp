#include "data/files/labelled_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <utility>
#include <vector>

#include "core/json.h"

namespace bertune::data {
namespace {

constexpr std::string_view kFastText = "__label__", kIntent = "<=>";
constexpr std::size_t kLines = 2000;

std::string_view first_word(std::string_view line) { return line.substr(0, line.find_first_of(" \t")); }
std::string_view last_word(std::string_view line) {
  const std::size_t blank = line.find_last_of(" \t");
  return blank == std::string_view::npos ? line : line.substr(blank + 1);
}

bool is_fasttext(std::string_view line) {
  return line.starts_with(kFastText) || last_word(line).starts_with(kFastText);
}
bool is_word_slots(std::string_view line) {
  const std::size_t end = line.find(kIntent);
  return end != std::string_view::npos && first_word(line).find(':') != std::string_view::npos &&
         !trim_blanks(line.substr(end + kIntent.size())).empty();
}
bool is_atis(std::string_view line) {
  return line.starts_with("BOS ") && line.find(" EOS\t") != std::string_view::npos;
}

class LayoutGuess {
 public:
  explicit LayoutGuess(std::string_view text) {
    std::string_view line;
    while (lines_.size() < kLines && !text.empty() && take_line(text, true, line)) {
      line = trim_blanks(line);
      if (!line.empty()) lines_.push_back(line);
    }
  }

  LineLayout layout(char delimiter, bool labelled) const {
    using Form = LineLayout::Form;
    if (lines_.empty()) return {};
    if (nearly_all(is_fasttext)) {
      const bool several = std::ranges::any_of(lines_, [](std::string_view line) {
        const std::size_t first = line.find(kFastText);
        return line.find(kFastText, first + 1) != std::string_view::npos;
      });
      return {Form::fasttext, ' ', several, "lines hold labels as fastText has them, `__label__x`"};
    }
    if (nearly_all(is_word_slots))
      return {Form::word_slots, ' ', false, "lines are words with slots, and an intent behind \"<=>\""};
    if (nearly_all(is_atis))
      return {Form::atis, '\t', false, "lines are words between BOS and EOS, slots, and an intent"};
    if (delimiter != '\0') return with_delimiter(delimiter);
    if (all_have('\t')) return {Form::fields, '\t', false, "all lines have as many tabs: a table"};
    return labelled ? with_labels() : LineLayout();
  }

 private:
  template <typename Fits>
  bool nearly_all(const Fits& fits) const {
    const auto count = static_cast<std::size_t>(std::ranges::count_if(lines_, fits));
    return count * 20 >= lines_.size() * 19;
  }

  // Returns whether the lines are cut into as many fields each by the delimiter.
  bool all_have(char delimiter, std::ptrdiff_t at_least = 1) const {
    const auto times = std::ranges::count(lines_[0], delimiter);
    return lines_.size() > 1 && times >= at_least &&
           nearly_all([&](std::string_view line) { return std::ranges::count(line, delimiter) == times; });
  }

  // One delimiter a line, or in some lines, was always cut at the first; several in each are a table.
  LineLayout with_delimiter(char delimiter) const {
    if (delimiter != ' ' && all_have(delimiter, 2))
      return {LineLayout::Form::fields, delimiter, false, "all lines have as many delimiters: a table"};
    return {};
  }

  // Returns whether the values that `part` gives for the lines are few and come again and again.
  template <typename Part>
  bool repeats(const Part& part) const {
    std::map<std::string_view, std::size_t> counts;
    for (const std::string_view line : lines_) {
      const std::string_view label = trim_blanks(part(line));
      if (label.empty() || label.size() > 40 || label.size() == line.size()) return false;
      ++counts[label];
    }
    const auto single = std::ranges::count_if(counts, [](const auto& entry) { return entry.second == 1; });
    return counts.size() >= 2 && counts.size() * 4 <= lines_.size() &&
           static_cast<std::size_t>(single) * 10 <= counts.size() * 4;
  }

  static bool looks_like_a_label(std::string_view word) {
    const bool number = word.find_first_not_of("+-0123456789.") == std::string_view::npos;
    const bool code = word.find(':') != std::string_view::npos || word.find('_') != std::string_view::npos;
    const bool capitals =
        word.size() > 2 && std::ranges::none_of(word, [](unsigned char c) { return std::islower(c); });
    return number || code || capitals;
  }

  LineLayout with_labels() const {
    constexpr std::array kDelimiters = {'\t', '|', ';', '@', ','};
    for (const char delimiter : kDelimiters) {
      const std::string name = delimiter == '\t' ? "a tab" : fmt::format("'{}'", delimiter);
      if (repeats([&](std::string_view line) {
            const std::size_t cut = line.rfind(delimiter);
            return cut == std::string_view::npos ? "" : line.substr(cut + 1);
          }))
        return {LineLayout::Form::cut_last, delimiter, false,
                fmt::format("what stands behind the last {} of a line repeats: the label", name)};
      if (repeats([&](std::string_view line) { return line.substr(0, line.find(delimiter)); }))
        return {LineLayout::Form::cut_first, delimiter, false,
                fmt::format("what stands before the first {} of a line repeats: the label", name)};
    }
    if (repeats(first_word) &&
        nearly_all([](std::string_view line) { return looks_like_a_label(first_word(line)); }))
      return {LineLayout::Form::cut_first, ' ', false, "the first word of a line repeats: the label"};
    return {};
  }

  std::vector<std::string_view> lines_;
};

class LabelledLineParser final : public RecordParser {
 public:
  LabelledLineParser(std::string path, const LineLayout& layout)
      : RecordParser(std::move(path)), layout_(layout) {}

  std::unique_ptr<RecordParser> clone() const override { return std::make_unique<LabelledLineParser>(*this); }

  Parse next(std::string_view& input, bool final, Record& record) override {
    skip_blank_lines(input);
    if (input.empty()) return final ? Parse::end : Parse::incomplete;
    std::string_view line;
    if (!take_line(input, final, line)) return Parse::incomplete;
    record.line = line_++;
    record.cells.clear();
    line = trim_blanks(line);
    using Form = LineLayout::Form;
    if (layout_.form == Form::fasttext) take_fasttext(line, record);
    if (layout_.form == Form::word_slots) take_word_slots(line, record);
    if (layout_.form == Form::atis) take_atis(line, record);
    if (layout_.form == Form::cut_first) cut(line, line.find(layout_.delimiter), record);
    if (layout_.form == Form::cut_last) cut(line, line.rfind(layout_.delimiter), record);
    return Parse::record;
  }

 private:
  static Cell in_input(std::string_view text) { return {trim_blanks(text), CellKind::text, true}; }

  // A line without the delimiter is one cell, and so too narrow.
  static void cut(std::string_view line, std::size_t place, Record& record) {
    record.cells.push_back(in_input(line.substr(0, place)));
    if (place != std::string_view::npos) record.cells.push_back(in_input(line.substr(place + 1)));
  }

  void take_fasttext(std::string_view line, Record& record) {
    std::vector<std::string_view> labels;
    while (line.starts_with(kFastText)) {
      const std::string_view word = first_word(line);
      labels.push_back(word.substr(kFastText.size()));
      line = trim_blanks(line.substr(word.size()));
    }
    while (last_word(line).starts_with(kFastText)) {
      const std::string_view word = last_word(line);
      labels.push_back(word.substr(kFastText.size()));
      line = trim_blanks(line.substr(0, line.size() - word.size()));
    }
    if (layout_.several) {
      made_ = Json(labels).dump(-1, ' ', false, Json::error_handler_t::replace);
      record.cells.push_back({made_, CellKind::list, false});
    } else {
      record.cells.push_back(in_input(labels.empty() ? line.substr(0, 0) : labels[0]));
    }
    record.cells.push_back(in_input(line));
  }

  void take_word_slots(std::string_view line, Record& record) {
    const std::size_t end = line.find(kIntent);
    made_.clear();
    for (std::string_view rest = trim_blanks(line.substr(0, end)); !rest.empty();) {
      const std::string_view word = first_word(rest);
      made_ += (made_.empty() ? "" : " ") + std::string(word.substr(0, word.rfind(':')));
      rest = trim_blanks(rest.substr(word.size()));
    }
    record.cells.push_back(in_input(end == std::string_view::npos ? "" : line.substr(end + kIntent.size())));
    record.cells.push_back({made_, CellKind::text, false});
  }

  static void take_atis(std::string_view line, Record& record) {
    constexpr std::string_view kBegin = "BOS ", kEnd = " EOS\t";
    const std::size_t end = line.find(kEnd);
    record.cells.push_back(in_input(end == std::string_view::npos ? "" : last_word(line)));
    line = line.substr(0, end);
    record.cells.push_back(in_input(line.starts_with(kBegin) ? line.substr(kBegin.size()) : line));
  }

  LineLayout layout_;
  std::string made_;  // what a cell of the last record is a view into
};

}  // namespace

LineLayout guess_line_layout(std::string_view text, char delimiter, bool labelled) {
  return LayoutGuess(text).layout(delimiter, labelled);
}

std::unique_ptr<RecordParser> make_labelled_line_parser(std::string path, const LineLayout& layout) {
  return std::make_unique<LabelledLineParser>(std::move(path), layout);
}

}  // namespace bertune::data
