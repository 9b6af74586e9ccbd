// What a trained model keeps in bertune.json, and what it can read.
#pragma once

#include <cstdint>
#include <string>

#include "bertune/config.h"
#include "core/json.h"

namespace bertune::tasks {

// A value of bertune.json, which anyone may have written: `usual` where the key is missing or holds another
// type.
std::int64_t setting(const Json& settings, const char* key, std::int64_t usual);
double setting(const Json& settings, const char* key, double usual);
bool setting(const Json& settings, const char* key, bool usual);
std::string setting(const Json& settings, const char* key, const std::string& usual);

// Throws UsageError unless 3 <= max_length <= what the model takes.
void require_max_length(std::int64_t max_length, const BertConfig& config);

}  // namespace bertune::tasks
