#include "cli/options/device_rows.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <system_error>

#include "cli/options/option_kinds.h"
#include "cli/screen/ranks.h"

namespace bertune::cli {

std::string for_all_ranks(const std::string& name, const std::string& value,
                          std::vector<std::string>& notes) {
  constexpr std::int64_t kMost = 1'000'000'000;  // above it, the option says what is wrong
  const std::string known = joined(name, '_');
  if (launched_ranks() == 1 ||
      (known != "per_device_train_batch_size" && known != "per_gpu_train_batch_size"))
    return value;
  std::int64_t rows = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), rows);
  if (error != std::errc() || end != value.data() + value.size() || rows > kMost) return value;
  notes.push_back(fmt::format("{} {} for each of {} processes is --batch-size {}", name, rows,
                              launched_ranks(), rows * launched_ranks()));
  return std::to_string(rows * launched_ranks());
}

}  // namespace bertune::cli
