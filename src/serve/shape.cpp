#include "serve/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "serve/http.h"

namespace bertune::serve {
namespace {

using Kind = Shape::Kind;

std::string_view type_name(Kind kind) {
  switch (kind) {
    case Kind::text:
      return "string";
    case Kind::integer:
      return "integer";
    case Kind::number:
      return "number";
    case Kind::boolean:
      return "boolean";
    case Kind::object:
      return "object";
    case Kind::list:
      return "array";
    default:
      return "";
  }
}

std::string_view words_for(Kind kind) {
  switch (kind) {
    case Kind::text:
      return "a text";
    case Kind::integer:
      return "a whole number";
    case Kind::number:
      return "a number";
    case Kind::boolean:
      return "true or false";
    case Kind::object:
      return "an object";
    case Kind::list:
      return "a list";
    default:
      return "something else";
  }
}

std::string_view words_for(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_string()) return "a text";
  if (value.is_boolean()) return "true or false";
  if (value.is_number()) return "a number";
  return value.is_array() ? "a list" : "an object";
}

bool is_whole(const Json& value) {
  if (value.is_number_integer()) return true;
  return value.is_number() &&
         value.get<double>() ==
             static_cast<double>(static_cast<std::int64_t>(std::clamp(value.get<double>(), -9e15, 9e15)));
}

bool fits(const Json& value, const Shape& shape) {
  if (value.is_null()) return shape.nullable || shape.kind == Kind::anything;
  switch (shape.kind) {
    case Kind::text:
      return value.is_string();
    case Kind::integer:
      return is_whole(value);
    case Kind::number:
      return value.is_number();
    case Kind::boolean:
      return value.is_boolean();
    case Kind::object:
      return value.is_object();
    case Kind::list:
      return value.is_array();
    case Kind::any_of:
      return std::ranges::any_of(shape.of, [&](const Shape& one) { return fits(value, one); });
    case Kind::anything:
      break;
  }
  return true;
}

std::string words_for(const Shape& shape) {
  if (shape.kind != Kind::any_of) return std::string(words_for(shape.kind));
  std::vector<std::string> words;
  for (const Shape& one : shape.of)
    if (std::ranges::find(words, words_for(one)) == words.end()) words.push_back(words_for(one));
  return fmt::format("{}", fmt::join(words, " or "));
}

std::string name_of(const std::string& where) { return where.empty() ? "the body" : where; }

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
  throw Refusal{422, "Validation", fmt::format("{} {}", name_of(where), what)};
}

void require_size(double size, const Shape& shape, const std::string& where, std::string_view of) {
  const std::string unit = of.empty() ? "" : fmt::format(" {}", of);
  if (shape.least && size < *shape.least)
    refuse(where,
           fmt::format("{} {}{}, and the least is {}", of.empty() ? "is" : "has", size, unit, *shape.least));
  if (shape.most && size > *shape.most)
    refuse(where,
           fmt::format("{} {}{}, and the most is {}", of.empty() ? "is" : "has", size, unit, *shape.most));
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

// A regular expression that finds this text.
std::string pattern_for(std::string_view text) {
  std::string pattern;
  for (const char letter : text) {
    if (std::string_view("\\^$.|?*+()[]{}/").find(letter) != std::string_view::npos) pattern += '\\';
    pattern += letter;
  }
  return pattern;
}

void require_object(const Json& value, const Shape& shape, const std::string& where) {
  const std::string prefix = where.empty() ? "" : where + ".";
  for (const Field& field : shape.fields) {
    const auto member = value.find(field.name);
    if (member != value.end()) {
      require_shape(*member, field.shape, prefix + field.name);
    } else if (field.required) {
      refuse(where, fmt::format("has no \"{}\"", field.name));
    }
  }
  if (shape.is_open) return;
  for (const auto& [name, member] : value.items()) {
    if (std::ranges::find(shape.fields, name, &Field::name) != shape.fields.end()) continue;
    std::vector<std::string> names;
    for (const Field& field : shape.fields) names.push_back(field.name);
    refuse(where,
           fmt::format("has \"{}\", which is not known here; there are {}", name, fmt::join(names, ", ")));
  }
}

// Among several shapes, the one that is closest to the value says what is wrong.
void require_any(const Json& value, const Shape& shape, const std::string& where) {
  std::optional<Refusal> last;
  for (const Shape& one : shape.of) {
    if (!fits(value, one)) continue;
    try {
      return require_shape(value, one, where);
    } catch (const Refusal& refusal) {
      last = refusal;
    }
  }
  throw *last;
}

}  // namespace

Shape Shape::said(std::string text) const {
  Shape shape = *this;
  shape.about = std::move(text);
  return shape;
}
Shape Shape::or_null() const {
  Shape shape = *this;
  shape.nullable = true;
  return shape;
}
Shape Shape::at_least(double value) const {
  Shape shape = *this;
  shape.least = value;
  return shape;
}
Shape Shape::at_most(double value) const {
  Shape shape = *this;
  shape.most = value;
  return shape;
}

