// Names of Transformers' TrainingArguments, 4.57 to 5.23, that are no options here: a file that its
// to_json_string() wrote holds all of them.
#pragma once

#include <string_view>

namespace bertune::cli {

enum class TransformersName {
  unknown,
  without_meaning,  // nothing that decides the model: devices, logs, hubs, how data is moved
  decides,          // asks for another training
};

TransformersName transformers_name(std::string_view key);

// The value of such a name that asks for nothing, as JSON.
std::string_view neutral_value(std::string_view key);

}  // namespace bertune::cli
