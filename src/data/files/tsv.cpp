// Tab-separated values as GLUE's files have them: a quote is text, and nothing is escaped. Plain text is the
// same with at most one cut a line.
#include <utility>

#include "data/files/records.h"

namespace bertune::data {
namespace {

class TsvParser final : public RecordParser {
 public:
  TsvParser(std::string path, const Dialect& dialect) : RecordParser(std::move(path)), dialect_(dialect) {}

  std::unique_ptr<RecordParser> clone() const override { return std::make_unique<TsvParser>(*this); }

  Parse next(std::string_view& input, bool final, Record& record) override {
    skip_preamble(dialect_, input);
    skip_blank_lines(input);
    if (input.empty()) return final ? Parse::end : Parse::incomplete;
    std::string_view line;
    if (!take_line(input, final, line)) return Parse::incomplete;
    record.line = line_++;
    record.cells.clear();
    for (;;) {
      const std::size_t size = line.find(dialect_.delimiter);
      record.cells.push_back({line.substr(0, size), CellKind::text, true});
      if (size == std::string_view::npos) break;
      line.remove_prefix(size + 1);
    }
    drop_surplus(dialect_, record);
    return Parse::record;
  }

  void skip(std::string_view& input, std::size_t left) override {
    skip_preamble(dialect_, input);
    RecordParser::skip(input, left);
  }

 private:
  Dialect dialect_;
};

class TextParser final : public RecordParser {
 public:
  TextParser(std::string path, char delimiter) : RecordParser(std::move(path)), delimiter_(delimiter) {}

  std::unique_ptr<RecordParser> clone() const override { return std::make_unique<TextParser>(*this); }

  Parse next(std::string_view& input, bool final, Record& record) override {
    // A blank line is an empty text here: the n-th prediction belongs to the n-th line.
    if (delimiter_ != '\0') skip_blank_lines(input);
    if (input.empty()) return final ? Parse::end : Parse::incomplete;
    std::string_view line;
    if (!take_line(input, final, line)) return Parse::incomplete;
    record.line = line_++;
    record.cells.clear();
    const std::size_t cut = delimiter_ == '\0' ? std::string_view::npos : line.find(delimiter_);
    record.cells.push_back({line.substr(0, cut), CellKind::text, true});
    if (cut != std::string_view::npos) record.cells.push_back({line.substr(cut + 1), CellKind::text, true});
    return Parse::record;
  }

 private:
  char delimiter_;
};

}  // namespace

std::unique_ptr<RecordParser> make_tsv_parser(std::string path, const Dialect& dialect) {
  return std::make_unique<TsvParser>(std::move(path), dialect);
}

std::unique_ptr<RecordParser> make_text_parser(std::string path, char delimiter) {
  return std::make_unique<TextParser>(std::move(path), delimiter);
}

}  // namespace bertune::data
