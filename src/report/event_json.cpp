#include "report/event_json.h"

#include "report/finding_json.h"
#include "runs/results.h"

namespace bertune::report {
namespace {

struct EventWriter {
  Json operator()(const Note& note) const { return {{"event", "note"}, {"text", note.text}}; }
  Json operator()(const DataRead& data) const {
    Json findings = Json::array();
    for (const Finding& finding : data.findings) findings.push_back(finding_json(finding));
    return {{"event", "data_read"},
            {"train_rows", data.train_rows},
            {"validation_rows", data.validation_rows},
            {"test_rows", data.test_rows},
            {"findings", std::move(findings)}};
  }
  Json operator()(const TextRead& text) const {
    return {{"event", "text_read"},
            {"documents", text.documents},
            {"sentences", text.sentences},
            {"tokens", text.tokens}};
  }
  Json operator()(const ModelLoaded& model) const {
    return {{"event", "model_loaded"},
            {"folder", model.folder.string()},
            {"num_hidden_layers", model.num_hidden_layers},
            {"hidden_size", model.hidden_size},
            {"parameters", model.parameters},
            {"trained_parameters", model.trained_parameters}};
  }
  Json operator()(const RunPlanned& planned) const {
    const RunPlan& plan = planned.plan;
    return {{"event", "run_planned"},
            {"text", to_string(plan)},
            {"steps_per_epoch", plan.steps_per_epoch},
            {"total_steps", plan.total_steps},
            {"memory_bytes", plan.memory()},
            {"disk_bytes", plan.disk}};
  }
  Json operator()(const LossChosen& loss) const {
    return {{"event", "loss_chosen"}, {"labels", loss.labels}};
  }
  Json operator()(const Resumed& resumed) const {
    return {{"event", "resumed"}, {"step", resumed.step}, {"checkpoint", resumed.checkpoint.string()}};
  }
  Json operator()(const StepEvent& step) const {
    return {{"event", "step"},
            {"step", step.step},
            {"total_steps", step.total_steps},
            {"epoch", step.epoch},
            {"loss", step.loss},
            {"learning_rate", step.learning_rate},
            {"gradient_norm", step.gradient_norm},
            {"tokens", step.tokens}};
  }
  Json operator()(const EvaluationProgress& progress) const {
    return {{"event", "evaluation_progress"}, {"rows", progress.rows}, {"total_rows", progress.total_rows}};
  }
  Json operator()(const EvaluationEvent& evaluation) const {
    return {{"event", "evaluation"},
            {"epoch", evaluation.epoch},
            {"step", evaluation.step},
            {"best", evaluation.best},
            {"metrics", runs::metric_values(evaluation.metrics)}};
  }
  Json operator()(const EarlyStop& stop) const { return {{"event", "early_stop"}, {"why", stop.why}}; }
  Json operator()(const CheckpointSaved& saved) const {
    return {{"event", "checkpoint_saved"}, {"folder", saved.folder.string()}};
  }
  Json operator()(const TrainingEnded& ended) const {
    return {{"event", "training_ended"}, {"step", ended.step}};
  }
  Json operator()(const ModelSaved& saved) const {
    return {{"event", "model_saved"}, {"folder", saved.folder.string()}};
  }
  Json operator()(const Tested& tested) const {
    return {{"event", "tested"}, {"metrics", runs::metric_values(tested.metrics)}};
  }
  Json operator()(const FoldBegins& fold) const {
    return {{"event", "fold_begins"},        {"fold", fold.fold},
            {"folds", fold.folds},           {"name", fold.name},
            {"train_rows", fold.train_rows}, {"test_rows", fold.test_rows}};
  }
  Json operator()(const FoldEnded& fold) const {
    return {{"event", "fold_ended"},
            {"fold", fold.fold},
            {"folds", fold.folds},
            {"name", fold.name},
            {"metrics", runs::metric_values(fold.metrics)}};
  }
  Json operator()(const SeedBegins& run) const {
    return {{"event", "seed_begins"}, {"seed", run.seed}, {"number", run.number}, {"seeds", run.seeds}};
  }
  Json operator()(const SeedEnded& run) const {
    Json json = {{"event", "seed_ended"}, {"seed", run.seed}, {"number", run.number}, {"seeds", run.seeds}};
    if (run.validation) json["validation"] = runs::metric_values(*run.validation);
    if (run.test) json["test"] = runs::metric_values(*run.test);
    return json;
  }
  Json operator()(const TrialBegins& trial) const {
    return {{"event", "trial_begins"},
            {"number", trial.number},
            {"settings", trial.settings},
            {"from_step", trial.from_step},
            {"to_step", trial.to_step},
            {"total_steps", trial.total_steps},
            {"seconds_left", trial.seconds_left ? Json(*trial.seconds_left) : Json()}};
  }
  Json operator()(const TrialEnded& trial) const {
    return {{"event", "trial_ended"},   {"number", trial.number},
            {"outcome", trial.outcome}, {"step", trial.step},
            {"metric", trial.metric},   {"score", trial.score ? Json(*trial.score) : Json()},
            {"seconds", trial.seconds}, {"total_steps", trial.total_steps}};
  }
};

}  // namespace

Json event_json(const Event& event) { return std::visit(EventWriter{}, event); }

}  // namespace bertune::report
