#include "data/files/parquet/json_values.h"

#include <arrow/extension_type.h>
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "data/files/parquet/iso_times.h"

namespace bertune::data {
namespace {

using arrow::Type;

// Returns the feature of a struct's field. `datasets` stores a Sequence of a struct as a struct of lists.
Json feature_of_field(const Json& feature, const std::string& name) {
  if (!feature.is_object()) return nullptr;
  const auto inner = feature.find("feature");
  if (feature.value("_type", Json()) == "Sequence" && inner != feature.end()) {
    if (!inner->is_object() || !inner->contains(name)) return nullptr;
    return {{"_type", "Sequence"}, {"feature", inner->at(name)}};
  }
  return feature.value(name, Json());
}

Json feature_of_items(const Json& feature) {
  if (feature.is_array() && !feature.empty()) return feature[0];
  return feature.is_object() ? feature.value("feature", Json()) : Json();
}

std::vector<std::string> labels_of(const Json& feature) {
  if (!feature.is_object() || feature.value("_type", Json()) != "ClassLabel") return {};
  const Json names = feature.value("names", Json());
  if (!names.is_array()) return {};
  std::vector<std::string> labels;
  for (const Json& name : names) {
    if (!name.is_string()) return {};
    append_text(name.get_ref<const std::string&>(), labels.emplace_back());
  }
  return labels;
}

template <typename Number>
void append_integer(Number value, const ValueForm& form, std::string& out) {
  if (form.labels.empty()) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else if (std::cmp_less(value, 0) || std::cmp_greater_equal(value, form.labels.size())) {
    out += "null";
  } else {
    out += form.labels[static_cast<std::size_t>(value)];
  }
}

// Numbers keep a point or an exponent, by which readers know fractions from whole numbers.
template <typename Number>
void append_fraction(Number value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char digits[64];
  const std::to_chars_result end = std::to_chars(std::begin(digits), std::end(digits), value);
  const std::string_view text(digits, static_cast<std::size_t>(end.ptr - digits));
  out += text;
  if (text.find_first_of(".e") == text.npos) out += ".0";
}

template <typename List>
void append_list(const List& list, std::int64_t row, const ValueForm& form, std::string& out) {
  const arrow::Array& items = *list.values();
  const std::int64_t begin = list.value_offset(row), end = begin + list.value_length(row);
  out += '[';
  for (std::int64_t i = begin; i < end; ++i) {
    if (i > begin) out += ',';
    append_value(items, i, form.parts[0], out);
  }
  out += ']';
}

void append_struct(const arrow::StructArray& record, std::int64_t row, const ValueForm& form,
                   std::string& out) {
  out += '{';
  for (std::size_t i = 0; i < form.keys.size(); ++i) {
    if (i > 0) out += ',';
    out += form.keys[i];
    append_value(*record.field(static_cast<int>(i)), row, form.parts[i], out);
  }
  out += '}';
}

void append_of_dictionary(const arrow::DictionaryArray& values, std::int64_t row, const ValueForm& form,
                          std::string& out) {
  const std::int64_t place = values.GetValueIndex(row);
  if (place < 0 || place >= values.dictionary()->length())
    throw std::runtime_error("an index is outside of its dictionary");
  append_value(*values.dictionary(), place, form.parts[0], out);
}

std::int64_t per_second(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1'000;
    case arrow::TimeUnit::MICRO:
      return 1'000'000;
    case arrow::TimeUnit::NANO:
      break;
  }
  return 1'000'000'000;
}

template <typename Values>
const Values& as(const arrow::Array& values) {
  return static_cast<const Values&>(values);
}

void append_timestamp_of(const arrow::TimestampArray& values, std::int64_t row, std::string& out) {
  const auto& type = static_cast<const arrow::TimestampType&>(*values.type());
  append_timestamp(values.Value(row), per_second(type.unit()), !type.timezone().empty(), out);
}

template <typename Values>
void append_time_of_day(const Values& values, std::int64_t row, std::string& out) {
  const auto& type = static_cast<const arrow::TimeType&>(*values.type());
  append_time(values.Value(row), per_second(type.unit()), out);
}

}  // namespace

ValueForm form_of(const arrow::DataType& type, const Json& feature, const std::string& column) {
  ValueForm form;
  switch (type.id()) {
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::UINT64:
      form.labels = labels_of(feature);
      return form;
    case Type::NA:
    case Type::BOOL:
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
    case Type::DATE32:
    case Type::DATE64:
    case Type::TIMESTAMP:
    case Type::TIME32:
    case Type::TIME64:
    case Type::DURATION:
      return form;
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
    case Type::MAP:
      form.parts.push_back(form_of(*type.field(0)->type(), feature_of_items(feature), column));
      return form;
    case Type::STRUCT:
      for (const std::shared_ptr<arrow::Field>& field : type.fields()) {
        append_text(field->name(), form.keys.emplace_back());
        form.keys.back() += ':';
        form.parts.push_back(form_of(*field->type(), feature_of_field(feature, field->name()),
                                     column.empty() ? field->name() : column));
      }
      return form;
    case Type::DICTIONARY:
      form.parts.push_back(
          form_of(*static_cast<const arrow::DictionaryType&>(type).value_type(), feature, column));
      return form;
    case Type::EXTENSION:
      return form_of(*static_cast<const arrow::ExtensionType&>(type).storage_type(), feature, column);
    default:
      break;
  }
  throw std::runtime_error(
      fmt::format("column \"{}\" holds values of the type {}, which are not text; store them as strings or "
                  "remove the column",
                  column, type.ToString()));
}