Shape text_shape() { return {.kind = Kind::text, .fields = {}}; }
Shape text_of(std::vector<std::string> choices) {
  return {.kind = Kind::text, .fields = {}, .choices = std::move(choices)};
}
Shape integer_shape(double least, double most) {
  return {.kind = Kind::integer, .fields = {}, .least = least, .most = most};
}
Shape number_shape(double least, double most) {
  return {.kind = Kind::number, .fields = {}, .least = least, .most = most};
}
Shape boolean_shape(std::optional<bool> only) { return {.kind = Kind::boolean, .fields = {}, .only = only}; }
Shape list_of(Shape item) { return {.kind = Kind::list, .fields = {}, .of = {std::move(item)}}; }
Shape object_of(std::vector<Field> fields) { return {.kind = Kind::object, .fields = std::move(fields)}; }
Shape open_object_of(std::vector<Field> fields) {
  return {.kind = Kind::object, .fields = std::move(fields), .is_open = true};
}
Shape any_of(std::vector<Shape> shapes) {
  return {.kind = Kind::any_of, .fields = {}, .of = std::move(shapes)};
}

OrderedJson json_schema(const Shape& shape) {
  OrderedJson schema = OrderedJson::object();
  if (!shape.about.empty()) schema["description"] = shape.about;
  if (shape.kind == Kind::any_of) {
    OrderedJson& list = schema["anyOf"] = OrderedJson::array();
    for (const Shape& one : shape.of) list.push_back(json_schema(one));
    if (shape.nullable) list.push_back({{"type", "null"}});
    return schema;
  }
  if (const std::string_view type = type_name(shape.kind); !type.empty()) {
    schema["type"] = type;
    if (shape.nullable) schema["type"] = OrderedJson::array({type, "null"});
  }
  if (!shape.choices.empty()) {
    schema["enum"] = shape.choices;
    if (shape.nullable) schema["enum"].push_back(nullptr);
  }
  if (shape.only)
    schema["enum"] = shape.nullable ? OrderedJson{*shape.only, nullptr} : OrderedJson{*shape.only};
  if (!shape.holds.empty()) schema["pattern"] = pattern_for(shape.holds);
  const bool is_text = shape.kind == Kind::text, is_list = shape.kind == Kind::list;
  const auto limit = [&](const char* number, const char* text, const char* list,
                         std::optional<double> value) {
    if (!value) return;
    OrderedJson& member = schema[is_text ? text : is_list ? list : number];
    member =
        shape.kind == Kind::number ? OrderedJson(*value) : OrderedJson(static_cast<std::int64_t>(*value));
  };
  limit("minimum", "minLength", "minItems", shape.least);
  limit("maximum", "maxLength", "maxItems", shape.most);
  if (is_list) schema["items"] = json_schema(shape.of.front());
  if (shape.kind != Kind::object) return schema;
  OrderedJson required = OrderedJson::array(), properties = OrderedJson::object();
  for (const Field& field : shape.fields) {
    properties[field.name] = json_schema(field.shape);
    if (field.required) required.push_back(field.name);
  }
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  if (!shape.is_open) schema["additionalProperties"] = false;
  return schema;
}

void require_shape(const Json& value, const Shape& shape, const std::string& where) {
  if (!fits(value, shape))
    refuse(where, fmt::format("must be {}, and is {}", words_for(shape), words_for(value)));
  if (value.is_null()) return;
  switch (shape.kind) {
    case Kind::text: {
      const auto& text = value.get_ref<const std::string&>();
      require_size(static_cast<double>(code_points(text)), shape, where, "characters");
      if (!shape.choices.empty() && std::ranges::find(shape.choices, text) == shape.choices.end())
        refuse(where, fmt::format("must be one of {}", fmt::join(shape.choices, ", ")));
      if (text.find(shape.holds) == text.npos)
        refuse(where, fmt::format("holds no {}; put one where a word is missing", shape.holds));
      return;
    }
    case Kind::integer:
    case Kind::number:
      return require_size(value.get<double>(), shape, where, "");
    case Kind::boolean:
      if (shape.only && value != *shape.only)
        refuse(where, fmt::format("can only be {} of this model", *shape.only));
      return;
    case Kind::list:
      require_size(static_cast<double>(value.size()), shape, where, "items");
      for (std::size_t i = 0; i < value.size(); ++i)
        require_shape(value[i], shape.of.front(), fmt::format("{}[{}]", where, i));
      return;
    case Kind::object:
      return require_object(value, shape, where);
    case Kind::any_of:
      return require_any(value, shape, where);
    default:
      return;
  }
}

}  // namespace bertune::serve
