#include "train/run_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <system_error>

#include "bertune/error.h"
#include "checkpoint/safetensors.h"
#include "core/file.h"
#include "kernels/host_access.h"

namespace bertune::train {
namespace {

constexpr const char* kOptimizerFile = "optimizer.safetensors";
constexpr const char* kStateFile = "trainer_state.json";

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

std::vector<fs::path> checkpoints(const fs::path& output_dir) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(output_dir, error)) {
    if (step_of(entry.path())) found.push_back(entry.path());
  }
  std::ranges::sort(found, {}, [](const fs::path& path) { return *step_of(path); });
  return found;
}

void save_optimizer(const fs::path& path, optim::Optimizer& optimizer) {
  std::vector<checkpoint::TensorView> tensors;
  std::deque<kernels::HostView<float>> views;
  for (const optim::Optimizer::State& state : optimizer.state()) {
    const std::span<const float> values =
        state.on_host ? state.values : views.emplace_back().see(state.values);
    tensors.push_back(checkpoint::f32_view(state.name, {static_cast<std::int64_t>(values.size())}, values));
  }
  checkpoint::write_safetensors(
      path, std::move(tensors),
      {{"optimizer", std::string(optimizer.name())}, {"step", std::to_string(optimizer.steps())}});
}

void load_optimizer(const fs::path& path, optim::Optimizer& optimizer, std::int64_t step) {
  const checkpoint::SafetensorsFile file(path);
  std::vector<std::string> names;
  for (const checkpoint::StoredTensor& tensor : file.tensors()) names.push_back(tensor.name);
  optimizer.expect_state(names);
  for (const optim::Optimizer::State& state : optimizer.state()) {
    const auto index = file.find(state.name);
    if (!index || file.tensors()[*index].elements != state.values.size()) {
      throw Error(
          fmt::format("{}: holds no \"{}\" for {} numbers; the checkpoint is of another model or optimizer",
                      path.string(), state.name, state.values.size()));
    }
    const auto read = [&](std::span<float> values) { file.read_f32(*index, values); };
    state.on_host ? read(state.values) : kernels::write_on_host(state.values, read);
  }
  optimizer.set_steps(step);
}

// What trainer_state.json keeps under "bertune", beside the identity of the run: calls field(key, member) for
// each.
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
                    "Resume with the same settings, or start anew with `overwrite`.",
                    checkpoint.string(), differences));
  }
}

// What Transformers' EarlyStoppingCallback keeps.
Json stateful_callbacks(const RunState& state, const Json& arguments) {
  const Json& patience = arguments.at("early_stopping_patience");
  if (patience == 0) return Json::object();
  return {{"EarlyStoppingCallback",
           {{"args",
             {{"early_stopping_patience", patience},
              {"early_stopping_threshold", arguments.at("early_stopping_threshold")}}},
            {"attributes", {{"early_stopping_patience_counter", state.evaluations_without_gain}}}}}};
}

}  // namespace

fs::path checkpoint_path(const fs::path& output_dir, std::int64_t step) {
  return output_dir / fmt::format("checkpoint-{}", step);
}

