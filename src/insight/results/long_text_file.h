// The file of a comparison of ways to read long texts, in the folder of its run.
#pragma once

namespace bertune::insight {

inline constexpr const char* kLongTextFile =
    "long_text.json";  // what insight/data/long_text_choice.h has found

}  // namespace bertune::insight
