#include "cli/config/config_file.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <utility>

#include "bertune/error.h"
#include "core/utf8.h"

namespace bertune::cli {
namespace {

using Kind = ConfigValue::Kind;

constexpr std::size_t kMaxDepth = 8, kMaxKeys = 1000;

template <typename... Arguments>
[[noreturn]] void fail(const std::string& file, std::int64_t line, fmt::format_string<Arguments...> what,
                       Arguments&&... arguments) {
  throw UsageError(
      fmt::format("{}:{}: {}", file, line, fmt::format(what, std::forward<Arguments>(arguments)...)));
}

std::int64_t line_of(std::string_view text, std::size_t position) {
  return 1 + std::ranges::count(text.substr(0, position), '\n');
}

bool is_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.find_first_not_of("+-.0123456789eE") != text.npos)
    return false;  // "inf" and "nan" are no numbers here
  double value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && stopped == text.data() + text.size() && error != std::errc::invalid_argument;
}

// Puts values together as a parser meets them. In a mapping, every second one is a key.
class Builder {
 public:
  explicit Builder(std::string file) : file_(std::move(file)) {
    top_.kind = Kind::list;  // of documents
    open_.push_back(&top_);
  }

  void scalar(Kind kind, std::string text, std::int64_t line) {
    ConfigValue& parent = *open_.back();
    if (parent.kind == Kind::mapping && !key_) {
      begin_pair(std::move(text), line);
      return;
    }
    ConfigValue& value = append(line);
    value.kind = kind;
    value.text = std::move(text);
  }
  void begin(Kind kind, std::int64_t line) {
    if (open_.back()->kind == Kind::mapping && !key_) fail(file_, line, "a key must be a name");
    if (open_.size() > kMaxDepth) fail(file_, line, "lists and mappings are nested too deep");
    ConfigValue& value = append(line);
    value.kind = kind;
    open_.push_back(&value);
  }
  void end() { open_.pop_back(); }

  const std::string& file() const { return file_; }
  ConfigValue take() {
    if (top_.items.empty()) fail(file_, 1, "is empty; it must hold options, such as \"epochs: 3\"");
    ConfigValue& document = top_.items.front();
    if (document.kind != Kind::mapping)
      fail(file_, document.line, "must hold options by their names, such as \"epochs: 3\"");
    return std::move(document);
  }

 private:
  void begin_pair(std::string key, std::int64_t line) {
    const ConfigValue& mapping = *open_.back();
    if (mapping.keys.size() >= kMaxKeys) fail(file_, line, "more than {} names", kMaxKeys);
    const auto same = std::ranges::find(mapping.keys, key);
    if (same != mapping.keys.end()) {
      const auto first = static_cast<std::size_t>(same - mapping.keys.begin());
      fail(file_, line, "\"{}\" is there twice (first on line {})", key, mapping.items[first].line);
    }
    key_ = {std::move(key), line};
  }
  // No value moves while a list or mapping in it is open: only the innermost grows.
  ConfigValue& append(std::int64_t line) {
    ConfigValue& parent = *open_.back();
    ConfigValue& value = parent.items.emplace_back();
    value.line = key_ ? key_->second : line;
    if (key_) parent.keys.push_back(std::move(key_->first));
    key_.reset();
    return value;
  }

  std::string file_;
  ConfigValue top_;
  std::vector<ConfigValue*> open_;
  std::optional<std::pair<std::string, std::int64_t>> key_;
};

// nlohmann's parser does not say where it is, but the stream that it reads from does.
class JsonEvents : public Json::json_sax_t {
 public:
  JsonEvents(Builder& builder, std::string_view text, std::istream& stream)
      : builder_(builder), text_(text), stream_(stream) {}

