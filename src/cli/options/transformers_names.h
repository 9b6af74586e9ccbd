// Names of Transformers' TrainingArguments (4.57 to 5.23) and of its scripts run_glue, run_classification,
// run_qa, run_ner, run_mlm and run_swag that are no options here. Those that are stand beside the options'
// own names, where they are declared.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::cli {

struct TransformersName {
  enum class Meaning {
    not_needed,        // what it asks for is always so
    no_effect,         // nothing that decides the model: devices, logs, hubs, how data is moved
    another_training,  // asks for what is not done here
  };

  std::string_view name;
  Meaning meaning;
  // Values that ask for nothing, with | between them: defaults, above all. No value at all is always one.
  std::string_view neutral;
  std::string_view why;  // or what to use
  bool takes_list = false;

  // HfArgumentParser takes `--name` alone, and `--no_name` where true is the default.
  bool is_boolean() const;
  bool is_neutral(std::string_view value) const;
};

// Finds the name, with - or _ between the words; null if there is no such name.
const TransformersName* transformers_name(std::string_view name);
std::vector<std::string> transformers_names();

// The words that HfArgumentParser takes for true and false.
std::optional<bool> boolean_word(std::string_view word);

// Returns a note on a value, empty if there is nothing to say. `called`: the name as the person reads it,
// `command`: the one that it was given to. Throws UsageError, `where` before it, where the value asks for
// another training.
std::string note_of(const TransformersName& name, std::string_view value, std::string_view called,
                    std::string_view command, std::string_view where = {});

}  // namespace bertune::cli
