#include "tasks/trained_settings.h"

#include <fmt/format.h>

#include "bertune/error.h"

namespace bertune::tasks {

std::int64_t setting(const Json& settings, const char* key, std::int64_t usual) {
  const auto found = settings.find(key);
  return found != settings.end() && found->is_number_integer() ? found->get<std::int64_t>() : usual;
}
double setting(const Json& settings, const char* key, double usual) {
  const auto found = settings.find(key);
  return found != settings.end() && found->is_number() ? found->get<double>() : usual;
}
bool setting(const Json& settings, const char* key, bool usual) {
  const auto found = settings.find(key);
  return found != settings.end() && found->is_boolean() ? found->get<bool>() : usual;
}
std::string setting(const Json& settings, const char* key, const std::string& usual) {
  const auto found = settings.find(key);
  return found != settings.end() && found->is_string() ? found->get<std::string>() : usual;
}

double temperature_of(const Json& settings) {
  const auto kept = settings.find(keys::kCalibration);
  if (kept == settings.end() || !kept->is_object() || setting(*kept, "folded", false)) return 1;
  const double temperature = setting(*kept, "temperature", 1.0);
  return temperature > 0 ? temperature : 1;
}

double folded_temperature_of(const Json& settings) {
  const auto kept = settings.find(keys::kCalibration);
  return kept == settings.end() || !kept->is_object() ? 1 : setting(*kept, "folded_by", 1.0);
}

void require_max_length(std::int64_t max_length, const BertConfig& config) {
  if (max_length >= 3 && max_length <= config.max_length()) return;
  throw UsageError(
      "max_length",
      fmt::format("`max_length` is {}; this model takes 3 to {} tokens (max_position_embeddings)", max_length,
                  config.max_length()));
}

}  // namespace bertune::tasks
