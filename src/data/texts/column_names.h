// Names that columns of texts and labels usually have.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace bertune::data {

// A name as it is compared: in lower case, without blanks, '_', '-' and '.'.
std::string name_key(std::string_view name);

// Keys of names, in the order of preference.
std::span<const std::string_view> text_names();
std::span<const std::string_view> label_names();
std::span<const std::pair<std::string_view, std::string_view>> pair_names();

// Returns whether it is one of all these.
bool is_usual_name(std::string_view name);
// "title", "headline": of what stands above a text.
bool names_a_title(std::string_view name);
// "id", "index", "Unnamed: 0", "": of what numbers rows.
bool names_an_index(std::string_view name);
// "date", "timestamp".
bool names_a_date(std::string_view name);
// The usual name of a label that the name ends in, after '_', a blank or in camel case ("sentiment" of
// "airline_sentiment"); empty: there is none.
std::string_view label_word_of(std::string_view name);
// Returns whether two names are alike but for a 1 and a 2, or an a and a b.
bool are_twins(std::string_view first, std::string_view second);

}  // namespace bertune::data
