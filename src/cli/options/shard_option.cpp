#include "cli/options/shard_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "bertune/error.h"

namespace bertune::cli {
namespace {

constexpr std::int64_t kMostShards = 99'999;  // five digits, as in the names of parts

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

// A job that has started this process.
class Job {
 public:
  explicit Job(const Environment& environment) : environment_(environment) {}

  std::optional<std::int64_t> number(const char* name) const { return whole_number(environment_(name)); }

  // The shard of a task of an array. Where only some tasks of a larger array are run again, their numbers do
  // not say what they are of.
  std::optional<data::Shard> of_array() const {
    const auto id = number("SLURM_ARRAY_TASK_ID"), count = number("SLURM_ARRAY_TASK_COUNT");
    if (!id || !count) return std::nullopt;
    const std::int64_t first = number("SLURM_ARRAY_TASK_MIN").value_or(0),
                       step = std::max<std::int64_t>(number("SLURM_ARRAY_TASK_STEP").value_or(1), 1),
                       last = number("SLURM_ARRAY_TASK_MAX").value_or(first + (*count - 1) * step);
    if (last - first != (*count - 1) * step || (*id - first) % step != 0) {
      throw UsageError(fmt::format(
          "--shard auto: the array's {} tasks, {} to {}, are not all of an array; give --shard I/N, "
          "such as --shard $SLURM_ARRAY_TASK_ID/16",
          *count, first, last));
    }
    return data::Shard{(*id - first) / step, *count};
  }

  std::optional<data::Shard> of_rank() const {
    std::vector<RankVariables> all(kMpiVariables.begin(), kMpiVariables.end());
    all.push_back({"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"});
    for (const RankVariables& names : all) {
      const auto rank = number(names.rank), size = number(names.size);
      if (rank && size) return data::Shard{*rank, *size};
    }
    return std::nullopt;
  }

 private:
  const Environment& environment_;
};

data::Shard checked(const data::Shard& shard, const std::string& text) {
  if (shard.count >= 1 && shard.count <= kMostShards && shard.index >= 0 && shard.index < shard.count)
    return shard;
  throw UsageError(
      fmt::format("--shard {}: there is no shard {} of {}; they count from 0, and there are at most {}", text,
                  shard.index, shard.count, kMostShards));
}

}  // namespace

data::Shard shard_from_string(const std::string& text, const Environment& environment) {
  if (text == "auto") {
    const Job job(environment);
    const std::optional<data::Shard> array = job.of_array(), rank = job.of_rank();
    if (array && rank)
      return checked({array->index * rank->count + rank->index, array->count * rank->count}, text);
    if (array || rank) return checked(array ? *array : *rank, text);
    throw UsageError(
        "--shard auto: neither a Slurm array (SLURM_ARRAY_TASK_ID) nor a launcher of ranks (mpirun, srun) "
        "has started this; give --shard I/N, such as --shard 0/16");
  }
  const std::size_t slash = text.find('/');
  const auto index = whole_number(std::string_view(text).substr(0, slash)),
             count =
                 slash == text.npos ? std::nullopt : whole_number(std::string_view(text).substr(slash + 1));
  if (!index || !count)
    throw UsageError(
        fmt::format("--shard is \"{}\"; it must be I/N, such as 0/16 for the first of 16, or auto", text));
  return checked({*index, *count}, text);
}

}  // namespace bertune::cli
