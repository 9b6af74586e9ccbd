#include "runs/retries.h"

#include <fmt/format.h>

#include <cstddef>

#include "core/file.h"
#include "core/writing.h"
#include "distributed/ranks.h"
#include "train/checkpoints.h"

namespace bertune::runs {
namespace {

constexpr std::size_t kRetries = 2;
constexpr const char* kRetriesFile = "retries.json";

Json attempt_of(const train::TrainingArguments& arguments) {
  return {{"learning_rate", arguments.learning_rate}, {"seed", arguments.seed}};
}

void make_gentler(train::TrainingArguments& arguments) { arguments.learning_rate /= 2, ++arguments.seed; }

}  // namespace

bool may_retry(const TrainOptions& options) {
  return options.arguments.on_collapse == OnCollapse::retry && options.retries.size() < kRetries;
}

void try_more_gently(const train::Collapsed& collapsed, TrainOptions& options, train::Observer& observer) {
  train::TrainingArguments& arguments = options.arguments;
  Json attempt = attempt_of(arguments);
  attempt["collapsed"] = collapsed.what();
  options.retries.push_back(std::move(attempt));
  make_gentler(arguments);
  arguments.resume = false;
  arguments.resume_from_checkpoint.clear();
  if (distributed::is_first()) {
    train::remove_checkpoints_except(arguments.output_dir, {});
    write_file_atomically(arguments.output_dir / kRetriesFile, dump_json(options.retries));
  }
  observer.on(Note{fmt::format("{}. Starting over with `learning_rate={:.3g}` and `seed={}`",
                               collapsed.what(), arguments.learning_rate, arguments.seed)});
}

void continue_attempt(TrainOptions& options, train::Observer& observer) {
  const fs::path path = options.arguments.output_dir / kRetriesFile;
  const auto read = [&]() -> std::string {
    if (!path_exists(path)) return "";
    if (options.arguments.resume) return read_file(path, 1 << 20);
    writing::unlink(path);
    return "";
  };
  const std::string text = distributed::from_first(read, "the attempts so far");
  if (text.empty()) return;
  const Json attempts = parse_json(text, path.string());
  if (!attempts.is_array() || attempts.size() > kRetries) return;
  train::TrainingArguments arguments = options.arguments;
  for (const Json& attempt : attempts) {
    Json own = attempt.is_object() ? attempt : Json::object();
    own.erase("collapsed");
    if (own != attempt_of(arguments)) return;  // of other options, which the checkpoints refuse
    make_gentler(arguments);
  }
  options.arguments = std::move(arguments);
  options.retries = attempts;
  observer.on(
      Note{fmt::format("training collapsed before: this is attempt {}, with `learning_rate={:.3g}` "
                       "and `seed={}`",
                       attempts.size() + 1, options.arguments.learning_rate, options.arguments.seed)});
}

}  // namespace bertune::runs
