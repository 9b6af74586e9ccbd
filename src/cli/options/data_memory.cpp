#include "cli/options/data_memory.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "bertune/error.h"
#include "cli/screen/launch.h"
#include "core/large_blocks.h"
#include "core/quoted.h"
#include "core/system_memory.h"

namespace bertune::cli {
namespace {

constexpr const char* kVariable = "BERTUNE_DATA_MEMORY";

// The bytes of "500MiB", "4GiB", or of a number alone.
std::optional<std::uint64_t> size_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(end, text.data() + text.size());
  const int shift = unit.empty() ? 0 : unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : -1;
  if (shift < 0 || number > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
  return number << shift;
}

}  // namespace

void settle_data_memory(int processes) {
  LargeBlocks large;
  const std::uint64_t available = available_memory();
  large.budget = available == 0 ? std::numeric_limits<std::uint64_t>::max()
                                : available / 2 / static_cast<std::uint64_t>(processes);
  if (const std::string given = variable(kVariable); !given.empty()) {
    const std::optional<std::uint64_t> size = size_of(given);
    if (!size)
      throw UsageError(fmt::format("{} is {}; it must be a size such as 4GiB, 500MiB, or bytes", kVariable,
                                   in_quotes(given)));
    large.budget = *size;
    // A small budget is one to try this with: then blocks of this size count as large.
    constexpr std::uint64_t kSmall = std::uint64_t{16} << 20;
    if (large.budget < kSmall) large.smallest = std::size_t{1} << 20;
  }
  const std::string folder = variable("TMPDIR");
  large.folder = folder.empty() ? "/var/tmp" : folder;
  keep_large_blocks(large);
}

}  // namespace bertune::cli