Json trainer_state(const RunState& state, const Json& arguments, const StepPlan& plan,
                   const fs::path& output_dir) {
  const bool has_best = state.best_metric.has_value();
  const bool counts_steps = arguments.at("max_steps") > 0;  // instead of epochs
  const std::int64_t steps_per_epoch = plan.steps_per_epoch, eval_steps = arguments.at("eval_steps");
  const Json epochs = counts_steps ? Json((plan.total_steps + steps_per_epoch - 1) / steps_per_epoch)
                                   : arguments.at("num_train_epochs");
  return {{"best_global_step", has_best ? Json(state.best_step) : Json()},
          {"best_metric", has_best ? Json(*state.best_metric) : Json()},
          {"best_model_checkpoint",
           has_best ? Json(checkpoint_path(output_dir, state.best_step).string()) : Json()},
          {"epoch", static_cast<double>(state.global_step) / static_cast<double>(steps_per_epoch)},
          {"eval_steps", eval_steps > 0 ? eval_steps : steps_per_epoch},
          {"global_step", state.global_step},
          {"is_hyper_param_search", false},
          {"is_local_process_zero", true},
          {"is_world_process_zero", true},
          {"log_history", state.log_history},
          {"logging_steps", 1},
          {"max_steps", plan.total_steps},
          {"num_input_tokens_seen", state.tokens},
          {"num_train_epochs", epochs},
          {"save_steps", steps_per_epoch},
          {"stateful_callbacks", stateful_callbacks(state, arguments)},
          {"total_flos", 0.0},
          {"train_batch_size", arguments.at("train_batch_size")},
          {"trial_name", Json()},
          {"trial_params", Json()}};
}

void save_checkpoint(const fs::path& output_dir, const BertPreTrainedModel& model,
                     const BertTokenizer& tokenizer, optim::Optimizer& optimizer, const RunState& state,
                     const RunIdentity& identity, const StepPlan& plan) {
  AtomicDirectory folder(checkpoint_path(output_dir, state.global_step));
  model.save_weights(folder.path());
  save_tokenizer(folder.path(), tokenizer, model.config());
  save_optimizer(folder.path() / kOptimizerFile, optimizer);
  Json file = trainer_state(state, identity.arguments, plan, output_dir);
  file["bertune"] = private_state(state, identity);
  write_file_atomically(folder.path() / kStateFile, dump_json(file));
  folder.commit();
}

fs::path newest_checkpoint(const fs::path& output_dir) {
  std::vector<fs::path> found = checkpoints(output_dir);
  std::ranges::reverse(found);
  for (const fs::path& path : found) {
    std::error_code error;
    if (fs::exists(path / kStateFile, error) && fs::exists(path / kOptimizerFile, error) &&
        (fs::exists(path / "model.safetensors", error) ||
         fs::exists(path / "adapter_model.safetensors", error))) {
      return path;
    }
  }
  return {};
}

RunState load_checkpoint(const fs::path& checkpoint, BertPreTrainedModel& model, optim::Optimizer& optimizer,
                         const RunIdentity& identity) {
  const std::string where = (checkpoint / kStateFile).string();
  const Json file = parse_json(read_file(checkpoint / kStateFile), where);
  RunState state;
  try {
    const Json& own = file.at("bertune");
    require_same_run(checkpoint, own, identity);
    state.global_step = file.at("global_step");
    for_each_field(state, [&](const char* key, auto& value) { own.at(key).get_to(value); });
    state.log_history = file.at("log_history");
    if (!file.at("best_metric").is_null()) {
      state.best_metric = file.at("best_metric").get<double>();
      state.best_step = file.at("best_global_step");
    }
  } catch (const Json::exception& error) {
    throw Error(fmt::format(
        "{}: is damaged, or was not written by bertune ({}); remove {} to resume from an earlier one", where,
        error.what(), checkpoint.string()));
  }
  model.load_weights(checkpoint);
  load_optimizer(checkpoint / kOptimizerFile, optimizer, state.global_step);
  model.dropout_state().step = state.dropout_step;
  return state;
}

void remove_checkpoints_except(const fs::path& output_dir, const std::vector<std::int64_t>& steps) {
  std::error_code ignored;
  for (const fs::path& path : checkpoints(output_dir))
    if (std::ranges::find(steps, *step_of(path)) == steps.end()) fs::remove_all(path, ignored);
  // What a process that was killed had begun to write.
  std::vector<fs::path> begun;
  for (fs::directory_iterator entry(output_dir, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    const fs::path& path = entry->path();
    if (path.filename().string().starts_with("checkpoint-") && is_temporary(path)) begun.push_back(path);
  }
  for (const fs::path& path : begun) fs::remove_all(path, ignored);
}

}  // namespace bertune::train
