// The options of explanations, in the commands that explain.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "bertune/explain.h"

namespace bertune::cli {

struct ExplainFlags {
  std::string method = "auto";
  std::int64_t top = 5;
  ExplainOptions values;

  // Declares them, of these `group` in the help ("": the options' own). The words to show are --top-words,
  // and --top too where that means nothing else.
  void add_to(CLI::App& command, const std::string& group, bool top_is_free);
  // Returns those of an Explainer. Throws UsageError for an unknown method, or fewer than no words.
  ExplainOptions options() const;
};

// Throws Interrupted where somebody has asked for the end; for between the passes of an explanation.
void stop_where_asked();

}  // namespace bertune::cli
