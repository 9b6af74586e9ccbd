#include "cli/commands/explain_options.h"

#include <CLI/CLI.hpp>

#include "bertune/error.h"
#include "cli/screen/interrupt.h"

namespace bertune::cli {

void ExplainFlags::add_to(CLI::App& command, const std::string& group, bool top_is_free) {
  CLI::Option* const all[] = {
      command
          .add_option("--method", method,
                      "leave-one-out (what the score loses without a word), integrated-gradients, or auto: "
                      "the first up to 100 words")
          ->capture_default_str(),
      command
          .add_option("--target", values.target,
                      "Class, label or tag to explain (default: what is predicted)")
          ->type_name("LABEL"),
      command
          .add_option(top_is_free ? "--top,--top-words" : "--top-words", top,
                      top_is_free ? "Words to show as text, those that contribute most"
                                  : "Words in a line of CSV, those that contribute most")
          ->capture_default_str(),
      command
          .add_option(
              "--max-steps", values.max_steps,
              "Integrated gradients: steps at most; they are doubled until the contributions add up to 1%")
          ->capture_default_str()};
  if (group.empty()) return;
  for (CLI::Option* option : all) option->group(group);
}

ExplainOptions ExplainFlags::options() const {
  if (top < 0) throw UsageError("top_words", "`top_words` must be at least 0");
  ExplainOptions options = values;
  options.method = explain_method_from_string(method);
  return options;
}

void stop_where_asked() {
  if (interrupt_token().stop_requested())
    throw Interrupted("stopped while explaining; the output is not complete");
}

}  // namespace bertune::cli
