#include "data/questions/question_answering_json.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "bertune/error.h"
#include "core/json.h"
#include "data/files/records.h"
#include "data/questions/question_answering_builder.h"

namespace bertune::data {
namespace {

constexpr int kDeepest = 32;

void check_depth(int depth, const std::string& where) {
  if (depth > kDeepest) throw Error(fmt::format("{}: JSON nested more than {} deep", where, kDeepest));
}

bool is_beginning(Json::parse_event_t event) {
  return event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
}

// Whether an object is a row, by its first key that tells; it is walked over no further.
class RowDetector final : public nlohmann::json_sax<Json> {
 public:
  bool is_row = false;

  bool key(std::string& name) override {
    if (depth_ != 1) return true;
    is_row = name == "question" || name == "context";
    return !is_row && name != "data";
  }
  bool start_object(std::size_t) override { return ++depth_ <= kDeepest; }
  bool start_array(std::size_t) override { return depth_++ > 0 && depth_ <= kDeepest; }
  bool end_object() override { return --depth_ > 0; }
  bool end_array() override { return --depth_ > 0; }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(std::int64_t) override { return true; }
  bool number_unsigned(std::uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(Json::binary_t&) override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  int depth_ = 0;
};

// Takes questions out of a document while it is being parsed, and drops what it has taken.
class DocumentReader {
 public:
  DocumentReader(const std::string& path, QuestionAnsweringBuilder& builder)
      : path_(path), builder_(builder) {}

  void read(std::string_view text) {
    const Json rest = parse_json(text, path_, [this](int depth, Json::parse_event_t event, Json& value) {
      return keep(depth, event, value);
    });
    if (!rest.is_array() && !rest.contains("data"))
      throw Error(fmt::format("{}: there is no \"data\", as SQuAD's files have it", path_));
    check_taken(rest.is_array() ? rest : rest["data"], rest.is_array() ? "the list" : "\"data\"", path_);
  }

 private:
  // Depth 0 is the document, 2 an article of "data", 4 a paragraph of it; in a list of rows 1 is a row.
  bool keep(int depth, Json::parse_event_t event, Json& value) {
    if (is_beginning(event)) {
      check_depth(depth, path_);
      const auto level = static_cast<std::size_t>(depth);
      if (level < is_list_.size()) is_list_[level] = event == Json::parse_event_t::array_start;
      if (depth == 2) has_paragraphs_ = false, paragraph_ = 0;
    } else if (event == Json::parse_event_t::key && !is_list_[0]) {
      const std::string& name = value.get_ref<const std::string&>();
      if (depth == 1) return name == "data";
      if (depth == 3) in_paragraphs_ = name == "paragraphs";
      if (depth == 3 && in_paragraphs_) has_paragraphs_ = true;
    } else if (event == Json::parse_event_t::object_end) {
      return !take(depth, value);
    }
    return true;
  }

  // Whether the object was a row, a paragraph or an article.
  bool take(int depth, const Json& value) {
    if (is_list_[0]) {
      if (depth != 1) return false;
      take_row(value, fmt::format("{}: [{}]", path_, article_++));
      return true;
    }
    if (!is_list_[1]) return false;
    const std::string article = fmt::format("{}: data[{}]", path_, article_);
    if (depth == 4 && is_list_[3] && in_paragraphs_) {
      take_paragraph(value, fmt::format("{}.paragraphs[{}]", article, paragraph_++));
      return true;
    }
    if (depth != 2) return false;
    if (has_paragraphs_) {
      check_taken(value["paragraphs"], "\"paragraphs\"", article);
    } else {
      take_row(value, article);
    }
    ++article_;
    return true;
  }

  // What is left of a list whose objects were taken.
  static void check_taken(const Json& list, std::string_view name, const std::string& where) {
    if (!list.is_array() || !list.empty())
      throw Error(fmt::format("{}: {} must be a list of objects", where, name));
  }

  void take_row(const Json& row, const std::string& where) {
    if (builder_.is_full()) return;
    builder_.set_context(row, where);
    builder_.add_question(row, where, 0);
  }

  void take_paragraph(const Json& paragraph, const std::string& where) {
    if (builder_.is_full()) return;
    const auto questions = paragraph.find("qas");
    if (questions == paragraph.end() || !questions->is_array())
      throw Error(fmt::format("{}: \"qas\" must be a list of questions", where));
    builder_.set_context(paragraph, where);
    for (std::size_t i = 0; i < questions->size() && !builder_.is_full(); ++i)
      builder_.add_question((*questions)[i], fmt::format("{}.qas[{}]", where, i), 0);
  }

  const std::string& path_;
  QuestionAnsweringBuilder& builder_;
  std::array<bool, 4> is_list_{};  // whether what is open at a depth is a list
  bool has_paragraphs_ = false;    // the article that is open
  bool in_paragraphs_ = false;     // the value that is open in it
  std::int64_t article_ = 0, paragraph_ = 0;
};

}  // namespace

void read_json_document(std::string_view text, const std::string& path, QuestionAnsweringBuilder& builder) {
  RowDetector detector;
  Json::sax_parse(text.begin(), text.end(), &detector);
  if (detector.is_row) {
    read_json_lines(text, path, 0, builder);
  } else {
    DocumentReader(path, builder).read(text);
  }
}

void read_json_lines(std::string_view text, const std::string& path, std::int64_t lines_before,
                     QuestionAnsweringBuilder& builder) {
  std::string_view line;
  for (std::int64_t number = lines_before + 1; !text.empty() && !builder.is_full(); ++number) {
    take_line(text, true, line);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}:{}", path, number);
    const Json row = parse_json(line, where, [&](int depth, Json::parse_event_t event, Json&) {
      if (is_beginning(event)) check_depth(depth, where);
      return true;
    });
    if (!row.is_object()) throw Error(fmt::format("{}: expected a JSON object", where));
    builder.set_context(row, where);
    builder.add_question(row, where, number);
  }
}

}  // namespace bertune::data