void append_value(const arrow::Array& values, std::int64_t row, const ValueForm& form, std::string& out) {
  if (values.IsNull(row)) {
    out += "null";
    return;
  }
  switch (values.type_id()) {
    case Type::BOOL:
      out += as<arrow::BooleanArray>(values).Value(row) ? "true" : "false";
      return;
    case Type::INT8:
      return append_integer<std::int64_t>(as<arrow::Int8Array>(values).Value(row), form, out);
    case Type::INT16:
      return append_integer<std::int64_t>(as<arrow::Int16Array>(values).Value(row), form, out);
    case Type::INT32:
      return append_integer<std::int64_t>(as<arrow::Int32Array>(values).Value(row), form, out);
    case Type::INT64:
      return append_integer<std::int64_t>(as<arrow::Int64Array>(values).Value(row), form, out);
    case Type::UINT8:
      return append_integer<std::uint64_t>(as<arrow::UInt8Array>(values).Value(row), form, out);
    case Type::UINT16:
      return append_integer<std::uint64_t>(as<arrow::UInt16Array>(values).Value(row), form, out);
    case Type::UINT32:
      return append_integer<std::uint64_t>(as<arrow::UInt32Array>(values).Value(row), form, out);
    case Type::UINT64:
      return append_integer<std::uint64_t>(as<arrow::UInt64Array>(values).Value(row), form, out);
    case Type::HALF_FLOAT:
      return append_fraction(
          arrow::util::Float16::FromBits(as<arrow::HalfFloatArray>(values).Value(row)).ToFloat(), out);
    case Type::FLOAT:
      return append_fraction(as<arrow::FloatArray>(values).Value(row), out);
    case Type::DOUBLE:
      return append_fraction(as<arrow::DoubleArray>(values).Value(row), out);
    case Type::STRING:
      return append_text(as<arrow::StringArray>(values).GetView(row), out);
    case Type::LARGE_STRING:
      return append_text(as<arrow::LargeStringArray>(values).GetView(row), out);
    case Type::STRING_VIEW:
      return append_text(as<arrow::StringViewArray>(values).GetView(row), out);
    case Type::DECIMAL32:
      out += as<arrow::Decimal32Array>(values).FormatValue(row);
      return;
    case Type::DECIMAL64:
      out += as<arrow::Decimal64Array>(values).FormatValue(row);
      return;
    case Type::DECIMAL128:
      out += as<arrow::Decimal128Array>(values).FormatValue(row);
      return;
    case Type::DECIMAL256:
      out += as<arrow::Decimal256Array>(values).FormatValue(row);
      return;
    case Type::DATE32:
      return append_date(as<arrow::Date32Array>(values).Value(row), out);
    case Type::DATE64:
      return append_date(as<arrow::Date64Array>(values).Value(row) / 86'400'000, out);
    case Type::TIMESTAMP:
      return append_timestamp_of(as<arrow::TimestampArray>(values), row, out);
    case Type::TIME32:
      return append_time_of_day(as<arrow::Time32Array>(values), row, out);
    case Type::TIME64:
      return append_time_of_day(as<arrow::Time64Array>(values), row, out);
    case Type::DURATION:
      return append_integer<std::int64_t>(as<arrow::DurationArray>(values).Value(row), form, out);
    case Type::LIST:
    case Type::MAP:
      return append_list(as<arrow::ListArray>(values), row, form, out);
    case Type::LARGE_LIST:
      return append_list(as<arrow::LargeListArray>(values), row, form, out);
    case Type::FIXED_SIZE_LIST:
      return append_list(as<arrow::FixedSizeListArray>(values), row, form, out);
    case Type::STRUCT:
      return append_struct(as<arrow::StructArray>(values), row, form, out);
    case Type::DICTIONARY:
      return append_of_dictionary(as<arrow::DictionaryArray>(values), row, form, out);
    case Type::EXTENSION:
      return append_value(*as<arrow::ExtensionArray>(values).storage(), row, form, out);
    default:
      out += "null";
  }
}

void append_text(std::string_view text, std::string& out) {
  const auto is_plain = [](char byte) {
    return static_cast<unsigned char>(byte) >= 0x20 && byte != '"' && byte != '\\';
  };
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t end = i;
    while (end < text.size() && is_plain(text[end])) ++end;
    out += text.substr(i, end - i);
    if (end == text.size()) break;
    i = end;
    if (text[i] == '\n') {
      out += "\\n";
    } else if (text[i] == '"' || text[i] == '\\') {
      out += {'\\', text[i]};
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(text[i]));
    }
  }
  out += '"';
}

}  // namespace bertune::data
