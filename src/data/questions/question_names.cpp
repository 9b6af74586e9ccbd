#include "data/questions/question_names.h"

#include "core/lower_case.h"

#include <algorithm>

namespace bertune::data {
namespace {

std::string folded(std::string_view name) {
  std::string lower;
  for (const char c : name) lower += c == ' ' ? '_' : lower_case(c);
  return lower;
}

}  // namespace

std::string usual_name(const std::string& name, std::span<const std::string> names) {
  const std::string lower = folded(name);
  const auto there = [&](std::string_view other) {
    return std::ranges::any_of(names, [&](const std::string& each) { return folded(each) == other; });
  };
  const auto usual_of = [&](std::span<const std::string_view> role) {
    const auto found = std::ranges::find(role, lower);
    return found != role.end() && std::none_of(role.begin(), found, there) ? std::string(role.front()) : "";
  };
  using Names = std::span<const std::string_view>;
  for (const Names role : {Names(kQuestionNames), Names(kContextNames), Names(kStartNames), Names(kIdNames),
                           Names(kImpossibleNames)}) {
    if (std::string usual = usual_of(role); !usual.empty()) return usual;
  }
  const auto answers = std::ranges::find(kAnswersNames, lower);
  if (answers == kAnswersNames.end() || std::any_of(kAnswersNames.begin(), answers, there)) return name;
  return lower == "answers" || lower == "answer" ? lower : "answers";
}

const Json* listed_questions(const Json& row) {
  if (!row.is_object()) return nullptr;
  if (const auto questions = row.find("qas"); questions != row.end()) return &*questions;
  const auto questions = row.find("questions");
  if (questions == row.end() || !questions->is_array() || questions->empty()) return nullptr;
  const Json& first = questions->front();
  const bool is_question = first.is_object() && find_named(first, kQuestionNames) != nullptr &&
                           find_named(first, kAnswersNames) != nullptr;
  for (const char* key : {"choices", "choice", "options"})
    if (is_question && first.contains(key)) return nullptr;
  return is_question ? &*questions : nullptr;
}

const Json* find_named(const Json& object, std::span<const std::string_view> names, std::string_view* found) {
  for (const std::string_view name : names) {
    const auto value = object.find(name);
    if (value == object.end() || value->is_null()) continue;
    if (found != nullptr) *found = name;
    return &*value;
  }
  return nullptr;
}

}  // namespace bertune::data
