// Files of torch before 1.6: pickles, then storages. tests/checkpoint/torch_archive_test.cpp reads their
// layouts.
#include "checkpoint/torch_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <utility>

#include "checkpoint_fixtures.h"

namespace bertune::checkpoint::torch_stream_test {
namespace {

using namespace std::string_literals;
using testing::as_span;
using ::testing::ElementsAre;
using testing::error_of;
using testing::fixture;
using ::testing::HasSubstr;

const std::string kMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
const std::string kVersion = "\x80\x02M\xe9\x03.";
const std::string kSystem = "\x80\x02}U\x0dlittle_endian\x88s.";
const std::string kKeys =
    "\x80\x02]U\x01"
    "7a.";

std::string text(const std::string& value) { return "U"s + static_cast<char>(value.size()) + value; }

std::string count(std::uint64_t elements) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &elements, 8);
  return bytes;
}

std::string floats(const std::vector<float>& values) {
  return count(values.size()) + std::string(reinterpret_cast<const char*>(values.data()), 4 * values.size());
}

// A tensor "w" of two numbers, from storage "7" of four, which `view` describes further.
std::string weights(const std::string& view, int offset = 0) {
  return "\x80\x02}" + text("w") + "ctorch._utils\n_rebuild_tensor\n((" + text("storage") +
         "ctorch\nFloatStorage\n" + text("7") + text("cpu") + "K\x04" + view + "tQK" +
         static_cast<char>(offset) + "K\x02\x85K\x01\x85tRs.";
}

const std::string kWhole = kMagic + kVersion + kSystem + weights("N") + kKeys + floats({1, 2, 3, 4});

std::vector<float> values_of(const std::string& file) {
  const TorchStream stream(as_span(file), "w.bin");
  EXPECT_EQ(stream.tensors().size(), 1U);
  std::vector<float> values(stream.tensors().at(0).elements);
  stream.read_f32(0, values);
  return values;
}

std::string refusal(const std::string& file) {
  return error_of([&] { const TorchStream stream(as_span(file), "w.bin"); });
}

TEST(TorchStream, ReadsWhatFollowsThePickles) {
  EXPECT_THAT(values_of(kWhole), ElementsAre(1, 2));
  const std::string view = "(" + text("v") + "K\x01K\x03t";  // elements 1, 2 and 3
  const std::string before = kMagic + kVersion + kSystem, after = kKeys + floats({1, 2, 3, 4});
  EXPECT_THAT(values_of(before + weights(view, 1) + after), ElementsAre(3, 4));
  EXPECT_THAT(refusal(before + weights(view, 2) + after), HasSubstr("beyond its storage"));
  EXPECT_THAT(refusal(before + weights("(" + text("v") + "K\x02K\x03t") + after),
              HasSubstr("beyond its storage"));
  EXPECT_THAT(refusal(before + weights("K\x01") + after), HasSubstr("damaged"));
}

TEST(TorchStream, ReadsViewsAndDictsOfPython2) {
  const TorchStream stream(fixture("legacy_views") / "pytorch_model.bin");
  std::map<std::string, std::vector<float>> all;
  for (std::size_t i = 0; i < stream.tensors().size(); ++i) {
    std::vector<float>& values = all[stream.tensors()[i].name];
    values.resize(stream.tensors()[i].elements);
    stream.read_f32(i, values);
  }
  EXPECT_THAT(all["whole"], ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(all["part"], ElementsAre(2, 3, 4));
  EXPECT_THAT(all["end"], ElementsAre(7));
}

TEST(TorchStream, IsKnownByItsNumberInEveryProtocol) {
  const std::string number = kMagic.substr(2);
  for (const char protocol : {'\x02', '\x03'}) {
    EXPECT_TRUE(TorchStream::is_one(as_span("\x80"s + protocol + number)));
  }
  for (const char protocol : {'\x04', '\x05'}) {
    const std::string framed = "\x80"s + protocol + "\x95" + count(number.size()) + number;
    EXPECT_TRUE(TorchStream::is_one(as_span(framed)));
  }
  for (const std::string& other : {""s, "\x80\x02"s, "PK\x03\x04"s, "\x80\x02}."s, kMagic.substr(0, 14)})
    EXPECT_FALSE(TorchStream::is_one(as_span(other)));
}

TEST(TorchStream, RefusesWhatDoesNotFit) {
  const std::string numbers = floats({1, 2, 3, 4});
  const std::vector<std::pair<std::string, std::string>> cases = {
      {kMagic + "\x80\x02K\x07." + kSystem + weights("N") + kKeys + numbers, "version 7"},
      {kMagic + kVersion + "\x80\x02}U\x0dlittle_endian\x89s." + weights("N") + kKeys + numbers,
       "little-endian"},
      {kMagic + kVersion + kSystem + weights("N") + "\x80\x02]." + numbers, "lacks the storage \"7\""},
      {kMagic + kVersion + kSystem + weights("N") +
           "\x80\x02]U\x01"
           "8a." +
           numbers,
       "no tensor has the storage \"8\""},
      {kMagic + kVersion + kSystem + weights("N") + kKeys + floats({1, 2, 3}),
       "should have 4 elements but says 3"},
      {kMagic + kVersion + kSystem + weights("N") + kKeys + count(~0ULL), "but says 18446744073709551615"},
      {kMagic + kVersion + kSystem +
           "\x80\x02"
           "cposix\nsystem\n.",
       "never executes code"},
      {kWhole.substr(0, kWhole.size() - 1), "cut off within the storage \"7\""},
      {"PK", "not in the format"},
  };
  for (const auto& [file, expected] : cases) EXPECT_THAT(refusal(file), HasSubstr(expected));
  for (std::size_t length = 0; length < kWhole.size(); ++length)
    EXPECT_THROW(TorchStream(as_span(kWhole.substr(0, length)), "part"), Error) << length;
}

// A list that is the argument of many calls would be copied by each.
TEST(TorchStream, BoundsWhatDictsOfPython2CanMakeOfAFewBytes) {
  std::string pickle = "\x80\x02](";
  for (int i = 0; i < 20'000; ++i) pickle += "NN\x86";
  pickle += "eq\x01";
  for (int i = 0; i < 2'000; ++i) pickle += "ccollections\nOrderedDict\nh\x01\x85R0";
  EXPECT_THAT(error_of([&] { read_state_dict(as_span(pickle + "."), "p.bin"); }), HasSubstr("more values"));
}

}  // namespace
}  // namespace bertune::checkpoint::torch_stream_test
