#include "cli/screen/train_display.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <variant>

#include "bertune/config.h"
#include "bertune/threads.h"
#include "cli/screen/flag_words.h"
#include "cli/screen/ranks.h"
#include "core/counted.h"
#include "kernels/ops.h"
#include "report/data_report.h"
#include "report/metrics_report.h"
#include "report/table.h"

namespace bertune::cli {
namespace {

std::string model_line(const ModelLoaded& model) {
  const LoadReport& report = model.report;
  std::vector<std::string> fresh = report.newly_initialized;
  fresh.insert(fresh.end(), report.mismatched.begin(), report.mismatched.end());
  std::string line = fmt::format("Model {}: {} layers, hidden size {}, {} parameters; {} tensors loaded",
                                 model.folder.string(), model.num_hidden_layers, model.hidden_size,
                                 report::grouped(static_cast<long long>(model.parameters)), report.loaded);
  if (report.loaded == 0) {
    line += ", all newly initialized";
  } else if (!fresh.empty()) {
    line += ", newly initialized:";
    for (const std::string& name : fresh) line += " " + name;
    line += " (a new head is expected)";
  }
  if (model.trained_parameters < model.parameters) {
    line += fmt::format(
        "; {} trained, {:.2f}%", report::grouped(static_cast<long long>(model.trained_parameters)),
        100 * static_cast<double>(model.trained_parameters) / static_cast<double>(model.parameters));
  }
  if (!report.unexpected.empty()) {
    line += fmt::format(", {} of the checkpoint not used ({}{})", report.unexpected.size(),
                        report.unexpected.front(), report.unexpected.size() > 1 ? ", ..." : "");
  }
  return line;
}

}  // namespace

TrainDisplay::TrainDisplay(std::ostream& out, bool without_progress, bool silent)
    : out_(out),
      quiet_(without_progress || silent),
      silent_(silent),
      terminal_(report::terminal_of(STDERR_FILENO)) {}

void TrainDisplay::on(const Event& event) {
  std::visit([this](const auto& what) { show(what); }, event);
  if (!steps_) steps_began_ = report::monotonic_seconds();
}

void TrainDisplay::say(std::string_view line) {
  if (silent_) return;
  if (steps_ && !quiet_) {  // a quiet bar writes nothing
    steps_->message(with_flags(line));
  } else {
    out_ << with_flags(line) << '\n';
  }
}

void TrainDisplay::progress(std::string_view line) {
  if (!quiet_) say(line);
}

void TrainDisplay::show(const Note& note) { say("note: " + note.text); }

void TrainDisplay::show(const DataRead& data) {
  if (silent_) return;
  out_ << report::data_facts(*data.facts, {.style = report::Style(terminal_.colors), .render = with_flags});
}

void TrainDisplay::show(const TextRead& text) {
  const auto count = [](std::int64_t n, std::string_view thing) {
    return fmt::format("{} {}{}", report::grouped(n), thing, n == 1 ? "" : "s");
  };
  const std::string others =
      text.files.size() > 1 ? fmt::format(" and {} more", text.files.size() - 1) : std::string();
  say(fmt::format("{}{}: {}, {}, {}", text.files.front().string(), others, count(text.documents, "document"),
                  count(text.sentences, "sentence"), count(text.tokens, "token")));
}

void TrainDisplay::show(const ModelLoaded& model) {
  const int ranks = launched_ranks();
  say(fmt::format("{}\nTraining on {}{} with {} kernels{}", model_line(model),
                  ranks > 1 ? fmt::format("{} ranks, each on ", ranks) : std::string(),
                  counted(num_threads(), "thread"), kernels::ops().name,
                  model.precision == Precision::bf16
                      ? ", matrix multiplications in bf16 (--precision fp32 for f32)"
                      : ""));
}

void TrainDisplay::show(const RunPlanned& planned) {
  const bool fits = planned.plan.fits_memory() && planned.plan.fits_disk();
  const std::string line = (fits ? "Plan: " : "warning: ") + to_string(planned.plan);
  fits ? progress(line) : say(line);
}

void TrainDisplay::show(const LossChosen& loss) {
  const LossOptions& options = loss.options;
  if (options.label_smoothing > 0) say(fmt::format("note: label smoothing {}", options.label_smoothing));
  if (options.focal_gamma > 0) say(fmt::format("note: focal loss with gamma {}", options.focal_gamma));
  if (options.class_weights.empty()) return;
  constexpr std::size_t kMost = 20;
  std::string weights = "note: class weights:";
  for (std::size_t i = 0; i < std::min(kMost, options.class_weights.size()); ++i)
    weights += fmt::format("{} {} {:.4g}", i > 0 ? "," : "", loss.labels.at(i), options.class_weights[i]);
  if (options.class_weights.size() > kMost)
    weights += fmt::format(", and {} more (bertune.json has all)", options.class_weights.size() - kMost);
  say(weights);
}

void TrainDisplay::show(const Resumed& resumed) {
  resumed_step_ = resumed.step;
  say(resumed.checkpoint.empty()
          ? std::string(
                "note: --resume: the output folder has no checkpoint; training starts from the beginning")
          : fmt::format("Resuming after step {} from {}", resumed.step, resumed.checkpoint.string()));
}

void TrainDisplay::show(const StepEvent& step) {
  if (!steps_) {
    steps_.emplace(
        out_, "step", step.total_steps,
        report::ProgressOptions{
            .terminal = terminal_, .quiet = quiet_, .already_done = resumed_step_, .since = steps_began_});
    smooth_loss_ = step.loss;
  }
  tokens_ += step.tokens;
  smooth_loss_ += 0.05 * (step.loss - smooth_loss_);
  steps_->update(step.step, smooth_loss_, tokens_);
}

void TrainDisplay::show(const EvaluationProgress& progress) {
  if (!evaluation_) {
    if (steps_) steps_->pause();
    evaluation_.emplace(
        out_, "evaluating", progress.total_rows,
        report::ProgressOptions{.terminal = terminal_, .quiet = quiet_, .only_when_long = true});
  }
  evaluation_->update(progress.rows);
  if (progress.rows < progress.total_rows) return;
  evaluation_->finish();
  evaluation_.reset();
}

void TrainDisplay::show(const EvaluationEvent& evaluation) {
  // A ten-thousandth of an epoch says nothing to a person; the step does.
  const std::string when = evaluation.epoch < 0.01
                               ? fmt::format("step {}", evaluation.step)
                               : fmt::format("epoch {:.4g}", std::round(evaluation.epoch * 100) / 100);
  progress(fmt::format("{}: validation {}{}", when, report::metrics_line(evaluation.metrics),
                       evaluation.best ? "  (best so far)" : ""));
}

void TrainDisplay::show(const EarlyStop& stop) { say(stop.why); }

void TrainDisplay::show(const TrainingEnded& /*ended*/) {
  training_ended_ = true;
  finish();
}

void TrainDisplay::show(const FoldBegins& fold) {
  training_ended_ = false;
  resumed_step_ = tokens_ = 0;
  const std::string place =
      fold.given ? fmt::format(" ({} of {})", fold.fold + 1, fold.folds) : fmt::format(" of {}", fold.folds);
  progress(fmt::format("\nFold {}{}: trained on {}, measured on {}", report::printable(fold.name), place,
                       counted(fold.train_rows, "row"), fold.test_rows));
}

void TrainDisplay::show(const FoldEnded& fold) {
  progress(fold.done_before ? std::string("done before")
                            : fmt::format("fold {}: {}", report::printable(fold.name),
                                          report::metrics_line(fold.metrics)));
}

void TrainDisplay::show(const SeedBegins& run) {
  training_ended_ = false;
  resumed_step_ = tokens_ = 0;
  progress(fmt::format("\nSeed {} ({} of {})", run.seed, run.number + 1, run.seeds));
}

void TrainDisplay::show(const SeedEnded& run) {
  if (run.done_before) return progress("done before");
  std::string line = fmt::format("seed {}:", run.seed);
  if (run.validation) line += " validation " + report::metrics_line(*run.validation);
  if (run.test) line += (run.validation ? "; test " : " test ") + report::metrics_line(*run.test);
  progress(line);
}

void TrainDisplay::finish() {
  if (steps_) steps_->finish();
  steps_.reset(), evaluation_.reset();
}

}  // namespace bertune::cli
