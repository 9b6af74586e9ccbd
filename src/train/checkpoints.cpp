#include "train/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/writing.h"
#include "distributed/ranks.h"
#include "kernels/host_access.h"
#include "train/manifest.h"
#include "train/optimizer_file.h"

namespace bertune::train {
namespace {

constexpr const char* kOptimizerFile = "optimizer.safetensors";
constexpr const char* kStateFile = "trainer_state.json";

// Visits what trainer_state.json keeps under "bertune", beside the identity of the run: calls field(key,
// member) for each.
template <typename State, typename Field>
void for_each_field(State& state, const Field& field) {
  field("dropout_step", state.dropout_step);
  field("evaluated_step", state.evaluated_step);
  field("evaluations_without_gain", state.evaluations_without_gain);
  field("logged_loss_sum", state.logged_loss_sum);
  field("logged_step", state.logged_step);
  field("loss_sum", state.loss_sum);
  field("runtime", state.runtime);
  field("schedule", state.schedule);
  field("tokens", state.tokens);
}

Json private_state(const RunState& state, const RunIdentity& identity) {
  Json json = {{"arguments", identity.arguments}, {"data_fingerprint", identity.data_fingerprint}};
  for_each_field(state, [&](const char* key, const auto& value) { json[key] = value; });
  if (state.shards > 1) json["shards"] = state.shards;
  return json;
}

void require_same_run(const fs::path& checkpoint, const Json& saved, const RunIdentity& identity) {
  std::string differences;
  for (const auto& [key, value] : identity.arguments.items()) {
    const Json before = saved.at("arguments").value(key, Json());
    if (before != value)
      differences += fmt::format("\n  {}: {} then, {} now", key, before.dump(), value.dump());
  }
  if (saved.at("data_fingerprint") != identity.data_fingerprint) {
    differences += "\n  the training data, its labels or their tokens";
  }
  if (!differences.empty()) {
    throw UsageError(
        fmt::format("{}: cannot resume, for these are not as they were:{}\n"
                    "Resume with the same settings, or start over with `overwrite`.",
                    checkpoint.string(), differences));
  }
}

// A count in [0, most]; a negative or huge one would have the run continue for ever.
std::int64_t count_in(const Json& json, const char* key, std::int64_t most) {
  const Json& value = json.at(key);
  const std::int64_t count = value.is_number_integer() ? value.get<std::int64_t>() : -1;
  if (count < 0 || count > most)
    throw Error(
        fmt::format("{}: \"{}\" is {}, which is not in [0, {}]", kStateFile, key, value.dump(), most));
  return count;
}

RunState state_of(const Json& file, const Json& own, std::int64_t total_steps) {
  RunState state;
  state.global_step = count_in(file, "global_step", total_steps);
  for (const char* key : {"evaluated_step", "evaluations_without_gain", "logged_step"})
    count_in(own, key, state.global_step);
  for (const char* key : {"dropout_step", "tokens"})
    count_in(own, key, std::numeric_limits<std::int64_t>::max());
  for_each_field(state, [&](const char* key, auto& value) { own.at(key).get_to(value); });
  state.shards = own.contains("shards") ? count_in(own, "shards", 65536) : 1;
  state.log_history = file.at("log_history");
  if (!file.at("best_metric").is_null()) {
    state.best_metric = file.at("best_metric").get<double>();
    state.best_step = count_in(file, "best_global_step", state.global_step);
  }
  return state;
}

// trainer_state.json, which anyone may have written: null where it is no object.
Json state_file(const fs::path& folder) {
  try {
    Json file = parse_json(read_file(folder / kStateFile), kStateFile);
    return file.is_object() ? file : Json();
  } catch (const Error&) {
    return {};
  }
}

struct Damage {
  std::string text;      // empty: there is none
  bool of_best = false;  // of the checkpoint that holds the best weights of the run, and not of this one
};

Damage damage_with_best(const fs::path& checkpoint, const fs::path& output_dir) {
  if (std::string damage = damage_of(checkpoint); !damage.empty()) return {std::move(damage)};
  const Json file = state_file(checkpoint);
  if (file.is_null()) return {fmt::format("{} is damaged", kStateFile)};
  const Json best = file.value("best_global_step", Json());
  if (!best.is_number_integer() || best == file.value("global_step", Json())) return {};
  const fs::path path = checkpoint_path(output_dir, best);
  const std::string damage = damage_of(path);
  if (damage.empty()) return {};
  return {fmt::format("its best weights are in {}, where {}", path.filename().string(), damage), true};
}

}  // namespace

std::optional<std::int64_t> step_of(const fs::path& checkpoint) {
  const std::string name = checkpoint.filename().string();
  constexpr std::string_view kPrefix = "checkpoint-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto [stopped, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (error != std::errc() || stopped != end || step < 0) return std::nullopt;
  return step;
}

fs::path checkpoint_path(const fs::path& output_dir, std::int64_t step) {
  return output_dir / fmt::format("checkpoint-{}", step);
}

std::vector<fs::path> checkpoints(const fs::path& output_dir) {
  std::vector<fs::path> found;
  for (fs::path& entry : readable_entries_of(output_dir))
    if (step_of(entry)) found.push_back(std::move(entry));
  std::ranges::sort(found, {}, [](const fs::path& path) { return *step_of(path); });
  return found;
}

void save_checkpoint(const fs::path& output_dir, const BertPreTrainedModel& model,
                     const BertTokenizer& tokenizer, optim::Optimizer& optimizer, const RunState& state,
                     const RunIdentity& identity, const StepPlan& plan) {
  AtomicDirectory folder(checkpoint_path(output_dir, state.global_step));
  model.save_weights(folder.path());
  save_tokenizer(folder.path(), tokenizer, model.config());
  save_optimizer(folder.path() / kOptimizerFile, optimizer, model.parameters());
  Json file = trainer_state(state, identity.arguments, plan, output_dir);
  file["bertune"] = private_state(state, identity);
  write_file_atomically(folder.path() / kStateFile, dump_json(file));
  write_manifest(folder.path());
  folder.commit();
}

ChosenCheckpoint newest_whole_checkpoint(const fs::path& output_dir) {
  ChosenCheckpoint chosen;
  fs::path without_best;
  std::vector<fs::path> found = checkpoints(output_dir);
  std::ranges::reverse(found);
  for (const fs::path& path : found) {
    const Damage damage = damage_with_best(path, output_dir);
    if (damage.text.empty()) {
      chosen.folder = path;
      return chosen;
    }
    if (damage.of_best && without_best.empty()) without_best = path;
    chosen.damaged.push_back(fmt::format("{}: {}", path.string(), damage.text));
  }
  if (!without_best.empty()) {
    chosen.folder = without_best;
    chosen.lost_best = true;
  } else if (!found.empty()) {
    throw Error(
        fmt::format("no checkpoint is whole, so that there is nothing to resume from:\n  {}\nStart over with "
                    "`overwrite`.",
                    fmt::join(chosen.damaged, "\n  ")));
  }
  return chosen;
}

void finish_run(const fs::path& output_dir, const RunState& state, const RunIdentity& identity,
                const StepPlan& plan, bool keep_checkpoints) {
  Json file = trainer_state(state, identity.arguments, plan, output_dir);
  file["bertune"] = {{"arguments", identity.arguments},
                     {"data_fingerprint", identity.data_fingerprint},
                     {"base_weights", identity.base_weights},
                     {"keep_checkpoints", keep_checkpoints}};
  write_file_atomically(output_dir / kStateFile, dump_json(file));
  if (!keep_checkpoints) remove_checkpoints_except(output_dir, {});
}

bool is_finished(const fs::path& output_dir, const RunIdentity& identity) {
  const bool has_model =
      path_exists(output_dir / "model.safetensors") || path_exists(output_dir / "adapter_model.safetensors");
  if (!has_model) return false;
  const Json file = state_file(output_dir);
  const Json own = file.is_object() ? file.value("bertune", Json()) : Json();
  // The run is not known to be finished if the file is not Bertune's, or damaged.
  if (!own.is_object() || own.value("arguments", Json()) != identity.arguments ||
      own.value("data_fingerprint", Json()) != identity.data_fingerprint ||
      own.value("base_weights", Json()) != identity.base_weights)
    return false;
  if (own.value("keep_checkpoints", Json()) == false) remove_checkpoints_except(output_dir, {});
  return true;
}

void require_whole(const fs::path& checkpoint) {
  if (const std::string damage = damage_of(checkpoint); !damage.empty())
    throw Error(fmt::format("{}: {}; the checkpoint is damaged", checkpoint.string(), damage));
}

RunState load_checkpoint(const fs::path& checkpoint, BertPreTrainedModel& model, optim::Optimizer& optimizer,
                         const RunIdentity& identity) {
  const std::string where = (checkpoint / kStateFile).string();
  const Json file = parse_json(
      distributed::from_first([&] { return read_file(checkpoint / kStateFile); }, "the checkpoint"), where);
  RunState state;
  try {
    const Json& own = file.at("bertune");
    require_same_run(checkpoint, own, identity);
    state = state_of(file, own, identity.arguments.at("total_steps"));
  } catch (const Json::exception& error) {
    throw Error(fmt::format("{}: was not written by bertune, or by another version of it ({})", where,
                            message_of(error)));
  }
  if (distributed::is_first()) model.load_weights(checkpoint);
  share_weights(model);
  load_optimizer(checkpoint / kOptimizerFile, optimizer, model.parameters(), state.global_step);
  model.dropout_state().step = state.dropout_step;
  return state;
}

std::string hash_of_weights(const BertPreTrainedModel& model) {
  kernels::HostView<float> view;
  return hash_of(view.see(model.parameters().values()));
}

void share_weights(BertPreTrainedModel& model) {
  distributed::Ranks* ranks = distributed::current();
  if (ranks == nullptr) return;
  kernels::change_on_host(model.parameters().values(), [&](std::span<float> values) {
    ranks->broadcast(std::as_writable_bytes(values), "the weights");
  });
}

void remove_checkpoints_except(const fs::path& output_dir, const std::vector<std::int64_t>& steps) {
  for (const fs::path& path : checkpoints(output_dir))
    if (std::ranges::find(steps, *step_of(path)) == steps.end()) writing::remove_tree(path);
  // A process that was killed may have left folders that it had begun to write.
  for (const fs::path& path : readable_entries_of(output_dir))
    if (path.filename().string().starts_with("checkpoint-") && is_temporary(path)) writing::remove_tree(path);
}

}  // namespace bertune::train
