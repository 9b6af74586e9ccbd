// The events of a run as JSON, for whoever watches it from another language.
#pragma once

#include "bertune/events.h"
#include "core/json.h"

namespace bertune::report {

// {"event": "step", "step": 3, "total_steps": 10, "loss": 0.4, ...}: the members of the event under their
// names, and its name in small letters. Numbers that are not finite become null when it is written.
Json event_json(const Event& event);

}  // namespace bertune::report
