#include "data/files/object_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "bertune/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "data/files/json_text.h"

namespace bertune::data {

// Keeps the scalars at the top of the object, and lists of scalars; walks over everything else.
class ObjectHandler final : public nlohmann::json_sax<Json> {
 public:
  ObjectHandler(ObjectCells& cells, const std::string& where) : cells_(cells), where_(where) {}

  bool null() override { return value({}, CellKind::null, Json()); }
  bool boolean(bool truth) override {
    return value(truth ? "true" : "false", CellKind::boolean, Json(truth));
  }
  bool number_integer(std::int64_t number) override {
    return value(std::to_string(number), CellKind::number, Json(number));
  }
  bool number_unsigned(std::uint64_t number) override {
    return value(std::to_string(number), CellKind::number, Json(number));
  }
  bool number_float(double number, const std::string& text) override {
    return value(text, CellKind::number, Json(number));
  }
  bool string(std::string& text) override {
    if (depth_ == 1) return keep(text, CellKind::text);
    if (in_list()) list_.push_back(text);
    return true;
  }
  bool binary(Json::binary_t&) override { return true; }

  bool start_object(std::size_t) override {
    if (depth_ == 1) mark(CellKind::nested);
    if (in_list()) flat_ = false;
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ == 0) throw Error(fmt::format("{}: expected a JSON object, found a list", where_));
    if (in_list()) flat_ = false;
    if (depth_ == 1) list_ = Json::array(), flat_ = true, list_depth_ = 2;
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    if (depth_ == 1) {
      std::string text = flat_ ? list_.dump() : std::string();
      keep(text, flat_ ? CellKind::list : CellKind::nested);
      list_depth_ = 0;
    }
    return true;
  }
  bool key(std::string& name) override {
    if (depth_ != 1) return true;
    last_ = current_ = cells_.place_of(name, last_);
    if (current_ < cells_.keys_.size()) {
      if (cells_.kinds_[current_] == CellKind::missing) return true;
      throw Error(fmt::format("{}: the key \"{}\" occurs twice", where_, name));
    }
    if (cells_.fixed_) {
      current_ = kIgnored;
      return true;
    }
    cells_.add_key(name);
    return true;
  }
  // Keeps what is wrong, for the text may yet be mended.
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    const std::string message = message_of(error);
    std::string_view reason = message;
    if (const std::size_t syntax = reason.find(": "); syntax != std::string_view::npos)
      reason.remove_prefix(syntax + 2);
    wrong_ = fmt::format(
        "{}: not valid JSON at byte {} of the object: {} (expected one object a line, or an "
        "array of objects)",
        where_, position, reason);
    return false;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  static constexpr std::size_t kIgnored = SIZE_MAX;

  bool in_list() const { return list_depth_ != 0 && depth_ == list_depth_; }

  bool value(std::string text, CellKind kind, Json element) {
    if (depth_ == 0) throw Error(fmt::format("{}: expected a JSON object, found a single value", where_));
    if (depth_ == 1) return keep(text, kind);
    if (in_list()) list_.push_back(std::move(element));
    return true;
  }
  bool keep(std::string& text, CellKind kind) {
    if (current_ == kIgnored) return true;
    cells_.values_[current_].swap(text);
    cells_.kinds_[current_] = kind;
    return true;
  }
  void mark(CellKind kind) {
    if (current_ != kIgnored) cells_.kinds_[current_] = kind;
  }

  ObjectCells& cells_;
  const std::string& where_;
  std::string wrong_;
  std::size_t current_ = kIgnored, last_ = kIgnored;  // of the key that is read, and of the one before
  std::int64_t depth_ = 0, list_depth_ = 0;
  Json list_;
  bool flat_ = true;
};

std::size_t ObjectCells::place_of(const std::string& key, std::size_t last) const {
  const std::size_t next = last + 1;  // 0 at first
  if (next < keys_.size() && keys_[next] == key) return next;
  const auto found = places_.find(key);
  return found == places_.end() ? keys_.size() : found->second;
}

void ObjectCells::add_key(const std::string& key) {
  places_.emplace(key, keys_.size());  // of two alike the first
  keys_.push_back(key);
  kinds_.push_back(CellKind::missing);
  values_.emplace_back();
}

void ObjectCells::set_keys(const std::vector<std::string>& keys) {
  keys_.clear(), places_.clear(), kinds_.clear(), values_.clear();
  for (const std::string& key : keys) add_key(key);
  fixed_ = true;
}

void ObjectCells::parse(std::string_view text, const std::string& where, Record& record) {
  std::string clean;
  record.replaced = 0;
  if (find_invalid_utf8(text) != std::string_view::npos) {
    clean = replace_invalid_utf8(text, record.replaced);
    text = clean;
  }
  record.surrogates = 0;
  std::string mended;
  for (bool is_mended = false;; is_mended = true) {
    std::fill(kinds_.begin(), kinds_.end(), CellKind::missing);
    ObjectHandler handler(*this, where);
    if (Json::sax_parse(text.begin(), text.end(), &handler)) break;
    JsonMends mends;
    if (!is_mended) mended = mended_json(text, mends);
    if (mends.all() == 0) throw Error(handler.wrong());
    record.surrogates = mends.surrogates;
    text = mended;
  }
  record.cells.clear();
  for (std::size_t i = 0; i < keys_.size(); ++i) record.cells.push_back({values_[i], kinds_[i], false});
}

}  // namespace bertune::data
