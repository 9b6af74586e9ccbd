// The options by which an encoder that is not trained reads rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>

namespace bertune::insight {

struct Encoding {
  std::filesystem::path model, base = {};                                  // folders; base: of an adapter
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};  // in rows; may be empty
  std::stop_token stop = {};
};

}  // namespace bertune::insight
