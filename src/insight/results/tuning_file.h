// The file of a search for settings (`tune`), in the folder of its winner.
#pragma once

namespace bertune::insight {

inline constexpr const char* kTuningFile =
    "tuning.json";  // is there from the first trial on (docs/tuning.md)

}  // namespace bertune::insight
