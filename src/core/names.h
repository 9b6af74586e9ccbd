// The names of an enumeration's values, in one table.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bertune {

// constexpr Names kNames(std::to_array<Named<Format>>({{Format::csv, "csv"}, {Format::tsv, "tsv"}}));
// A value may have several names, of which the first is its own.
template <typename Enum>
using Named = std::pair<Enum, std::string_view>;

template <typename Enum, std::size_t count>
class Names {
 public:
  constexpr explicit Names(std::array<Named<Enum>, count> names) : names_(names) {}

  // The value's own name; "unknown" where it has none.
  constexpr std::string_view of(Enum value) const {
    const auto found = std::ranges::find(names_, value, &Named<Enum>::first);
    return found == names_.end() ? "unknown" : found->second;
  }

  constexpr std::optional<Enum> find(std::string_view name) const {
    const auto found = std::ranges::find(names_, name, &Named<Enum>::second);
    return found == names_.end() ? std::nullopt : std::optional(found->first);
  }

  // All names, for messages: "csv, tsv or text", and without a last word "csv, tsv, text".
  std::string choices(std::string_view last_word = {}) const {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      const bool in_words = i + 1 == count && !last_word.empty();
      if (i > 0) text += in_words ? " " + std::string(last_word) + " " : ", ";
      text += names_[i].second;
    }
    return text;
  }

  constexpr std::array<std::string_view, count> all() const {
    std::array<std::string_view, count> result;
    std::ranges::transform(names_, result.begin(), &Named<Enum>::second);
    return result;
  }

 private:
  std::array<Named<Enum>, count> names_;
};

}  // namespace bertune
