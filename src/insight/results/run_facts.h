// Everything that a report says of a run, as values: made from the files of its folder, without the model.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/json.h"

namespace bertune::insight {

inline constexpr std::int64_t kMostMistakes = 50, kMostLabels = 200, kMostConfused = 30;

// Returns an object; what a run has no data for is absent:
//   "name", "task", "outcome", "labels" (their number), "version"
//   "headline": of "set" ("rows" of "in_all" in "path"): "metric", "value", "interval"; of shares "right" of
//   "of"; of what is
//     found and given "there", "said", "both"
//   "metrics": [{"name", "value", "interval"}]
//   "baselines": [{"name", "value", "interval"}] in the metric of the headline, as baselines.json beside it
//   says, and
//     "baseline_difference": {"best", "value", "interval"}, the model less the best of them; "plan": what
//     plan.json says; "findings": what
//   data_check.json says "run": {"epochs", "steps", "seconds", "tokens_per_second", "peak_mib", "train_rows",
//   "best_step", ...} "curves": {"loss": [[epoch, loss]], "evaluations": [[epoch, value, loss]], "metric"}
//   "seeds": of several runs {"count", "best" (seed or null), "chosen_by", "metrics": [{"name"
//   ("test_accuracy",
//     "eval_loss", ...), "mean", "std", "min", "max"}], "runs": [{"seed", metrics by name}]}, in the unit of
//     the result files
//   "labels_table": [{"label", "support", "predicted", "correct", "recall", "recall_interval", "precision",
//     "precision_interval", "f1"}]
//   "confusion": {"labels", "counts"} up to kMostConfused classes; "confused": [{"is", "said", "rows"}], the
//   most frequent "calibration": {"temperature", "claimed", "right", "error", "expected", "expected_high",
//   "nll", "brier", "groups"} "abstentions": {"chosen_on", "judged_on", "lines"} "errors_by_size": of numbers
//   [{"from", "to", "rows", "mae"}]; "points": [[right, said]], at most 500 "mistakes": [{"where", "text",
//   "text_pair", "right", "said", "score", "tokens"}], the surest first, at most kMostMistakes
//   "mistakes_shown", "mistakes_in_all": how many there are
//   "suspicious": labels that are probably wrong: {"sets", "unit", "issues", "items", "shown", "rows":
//   [{"where", "set",
//     "word", "text", "text_pair", "given", "score", "suggested", "suggested_score"}]}, the least likely
//     first
//   "tuning": of a search: {"metric", "greater_is_better", "winner", "why", "seconds", "trials": [{"number",
//   "settings", "steps", "total_steps", "score", "seconds", "outcome", "why", "difference",
//   "standard_error"}]}
//   "learning_curve": {"metric", "trained", "measured_rows", "points": [{"rows", "score", "low", "high"}],
//   "fit": {"a", "b", "c"}, "twice": {"rows", "score", "gain", "low", "high", "holds"}}
//   "suggestions": texts to label next: {"file", "by_margin", "rows_read", "suggested", "shown", "rows":
//   [{"where", "text", "text_pair", "predicted", "score"}]}
//   "lengths": {"groups": [{"from", "to", "rows", "value", "interval"}], "cut",
//   "windowed", "longest", "median", "decided": of texts in windows {"first", "last", "other"}} "long_text":
//   {"chosen", "measure", "compared", "values"} "files": [{"set", "path", "rows", "hash"}], "weights_hash"
//   "command", "settings" (the text of run.yaml)
// Throws Error where the folder has no predictions, or damaged files.
OrderedJson run_facts(const std::filesystem::path& folder);

}  // namespace bertune::insight