  bool null() override { return scalar(Kind::null, ""); }
  bool boolean(bool value) override { return scalar(Kind::boolean, value ? "true" : "false"); }
  bool number_integer(std::int64_t value) override { return scalar(Kind::number, std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) override { return scalar(Kind::number, std::to_string(value)); }
  bool number_float(double, const std::string& text) override { return scalar(Kind::number, text); }
  bool string(std::string& text) override { return scalar(Kind::text, text); }
  bool key(std::string& text) override { return scalar(Kind::text, text); }
  bool binary(Json::binary_t&) override { return false; }  // not in JSON
  bool start_object(std::size_t) override { return begin(Kind::mapping); }
  bool start_array(std::size_t) override { return begin(Kind::list); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) override {
    const std::string text = message_of(error);  // "parse error at line 1, column 2: what it is"
    const std::string_view message = text;
    const auto colon = message.find(": ");
    fail(builder_.file(), line_of(text_, position == 0 ? 0 : position - 1), "not valid JSON: {}",
         colon == message.npos ? message : message.substr(colon + 2));
  }

 private:
  std::int64_t line() {
    const auto position =
        static_cast<std::size_t>(stream_.rdbuf()->pubseekoff(0, std::ios::cur, std::ios::in));
    line_ += std::ranges::count(text_.substr(counted_, position - counted_), '\n');
    counted_ = position;
    return line_;
  }
  bool scalar(Kind kind, std::string text) {
    builder_.scalar(kind, std::move(text), line());
    return true;
  }
  bool begin(Kind kind) {
    builder_.begin(kind, line());
    return true;
  }
  bool end() {
    builder_.end();
    return true;
  }

  Builder& builder_;
  std::string_view text_;
  std::istream& stream_;
  std::size_t counted_ = 0;
  std::int64_t line_ = 1;
};

class YamlEvents : public YAML::EventHandler {
 public:
  explicit YamlEvents(Builder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) fail(builder_.file(), line(mark), "holds a second document; one is read");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    plain(mark, "?", anchor);
    builder_.scalar(Kind::null, "", line(mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail(builder_.file(), line(mark), "aliases (*name) are not taken; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    plain(mark, tag, anchor);
    builder_.scalar(tag == "?" ? kind_of(text) : Kind::text, text_of(text, tag), line(mark));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    plain(mark, tag, anchor);
    builder_.begin(Kind::list, line(mark));
  }
  void OnSequenceEnd() override { builder_.end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    plain(mark, tag, anchor);
    builder_.begin(Kind::mapping, line(mark));
  }
  void OnMapEnd() override { builder_.end(); }

 private:
  static std::int64_t line(const YAML::Mark& mark) { return mark.line + 1; }
  static bool is_boolean(const std::string& text) {
    static const std::vector<std::string> kNames = {"true", "True", "TRUE", "false", "False", "FALSE"};
    return std::ranges::find(kNames, text) != kNames.end();
  }
  static Kind kind_of(const std::string& text) {
    return is_boolean(text) ? Kind::boolean : is_number(text) ? Kind::number : Kind::text;
  }
  static std::string text_of(const std::string& text, const std::string& tag) {
    if (tag != "?" || !is_boolean(text)) return text;
    return text.front() == 't' || text.front() == 'T' ? "true" : "false";
  }
  // "?" and "!" are what the parser calls values without a tag.
  void plain(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
    if (anchor != 0) fail(builder_.file(), line(mark), "anchors (&name) are not taken; write values out");
    if (!tag.empty() && tag != "?" && tag != "!")
      fail(builder_.file(), line(mark), "tags (\"{}\") are not taken", tag);
  }

  Builder& builder_;
  int documents_ = 0;
};

void parse_json_into(Builder& builder, const std::string& text) {
  std::istringstream stream(text);
  JsonEvents events(builder, text, stream);
  Json::sax_parse(stream, &events);
}

void parse_yaml_into(Builder& builder, const std::string& text) {
  std::istringstream stream(text);
  YamlEvents events(builder);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const YAML::Exception& error) {
    fail(builder.file(), std::max(error.mark.line, 0) + 1, "not valid YAML: {}", error.msg);
  }
}

}  // namespace

Json ConfigValue::to_json() const {
  switch (kind) {
    case Kind::null:
      return nullptr;
    case Kind::boolean:
      return text == "true";
    case Kind::number: {
      const std::string plain = text.starts_with('+') ? text.substr(1) : text;
      std::int64_t whole = 0;
      const char* end = plain.data() + plain.size();
      if (const auto result = std::from_chars(plain.data(), end, whole);
          result.ec == std::errc() && result.ptr == end)
        return whole;
      double number = 0;
      std::from_chars(plain.data(), end, number);
      return number;
    }
    case Kind::text:
      return text;
    case Kind::list: {
      Json list = Json::array();
      for (const ConfigValue& item : items) list.push_back(item.to_json());
      return list;
    }
    case Kind::mapping: {
      Json object = Json::object();
      for (std::size_t i = 0; i < items.size(); ++i) object[keys[i]] = items[i].to_json();
      return object;
    }
  }
  return nullptr;
}

ConfigValue parse_config(const std::string& text, const fs::path& name) {
  const std::string file = name.string(), extension = name.extension().string();
  if (const std::size_t bad = std::min(find_invalid_utf8(text), text.find('\0')); bad != text.npos)
    fail(file, line_of(text, bad), "is not UTF-8 text");
  Builder builder(file);
  if (extension == ".json") {
    parse_json_into(builder, text);
  } else {
    parse_yaml_into(builder, text);
  }
  return builder.take();
}

ConfigValue read_config_file(const fs::path& path) {
  const std::string extension = path.extension().string();
  if (extension != ".json" && extension != ".yaml" && extension != ".yml")
    throw UsageError(fmt::format("{}: a file of options ends in .yaml, .yml or .json", path.string()));
  return parse_config(read_file_or_pipe(path, kMaxConfigBytes), path);
}

}  // namespace bertune::cli
