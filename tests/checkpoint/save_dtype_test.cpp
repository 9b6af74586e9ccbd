#include "checkpoint/save_dtype.h"

#include <gmock/gmock.h>

#include <cmath>

#include "checkpoint/checkpoint_fixtures.h"
#include "core/json.h"
#include "support/temporary_directory.h"

namespace bertune::checkpoint {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

class SavedAs : public ::testing::TestWithParam<SaveDtype> {};

TEST_P(SavedAs, RoundsOnceAndReadsBackTheSame) {
  const testing::TemporaryDirectory directory;
  const std::vector<float> values = {1.0F, -0.1F, 3.14159265F, 1e-6F, 0.0F, 60000.0F};
  const fs::path once = directory.path() / "once.safetensors", twice = directory.path() / "twice.safetensors";
  write_weights(once, {f32_view("a", {2, 3}, values)}, GetParam());
  const SafetensorsFile file(once);
  std::vector<float> read(values.size());
  file.read_f32(0, read);
  // Half a unit in the last of 24, 11 or 8 bits; the smallest numbers of float16 are 2^-24 apart.
  const float relative = GetParam() == SaveDtype::float32   ? 0
                         : GetParam() == SaveDtype::float16 ? 0x1p-11F
                                                            : 0x1p-8F;
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(read[i], values[i], std::max(std::abs(values[i]) * relative, relative > 0 ? 0x1p-25F : 0));
  EXPECT_EQ(file.tensors()[0].shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(file.bytes(0).size(), values.size() * (GetParam() == SaveDtype::float32 ? 4 : 2));
  write_weights(twice, {f32_view("a", {2, 3}, read)}, GetParam());
  EXPECT_EQ(testing::contents(once), testing::contents(twice));
}

TEST_P(SavedAs, ConfigurationSaysIt) {
  const BertConfig config = BertConfig::from_json(R"({"model_type": "bert", "torch_dtype": "float64"})", "c");
  const Json saved = parse_json(config.to_json("BertForMaskedLM", GetParam()), "saved");
  EXPECT_EQ(saved.at("dtype"), to_string(GetParam()));
  EXPECT_FALSE(saved.contains("torch_dtype"));
  EXPECT_EQ(save_dtype_from_string(to_string(GetParam())), GetParam());
}

INSTANTIATE_TEST_SUITE_P(SaveDtype, SavedAs,
                         ::testing::Values(SaveDtype::float32, SaveDtype::float16, SaveDtype::bfloat16),
                         [](const auto& dtype) { return std::string(to_string(dtype.param)); });

TEST(SaveDtype, WhatDoesNotFitIsAnErrorNamingTheTensor) {
  const testing::TemporaryDirectory directory;
  const fs::path path = directory.path() / "model.safetensors";
  const std::vector<float> fits = {65519.0F}, large = {0, -70000.0F}, larger = {3.4e38F};
  write_weights(path, {f32_view("fits", {1}, fits)}, SaveDtype::float16);
  fs::remove(path);
  EXPECT_THAT(
      error_of([&] {
        write_weights(path, {f32_view("fits", {1}, fits), f32_view("large", {2}, large)}, SaveDtype::float16);
      }),
      AllOf(HasSubstr("model.safetensors: tensor \"large\" holds -70000"), HasSubstr("bfloat16")));
  EXPECT_THAT(error_of([&] { write_weights(path, {f32_view("l", {1}, larger)}, SaveDtype::bfloat16); }),
              AllOf(HasSubstr("\"l\""), HasSubstr("save it as float32")));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_THAT(error_of([] { save_dtype_from_string("fp16"); }), HasSubstr("float32, float16 or bfloat16"));
}

}  // namespace
}  // namespace bertune::checkpoint
