#include "checkpoint/torch_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "checkpoint/torch_stream.h"
#include "checkpoint_fixtures.h"
#include "support/temporary_directory.h"

namespace bertune::checkpoint::torch_archive_test {
namespace {

using testing::as_span;
using ::testing::ElementsAre;
using testing::error_of;
using testing::fixture;
using ::testing::HasSubstr;

struct Read {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

std::map<std::string, Read> read_all(const TensorSource& archive) {
  std::map<std::string, Read> all;
  for (std::size_t i = 0; i < archive.tensors().size(); ++i) {
    const StoredTensor& tensor = archive.tensors()[i];
    if (tensor.dtype == DType::i64) continue;
    Read read{tensor.shape, std::vector<float>(tensor.elements)};
    archive.read_f32(i, read.values);
    all[tensor.name] = read;
  }
  return all;
}

std::string refusal(const std::string& name) {
  return error_of([&] { open_torch_file(fixture(name) / "pytorch_model.bin"); });
}

TEST(TorchArchive, ReadsEveryLayout) {
  for (const char* name : {"layouts", "protocol4", "legacy", "legacy_protocol4"}) {
    SCOPED_TRACE(name);
    auto all = read_all(*open_torch_file(fixture(name) / "pytorch_model.bin"));
    EXPECT_EQ(all.size(), 13U);
    EXPECT_THAT(all["contiguous"].shape, ElementsAre(3, 4));
    EXPECT_THAT(all["contiguous"].values, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
    EXPECT_THAT(all["transposed"].shape, ElementsAre(3, 2));
    EXPECT_THAT(all["transposed"].values, ElementsAre(0, 3, 1, 4, 2, 5));
    EXPECT_THAT(all["sliced"].values, ElementsAre(1, 4, 7));
    EXPECT_THAT(all["permuted"].shape, ElementsAre(4, 2, 3));
    EXPECT_THAT(all["permuted"].values, ElementsAre(0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14,
                                                    18, 22, 3, 7, 11, 15, 19, 23));
    EXPECT_THAT(all["shared.a"].values, ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_THAT(all["shared.b"].shape, ElementsAre(2, 3));
    EXPECT_EQ(all["shared.b"].values, all["shared.a"].values);
    EXPECT_THAT(all["shared.tail"].values, ElementsAre(4, 5));
    EXPECT_THAT(all["parameter"].values, ElementsAre(1.5F, -2.5F));
    EXPECT_TRUE(all["scalar"].shape.empty());
    EXPECT_THAT(all["scalar"].values, ElementsAre(7));
    EXPECT_THAT(all["empty"].shape, ElementsAre(0, 3));
    EXPECT_THAT(all["half"].values, ElementsAre(1, 0x1p-24F, -65504, std::numeric_limits<float>::infinity()));
    EXPECT_THAT(all["double"].values, ElementsAre(0.1F, std::numeric_limits<float>::infinity(), 0));
    EXPECT_EQ(all["bfloat16"].values[0], 1);
    EXPECT_NEAR(all["bfloat16"].values[1], 3e38F, 1e36F);
    EXPECT_LT(all["bfloat16"].values[2], 0);  // subnormal, and still there
  }
}

TEST(TorchArchive, NeverRunsWhatAPickleAsksFor) {
  const std::string message = refusal("malicious");
  EXPECT_THAT(message, HasSubstr("posix.system"));
  EXPECT_THAT(message, HasSubstr("never executes code"));
  EXPECT_FALSE(std::filesystem::exists("owned"));
}

TEST(TorchArchive, TakesTheStateDictOfACheckpointOfTraining) {
  const TorchArchive archive(fixture("training") / "pytorch_model.bin");
  ASSERT_EQ(archive.tensors().size(), 1U);
  EXPECT_EQ(archive.tensors()[0].name, "weight");
}

TEST(TorchArchive, SaysWhatToDoWithWhatItCannotRead) {
  EXPECT_THAT(refusal("tensor_only"), HasSubstr("state_dict()"));
  EXPECT_THAT(refusal("big_endian"), HasSubstr("little-endian"));
  EXPECT_THAT(refusal("compressed"), HasSubstr("compressed"));
  EXPECT_THAT(refusal("short_storage"), HasSubstr("should have 12 bytes but has 8"));
  const auto of_text = [](const std::string& text) {
    return error_of([&] { const TorchArchive archive(as_span(text), "m.bin"); });
  };
  EXPECT_THAT(of_text(""), HasSubstr("empty"));
  EXPECT_THAT(of_text("hello"), HasSubstr("no zip archive"));
  EXPECT_THAT(of_text("PK\x03\x04 and no more"), HasSubstr("cut off or damaged"));
  EXPECT_THAT(of_text("\x80\x04}."), HasSubstr("a pickle that torch.save did not write"));
  EXPECT_THAT(of_text("version https://git-lfs.github.com/spec/v1"), HasSubstr("git lfs pull"));
}

TEST(TorchArchive, RefusesATruncationAtEveryByte) {
  const std::string whole = testing::contents(fixture("layouts") / "pytorch_model.bin");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string part = whole.substr(0, length);
    EXPECT_THROW(TorchArchive(as_span(part), "part"), Error) << length;
  }
}

TEST(TorchArchive, FindsChangedWeightsByTheirChecksum) {
  std::string damaged = testing::contents(fixture("layouts") / "pytorch_model.bin");
  const std::vector<float> known = {0, 1, 2, 3};  // the start of "contiguous"
  const std::string_view bytes(reinterpret_cast<const char*>(known.data()), 16);
  const std::size_t at = damaged.find(bytes);
  ASSERT_NE(at, std::string::npos);
  damaged[at + 5] ^= 1;
  const TorchArchive archive(as_span(damaged), "damaged.bin");
  const auto first = std::find_if(archive.tensors().begin(), archive.tensors().end(),
                                  [](const StoredTensor& tensor) { return tensor.name == "contiguous"; });
  std::vector<float> values(12);
  EXPECT_THAT(error_of([&] {
                archive.read_f32(static_cast<std::size_t>(first - archive.tensors().begin()), values);
              }),
              HasSubstr("CRC"));
}

}  // namespace
}  // namespace bertune::checkpoint::torch_archive_test
