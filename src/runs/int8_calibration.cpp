#include "runs/int8_calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bertune/error.h"
#include "tasks/trained_settings.h"
#include "train/evaluation.h"

namespace bertune::runs {
namespace {

constexpr std::int64_t kProbedRows = 256;  // behind the order of the parts

// The first rows of some examples.
class FirstRows : public tasks::Examples {
 public:
  explicit FirstRows(const tasks::Examples& all) : all_(all) {}
  std::int64_t rows() const override { return std::min(kProbedRows, all_.rows()); }
  std::int64_t tokens_of_first(std::int64_t rows) const override { return all_.tokens_of_first(rows); }
  void add_to(Batch& batch, std::int64_t row) const override { all_.add_to(batch, row); }
  std::string fingerprint() const override { return all_.fingerprint(); }

 private:
  const tasks::Examples& all_;
};

class Int8Calibrator {
 public:
  Int8Calibrator(BertPreTrainedModel& model, const tasks::Task& task, const tasks::Examples& examples,
                 const Int8CalibrationOptions& options)
      : model_(model), task_(task), examples_(examples), options_(options), parts_(model.encoder_parts()) {}

  Int8Calibration run() {
    Int8Calibration result;
    result.metric = task_.default_metric();
    const Metrics exact = measure(Precision::fp32, {}, "in fp32");
    result.rows = exact.rows, result.fp32 = exact.value(result.metric);
    result.int8 = measure(Precision::int8, {}, "in int8").value(result.metric);
    std::vector<std::string> order;
    const std::size_t most = parts_.size() / 2;
    for (std::size_t kept = 0; drop(result) > options_.max_drop;) {
      if (kept == most) throw too_much(result);
      kept = std::min(std::max<std::size_t>(1, 2 * kept), most);
      if (order.empty()) order = by_error();
      result.float32_parts.assign(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept));
      result.int8 = measure(Precision::int8, result.float32_parts,
                            fmt::format("with {} of {} parts in fp32", kept, parts_.size()))
                        .value(result.metric);
    }
    model_.set_precision(Precision::fp32, Precision::fp32);
    std::ranges::sort(result.float32_parts);
    return result;
  }

 private:
  // Per cent of the f32 model's metric that int8 loses.
  static double drop(const Int8Calibration& result) {
    const double change =
        greater_is_better(result.metric) ? result.fp32 - result.int8 : result.int8 - result.fp32;
    if (std::isnan(change)) return HUGE_VAL;
    return change <= 0 ? 0 : 100 * change / std::max(std::abs(result.fp32), 1e-12);
  }

  Error too_much(const Int8Calibration& result) const {
    return Error(
        fmt::format("int8 loses {:.2g}% of {} ({:.4g} instead of {:.4g} over {} rows), and {:g}% are "
                    "allowed, even with half of the "
                    "encoder in fp32; predict in bf16 or fp32, or allow more with `max_drop`",
                    drop(result), result.metric, result.int8, result.fp32, result.rows, options_.max_drop));
  }

  void use(Precision precision, std::vector<std::string> float32_parts) {
    model_.set_precision(Precision::fp32, precision);
    model_.set_float32_parts(std::move(float32_parts));
  }

  Metrics measure(Precision precision, std::vector<std::string> float32_parts, const std::string& what) {
    if (options_.progress) options_.progress("measuring " + what);
    use(precision, std::move(float32_parts));
    return train::evaluate(model_, task_, examples_, options_.batch_size, {}, options_.stop);
  }

  std::vector<float> logits() {
    std::vector<float> all;
    train::for_each_output(model_, FirstRows(examples_), options_.batch_size, options_.stop,
                           [&](std::int64_t, const Batch&, const ModelOutput& output) {
                             all.insert(all.end(), output.logits.begin(), output.logits.end());
                           });
    return all;
  }

  // The parts, those first whose rounding alone changes the logits most.
  std::vector<std::string> by_error() {
    if (options_.progress) options_.progress("measuring what each part of the encoder loses");
    use(Precision::fp32, {});
    const std::vector<float> exact = logits();
    std::vector<std::pair<double, std::string>> errors;
    for (const std::string& part : parts_) {
      std::vector<std::string> others = parts_;
      std::erase(others, part);
      use(Precision::int8, others);
      const std::vector<float> rounded = logits();
      double error = 0;
      for (std::size_t i = 0; i < exact.size(); ++i)
        error += (double{rounded[i]} - exact[i]) * (double{rounded[i]} - exact[i]);
      errors.emplace_back(error, part);
    }
    std::ranges::stable_sort(errors, std::ranges::greater(), &std::pair<double, std::string>::first);
    std::vector<std::string> order;
    for (auto& [error, part] : errors) order.push_back(std::move(part));
    return order;
  }

  BertPreTrainedModel& model_;
  const tasks::Task& task_;
  const tasks::Examples& examples_;
  const Int8CalibrationOptions& options_;
  std::vector<std::string> parts_;
};

}  // namespace

Json Int8Calibration::to_json() const {
  return {{tasks::keys::kFloat32Parts, float32_parts},
          {"metric", metric},
          {"rows", rows},
          {"fp32", fp32},
          {"int8", int8}};
}

Int8Calibration calibrate_int8(BertPreTrainedModel& model, const tasks::Task& task,
                               const tasks::Examples& examples, const Int8CalibrationOptions& options) {
  if (!(options.max_drop >= 0)) throw UsageError("max_drop", "`max_drop` must be at least 0");
  if (examples.rows() == 0) throw Error("there are no rows to calibrate with");
  return Int8Calibrator(model, task, examples, options).run();
}

}  // namespace bertune::runs
