// A table of named options over a plain struct: it reads texts into the struct, checks them, and says what
// there is. Defaults are those of the struct itself.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bertune/options.h"

namespace bertune::optim {

struct Range {
  double min = -std::numeric_limits<double>::infinity(), max = std::numeric_limits<double>::infinity();
  bool includes_min = true, includes_max = true;

  bool holds(double value) const;
  std::string text() const;  // "in [0, 1)", "at least 0"
};
inline constexpr Range kAny{}, kAtLeast0{.min = 0}, kAbove0{.min = 0, .includes_min = false},
    kBelow1{.min = 0, .max = 1, .includes_max = false}, kShare{.min = 0, .max = 1};

template <typename Options>
struct Field {
  using Member =
      std::variant<double Options::*, std::optional<double> Options::*, std::int64_t Options::*,
                   std::optional<std::int64_t> Options::*, bool Options::*, std::string Options::*>;

  Field(std::string its_name, Member its_member, Range its_range = kAny,
        std::vector<std::string> its_choices = {})
      : name(std::move(its_name)), member(its_member), range(its_range), choices(std::move(its_choices)) {}

  std::string name;
  Member member;
  Range range;
  std::vector<std::string> choices;  // of a name
};

namespace detail {

[[noreturn]] void refuse_unknown(std::string_view owner, std::string_view name,
                                 std::vector<std::string> known);
[[noreturn]] void refuse(std::string_view owner, std::string_view name, std::string_view value,
                         std::string_view range);

struct Place {  // of a value, for messages
  std::string_view owner, name;
  const Range& range;
  const std::vector<std::string>& choices;
};
void parse(const Place& place, const std::string& text, double& value);
void parse(const Place& place, const std::string& text, std::int64_t& value);
void parse(const Place& place, const std::string& text, bool& value);
void parse(const Place& place, const std::string& text, std::string& value);
template <typename T>
void parse(const Place& place, const std::string& text, std::optional<T>& value) {
  if (text == "none" || text == "None") return value.reset();
  parse(place, text, value.emplace());
}

std::string text_of(double value);
std::string text_of(std::int64_t value);
std::string text_of(bool value);
inline std::string text_of(const std::string& value) { return value; }
template <typename T>
std::string text_of(const std::optional<T>& value) {
  return value ? text_of(*value) : "none";
}

}  // namespace detail

// `owner` names what has the options, for messages: "optimizer sgd".
template <typename Options>
Options read_options(const std::vector<Field<Options>>& fields, const OptionValues& values,
                     std::string_view owner) {
  Options options;
  for (const auto& [name, text] : values) {
    const Field<Options>* found = nullptr;
    std::vector<std::string> known;
    for (const Field<Options>& field : fields) {
      if (field.name == name) found = &field;
      known.push_back(field.name);
    }
    if (found == nullptr) detail::refuse_unknown(owner, name, std::move(known));
    const detail::Place place{owner, name, found->range, found->choices};
    std::visit([&, &given = text](const auto member) { detail::parse(place, given, options.*member); },
               found->member);
  }
  return options;
}

template <typename Options>
OptionValues texts_of(const std::vector<Field<Options>>& fields, const Options& options) {
  OptionValues texts;
  for (const Field<Options>& field : fields) {
    std::visit([&](const auto member) { texts[field.name] = detail::text_of(options.*member); },
               field.member);
  }
  return texts;
}

template <typename Options>
std::vector<OptionInfo> infos_of(const std::vector<Field<Options>>& fields) {
  std::vector<OptionInfo> infos;
  const OptionValues texts = texts_of(fields, Options{});
  for (const Field<Options>& field : fields) infos.push_back({field.name, texts.at(field.name)});
  return infos;
}

// The message for a name that a table lacks: the nearest, and all.
[[noreturn]] void refuse_name(std::string_view what, std::string_view name, std::vector<std::string> known);

}  // namespace bertune::optim
