#include "data/questions/question_answering_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "bertune/error.h"
#include "core/json.h"
#include "data/files/file_part.h"
#include "data/files/json_rows.h"
#include "data/files/json_text.h"
#include "data/files/records.h"
#include "data/questions/question_answering_builder.h"
#include "data/questions/question_names.h"

namespace bertune::data {
namespace {

constexpr int kDeepest = 32;

void check_depth(int depth, const std::string& where) {
  if (depth > kDeepest) throw Error(fmt::format("{}: JSON nested more than {} deep", where, kDeepest));
}

bool is_beginning(Json::parse_event_t event) {
  return event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
}

// Decides whether an object is a row, by its first key that tells; the rest is not walked over.
class RowDetector final : public nlohmann::json_sax<Json> {
 public:
  bool is_row = false;

  bool key(std::string& name) override {
    if (depth_ != 1) return true;
    const auto is_among = [&](const auto& names) { return std::ranges::find(names, name) != names.end(); };
    is_row = is_among(kQuestionNames) || is_among(kContextNames) || name == "paragraphs" || name == "qas" ||
             name == "header";
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

  // Returns whether the object was a row, a paragraph or an article.
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

  // Checks what is left of a list whose objects were taken.
  static void check_taken(const Json& list, std::string_view name, const std::string& where) {
    if (!list.is_array() || !list.empty())
      throw Error(fmt::format("{}: {} must be a list of objects", where, name));
  }

  void take_row(const Json& row, const std::string& where) { builder_.add_row(row, where, 0); }
  void take_paragraph(const Json& paragraph, const std::string& where) {
    builder_.add_paragraph(paragraph, where, 0);
  }

  const std::string& path_;
  QuestionAnsweringBuilder& builder_;
  std::array<bool, 4> is_list_{};  // whether what is open at a depth is a list
  bool has_paragraphs_ = false;    // the article that is open
  bool in_paragraphs_ = false;     // the value that is open in it
  std::int64_t article_ = 0, paragraph_ = 0;
};

}  // namespace

namespace {

// A value at a time.
void read_rows(std::string_view text, const std::string& path, std::int64_t lines_before,
               QuestionAnsweringBuilder& builder) {
  JsonRows rows(path, lines_before);
  JsonMends mends;
  for (JsonRow row; !builder.is_full() && rows.next(text, true, row) == Parse::record;) {
    const std::string where = place_in(path, row.line);
    Json value;
    try {
      value = parse_json_row(row.text, where, mends);
    } catch (const Error& error) {
      builder.add_bad_row(error.what());
      continue;
    }
    builder.add_row(value, where, row.line);
  }
  if (mends.surrogates > 0)
    builder.note(fmt::format("{}: {} halves of surrogate pairs became U+FFFD", path, mends.surrogates));
}

bool begins_with_a_row(std::string_view text) {
  RowDetector detector;
  Json::sax_parse(text.begin(), text.end(), &detector);
  return detector.is_row;
}

}  // namespace

void read_json_questions(std::string_view text, const std::string& path, Format format,
                         std::int64_t lines_before, QuestionAnsweringBuilder& builder) {
  const JsonShape shape = *shape_of_json(text, true, path, file_part(path).part);
  if (const std::string note = note_of(shape); !note.empty() && shape.place != "data")
    builder.note(fmt::format("{}: {} (detected)", path, note));
  if (shape.form == JsonForm::list) {
    const bool is_part = !shape.place.empty() && shape.place != "data";
    DocumentReader(path, builder).read(is_part ? text.substr(shape.begin, shape.end - shape.begin) : text);
  } else if (shape.form == JsonForm::lines && format == Format::json && !begins_with_a_row(text)) {
    DocumentReader(path, builder).read(text);
  } else {
    read_rows(text, path, lines_before, builder);
  }
}

}  // namespace bertune::data
