// Parts of a model stay f32 where int8 would lose too much.
#include "runs/int8_calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "bertune/error.h"
#include "support/tiny_checkpoint.h"

namespace bertune::runs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Rows : public tasks::Examples {
 public:
  std::int64_t rows() const override { return 12; }
  std::int64_t tokens_of_first(std::int64_t rows) const override { return 6 * rows; }
  std::string fingerprint() const override { return "rows"; }
  void add_to(Batch& batch, std::int64_t row) const override {
    std::vector<std::int32_t> ids = {2};
    for (std::int64_t t = 0; t < 5; ++t) ids.push_back(static_cast<std::int32_t>(5 + (row * 7 + t * 3) % 40));
    batch.add(ids, {});
  }
};

// The metric says how near logits are to those that the model had when the task was made: 1 minus the share
// of their squares that the differences have.
class Nearness : public tasks::TaskOf<Rows> {
 public:
  explicit Nearness(std::vector<float> exact) : exact_(std::move(exact)) {}
  std::string_view name() const override { return "nearness"; }
  Architecture architecture() const override { return Architecture::sequence_classification; }
  void describe_head(LoadOptions&) const override {}
  std::string default_metric() const override { return "nearness"; }

 private:
  class Scorer : public tasks::Scorer {
   public:
    explicit Scorer(const std::vector<float>& exact) : exact_(exact) {}
    void add(std::int64_t, const Batch&, const ModelOutput& output) override {
      found_.insert(found_.end(), output.logits.begin(), output.logits.end());
    }
    Metrics result() const override {
      double squares = 0, differences = 0;
      for (std::size_t i = 0; i < exact_.size(); ++i) {
        squares += exact_[i] * exact_[i];
        differences += (found_[i] - exact_[i]) * (found_[i] - exact_[i]);
      }
      Metrics metrics;
      metrics.rows = static_cast<std::int64_t>(exact_.size());
      metrics.values = {{"nearness", 1 - std::sqrt(differences / squares)}};
      return metrics;
    }

   private:
    const std::vector<float>& exact_;
    std::vector<float> found_;
  };
  std::unique_ptr<tasks::Recorder> recorder_of(const Rows&, tasks::UseRecord) const override {
    return nullptr;
  }
  std::unique_ptr<tasks::Scorer> scorer_of(const Rows&) const override {
    return std::make_unique<Scorer>(exact_);
  }

  std::vector<float> exact_;
};

class Int8Calibrations : public ::testing::Test {
 protected:
  Int8Calibrations() : model_(made(files_.path() / "model")) {}

  static BertPreTrainedModel made(const std::filesystem::path& folder) {
    testing::write_tiny_checkpoint(folder);
    BertPreTrainedModel model =
        BertPreTrainedModel::from_pretrained(folder, Architecture::sequence_classification);
    // One weight is so large that the others of its row are rounded to nothing.
    std::span<float> row = model.parameters().value("bert.encoder.layer.0.output.dense.weight");
    const std::size_t width = static_cast<std::size_t>(model.config().intermediate_size);
    for (std::size_t i = 0; i < row.size(); i += width) row[i] = 40;
    return model;
  }
  Nearness task() {
    Batch batch;
    for (std::int64_t row = 0; row < rows_.rows(); ++row) rows_.add_to(batch, row);
    const ModelOutput output = model_.forward(batch);
    return Nearness({output.logits.begin(), output.logits.end()});
  }
  Int8Calibration calibrate(double max_drop) {
    return calibrate_int8(model_, task(), rows_, {.max_drop = max_drop});
  }

  testing::TemporaryDirectory files_;
  BertPreTrainedModel model_;
  Rows rows_;
};

TEST_F(Int8Calibrations, KeepNothingWhereLittleIsLost) {
  const Int8Calibration found = calibrate(90);
  EXPECT_THAT(found.float32_parts, IsEmpty());
  EXPECT_NEAR(found.fp32, 1, 1e-6);
  EXPECT_LT(found.int8, found.fp32);
}

TEST_F(Int8Calibrations, KeepThePartThatLosesMost) {
  const double all = 100 * (1 - calibrate(90).int8);
  const Int8Calibration found = calibrate(all / 2);
  EXPECT_THAT(found.float32_parts, ElementsAre("encoder.layer.0.output"));
  EXPECT_LT(100 * (1 - found.int8), all / 2);
  EXPECT_EQ(found.to_json().at("float32_parts"), Json(found.float32_parts));
}

TEST_F(Int8Calibrations, SayWhatIsLostWhereThatIsTooMuch) {
  try {
    calibrate(1e-9);
    FAIL() << "nothing is lost";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("int8 loses"));
    EXPECT_THAT(error.what(), HasSubstr("`max_drop`"));
  }
}

TEST_F(Int8Calibrations, AreOfPartsThatThereAre) {
  EXPECT_THROW(model_.set_float32_parts({"encoder.layer.99.output"}), Error);
  EXPECT_EQ(model_.encoder_parts().size(), 4 * static_cast<std::size_t>(model_.config().num_hidden_layers));
}

}  // namespace
}  // namespace bertune::runs
