#include "checkpoint/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "checkpoint_fixtures.h"
#include "support/temporary_directory.h"

namespace bertune::checkpoint {
namespace {

using ::testing::AllOf;
using testing::as_span;
using testing::error_of;
using ::testing::HasSubstr;

std::string file_with(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  return file + header + std::string(data_bytes, 'x');
}

std::string error_of_file(const std::string& file) {
  return error_of([&] { const SafetensorsFile opened(as_span(file), "m.safetensors"); });
}

TEST(Safetensors, RoundTripsEveryTypeItWrites) {
  const testing::TemporaryDirectory directory;
  std::vector<float> weights(24);
  std::iota(weights.begin(), weights.end(), -3.5F);
  const std::vector<std::int64_t> counters = {-1, std::int64_t{1} << 60};
  const std::vector<std::uint8_t> state = {1, 2, 255};
  const fs::path path = directory.path() / "state.safetensors";
  write_safetensors(path,
                    {f32_view("b.weight", {2, 3, 4}, weights),
                     {"counters", DType::i64, {2}, std::as_bytes(std::span(counters))},
                     {"state", DType::u8, {3}, std::as_bytes(std::span(state))},
                     f32_view("a \"quoted\" name\n", {}, std::span(weights).first(1)),
                     f32_view("empty", {0, 7}, {})},
                    {{"step", "12"}, {"note", "größer \"x\""}});
  const SafetensorsFile file(path);
  EXPECT_EQ(file.metadata(),
            (std::map<std::string, std::string>{{"format", "pt"}, {"step", "12"}, {"note", "größer \"x\""}}));
  ASSERT_EQ(file.tensors().size(), 5U);
  std::vector<float> read(24);
  file.read_f32(*file.find("b.weight"), read);
  EXPECT_EQ(read, weights);
  const auto bytes = file.bytes(*file.find("counters"));
  EXPECT_EQ(std::memcmp(bytes.data(), counters.data(), bytes.size()), 0);
  EXPECT_EQ(file.bytes(*file.find("state")).size(), 3U);
  EXPECT_EQ(file.tensors()[*file.find("a \"quoted\" name\n")].elements, 1U);
  file.read_f32(*file.find("empty"), {});
  EXPECT_FALSE(file.find("c"));
  EXPECT_THAT(error_of([&] { file.read_f32(*file.find("counters"), std::span(read).first(2)); }),
              HasSubstr("I64"));
  EXPECT_THAT(error_of([&] { file.read_f32(*file.find("b.weight"), std::span(read).first(2)); }),
              HasSubstr("[2, 3, 4]"));
}

TEST(Safetensors, WritesTheBytesThatTransformersWrites) {
  const testing::TemporaryDirectory directory;
  const fs::path original = testing::fixture("classifier") / "model.safetensors";
  const SafetensorsFile file(original);
  std::vector<TensorView> views;
  for (std::size_t i = file.tensors().size(); i-- > 0;) {
    views.push_back(
        {file.tensors()[i].name, file.tensors()[i].dtype, file.tensors()[i].shape, file.bytes(i)});
  }
  write_safetensors(directory.path() / "model.safetensors", views);
  EXPECT_EQ(directory.read("model.safetensors"), testing::contents(original));
}

TEST(Safetensors, RefusesToWriteWhatDoesNotFit) {
  const testing::TemporaryDirectory directory;
  const fs::path path = directory.path() / "x.safetensors";
  const std::vector<float> values(3);
  EXPECT_THAT(error_of([&] { write_safetensors(path, {f32_view("w", {4}, values)}); }), HasSubstr("[4]"));
  EXPECT_THAT(error_of([&] {
                write_safetensors(path, {f32_view("w", {3}, values), f32_view("w", {3}, values)});
              }),
              HasSubstr("\"w\""));
  EXPECT_THAT(error_of([&] { write_safetensors(path, {f32_view("__metadata__", {3}, values)}); }),
              HasSubstr("__metadata__"));
  EXPECT_FALSE(fs::exists(path));
}

TEST(Safetensors, RefusesEveryLyingHeader) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"([1])", "object"},
      {R"({"w":3})", "no tensor"},
      {R"({"w":{"shape":[2],"data_offsets":[0,8]}})", "dtype"},
      {R"({"w":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}})", "F8_E4M3"},
      {R"({"w":{"dtype":3,"shape":[8],"data_offsets":[0,8]}})", "dtype"},
      {R"({"w":{"dtype":"F32","data_offsets":[0,8]}})", "shape"},
      {R"({"w":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", "shape"},
      {R"({"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", "whole number"},
      {R"({"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", "whole number"},
      {R"({"w":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}})", "whole number"},
      {R"({"w":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}})", "cannot be"},
      {R"({"w":{"dtype":"F32","shape":[36893488147419103234],"data_offsets":[0,8]}})", "whole number"},
      {R"({"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", "does not fit"},
      {R"({"w":{"dtype":"F64","shape":[2147483648,2147483649],"data_offsets":[0,8]}})", "does not fit"},
      {R"({"w":{"dtype":"F32","shape":[2]}})", "data_offsets"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", "data_offsets"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "does not fit"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})", "whole number"},
      {R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "does not fit"},
      {R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", "cut off or damaged"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[18446744073709551608,18446744073709551616]}})",
       "whole"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "hole"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       "says 4 bytes of data but the file has 8"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"v":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       "overlap"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
       "twice"},
      {R"({"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "twice"},
      {R"({"__metadata__":[],"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "__metadata__"},
      {R"({"w":{"dtype":"F32","shape":[[[[[[[[[[2]]]]]]]]]],"data_offsets":[0,8]}})", "nested"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x)", "not valid JSON"},
      {"{\"\xff\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "not valid JSON"},
      {"", "not valid JSON"},
  };
  for (const auto& [header, expected] : cases) {
    SCOPED_TRACE(header);
    EXPECT_THAT(error_of_file(file_with(header, 8)), AllOf(HasSubstr("m.safetensors"), HasSubstr(expected)));
  }
}

TEST(Safetensors, RefusesWhatIsNoSafetensorsFile) {
  EXPECT_THAT(error_of_file(""), HasSubstr("empty"));
  EXPECT_THAT(error_of_file("abc"), HasSubstr("too few"));
  EXPECT_THAT(error_of_file("version https://git-lfs.github.com/spec/v1\noid sha256:0"),
              HasSubstr("git lfs pull"));
  EXPECT_THAT(error_of_file("<!DOCTYPE html><html>"), HasSubstr("web page"));
  EXPECT_THAT(error_of_file(std::string(64, '\xff')), HasSubstr("not a safetensors file"));
  EXPECT_THAT(error_of_file(std::string("\x40\0\0\0\0\0\0\0{}", 10)), HasSubstr("cut off"));
}

// Other tools write null and numbers there, on which no weight depends.
TEST(Safetensors, PassesOverMetadataThatAreNoTexts) {
  constexpr std::string_view kTensor = R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const auto metadata = [&](std::string_view value) {
    const std::string file =
        file_with("{\"__metadata__\":" + std::string(value) + "," + std::string(kTensor), 8);
    return SafetensorsFile(as_span(file), "m.safetensors").metadata();
  };
  EXPECT_TRUE(metadata("null").empty());
  EXPECT_EQ(metadata(R"({"format":"pt","epoch":3,"tags":["a"],"none":null})"),
            (std::map<std::string, std::string>{{"format", "pt"}}));
}

// What training wrote was never fetched.
TEST(Safetensors, SaysWhatToDoWithADamagedFileOfOurs) {
  const testing::TemporaryDirectory directory;
  const fs::path path = directory.path() / "model.safetensors";
  const auto message = [&] { return error_of([&] { const SafetensorsFile file(path); }); };
  write_file_atomically(path, std::string("\x40\0\0\0\0\0\0\0{}", 10));
  EXPECT_THAT(message(), HasSubstr("fetch it again"));
  write_file_atomically(directory.path() / "bertune.json", "{}");
  EXPECT_THAT(message(), AllOf(HasSubstr("cut off"), HasSubstr("train again"), Not(HasSubstr("fetch"))));
}

TEST(Safetensors, RefusesAHeaderThatWouldFillMemory) {
  std::string header = "{\"w\":[0";
  for (int i = 0; i < 2'100'000; ++i) header += ",0";
  EXPECT_THAT(error_of_file(file_with(header + "]}", 0)), HasSubstr("more than"));
}

TEST(Safetensors, ShowsNoControlCharactersOfHostileNames) {
  const std::string message = error_of_file(file_with(R"({"\u001b[31m":3})", 0));
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

TEST(Safetensors, RefusesATruncationAtEveryByte) {
  const std::string whole = testing::contents(testing::fixture("classifier") / "model.safetensors");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string part = whole.substr(0, length);
    EXPECT_THROW(SafetensorsFile(as_span(part), "part"), Error) << length;
  }
}

}  // namespace
}  // namespace bertune::checkpoint
