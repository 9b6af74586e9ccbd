// Findings and the facts of data as JSON.
#pragma once

#include "bertune/findings.h"
#include "core/json.h"
#include "tasks/training_data.h"

namespace bertune::report {

// {"kind", "severity", "set", "rows", "of_rows", "text", "advice", "where", "labels", "examples", ...}; what
// does not apply is left out.
Json finding_json(const Finding& finding);

// {"sets": [{"name", "path", "rows", ...}], "labels": [{"label", "rows": {"train": 12}}], "findings": [...],
// "errors", "warnings", "notes"}.
Json facts_json(const tasks::DataFacts& facts);

}  // namespace bertune::report
