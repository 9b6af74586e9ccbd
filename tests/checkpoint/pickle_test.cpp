#include "checkpoint/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "checkpoint_fixtures.h"

namespace bertune::checkpoint {
namespace {

using namespace std::string_literals;
using testing::as_span;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string text(const std::string& value) { return "\x8c"s + static_cast<char>(value.size()) + value; }

std::string number(std::int32_t value) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &value, 4);
  return "J" + bytes;
}

std::string numbers(const std::vector<std::int32_t>& values) {
  std::string tuple = "(";
  for (const std::int32_t value : values) tuple += number(value);
  return tuple + "t";
}

std::string storage(const std::string& type, std::int32_t elements) {
  std::string id = "(";
  id += text("storage") + "c" + type + "\n" + text("0") + text("cpu") + number(elements);
  return id + "tQ";
}

std::string tensor(const std::string& stored, std::int32_t offset, const std::vector<std::int32_t>& shape,
                   const std::vector<std::int32_t>& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + stored + number(offset) + numbers(shape) +
         numbers(strides) + "\x89" + "ccollections\nOrderedDict\n)RtR";
}

std::string dict(const std::string& items) { return "\x80\x02}(" + items + "u."; }

std::vector<PickledTensor> parse(const std::string& pickle) {
  return read_state_dict(as_span(pickle), "p.bin");
}

std::string refusal(const std::string& pickle) {
  return error_of([&] { parse(pickle); });
}

const std::string kFloats = storage("torch\nFloatStorage", 6);

TEST(Pickle, ReadsLayouts) {
  const auto tensors =
      parse(dict(text("w") + tensor(kFloats, 1, {2, 2}, {1, 3}) + text("s") + tensor(kFloats, 5, {}, {})));
  ASSERT_EQ(tensors.size(), 2U);
  EXPECT_EQ(tensors[0].name, "w");
  EXPECT_EQ(tensors[0].dtype, DType::f32);
  EXPECT_EQ(tensors[0].offset, 1U);
  EXPECT_THAT(tensors[0].shape, ElementsAre(2, 2));
  EXPECT_THAT(tensors[0].strides, ElementsAre(1, 3));
  EXPECT_EQ(tensors[0].storage, "0");
  EXPECT_EQ(tensors[0].storage_bytes, 24U);
  EXPECT_THAT(tensors[1].shape, IsEmpty());
  EXPECT_THAT(parse("\x80\x02}."), IsEmpty());
}

TEST(Pickle, ReadsUntypedStoragesAndParameters) {
  const std::string untyped = "ctorch._utils\n_rebuild_tensor_v3\n(" +
                              storage("torch.storage\nUntypedStorage", 8) + number(1) + numbers({3}) +
                              numbers({1}) + "\x89" + "}ctorch\nbfloat16\ntR";
  const auto tensors = parse(dict(text("u") + untyped));
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors[0].dtype, DType::bf16);
  EXPECT_EQ(tensors[0].storage_bytes, 8U);
  const std::string inner = tensor(kFloats, 0, {6}, {1});
  EXPECT_EQ(parse(dict(text("p") + "ctorch.nn.parameter\nParameter\n" + inner + "\x88\x86R")).size(), 1U);
  EXPECT_EQ(parse(dict(text("p") + "ctorch._utils\n_rebuild_parameter\n" + inner + "\x88}\x87R")).size(), 1U);
}

TEST(Pickle, ReadsTheStateDictWithinACheckpointOfTraining) {
  const std::string weights = "}(" + text("model.bert.w") + tensor(kFloats, 0, {6}, {1}) + "u";
  for (const std::string name : {"state_dict", "model_state_dict"}) {
    const auto tensors = parse(dict(text("epoch") + number(3) + text(name) + weights + text("callbacks") +
                                    "}" + text("optimizer_states") + "]" + text("version") + text("2.1.0")));
    ASSERT_EQ(tensors.size(), 1U) << name;
    EXPECT_EQ(tensors[0].name, "model.bert.w");
  }
  EXPECT_THAT(refusal(dict(text("state_dict") + number(3))),
              HasSubstr("its entry \"state_dict\" is a number"));
}

TEST(Pickle, RefusesToCallAnythingElse) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\x80\x02"
       "cposix\nsystem\n" +
           text("id") + "\x85R.",
       "posix.system"},
      {"\x80\x02"
       "cbuiltins\neval\n.",
       "builtins.eval"},
      {"\x80\x04" + text("os") + text("system") + "\x93.", "os.system"},
      {"\x80\x02(iposix\nsystem\n.", "INST"},
      {"\x80\x02(cposix\nsystem\no.", "posix.system"},
      {"\x80\x02(o.", "OBJ"},
      {"\x80\x02"
       "ctorch\nFloatStorage\n)\x81.",
       "NEWOBJ"},
      {"\x80\x02"
       "ctorch\nFloatStorage\n)}\x92.",
       "NEWOBJ_EX"},
      {"\x80\x02\x82\x01.", "0x82"},
      {"\x80\x02"
       "ctorch\nFloatStorage\n)R.",
       "storage type"},
      {"\x80\x02" + text("x") + ")R.", "a call of a text"},
      {"\x80\x02"
       "ccollections\nOrderedDict\nN\x85R.",
       "OrderedDict made from arguments"},
      {"\x80\x02"
       "ccollections\nOrderedDict\n]N"
       "a\x85R.",
       "OrderedDict made from what are no pairs"},
      {"\x80\x02"
       "ccollections\nOrderedDict\n}b.",
       "BUILD on a class"},
      {"\x80\x02}" + number(1) + "b.", "BUILD with a state"},
      {"\x80\x02" + tensor(kFloats, 0, {6}, {1}) + "}b.", "BUILD on a tensor"},
      {"\x80\x02"
       "ctorch\nSize\n(" +
           std::string(20, 'N') + "tR.",
       "20 arguments"},
  };
  for (const auto& [pickle, expected] : cases) {
    const std::string message = refusal(pickle);
    EXPECT_THAT(message, HasSubstr(expected));
    EXPECT_THAT(message, HasSubstr("p.bin"));
    EXPECT_THAT(message, HasSubstr("never executes code"));
  }
}

TEST(Pickle, RefusesTensorsThatReachBeyondTheirStorage) {
  const std::vector<std::string> tensors = {
      tensor(kFloats, 0, {7}, {1}),
      tensor(kFloats, 1, {6}, {1}),
      tensor(kFloats, -1, {1}, {1}),
      tensor(kFloats, 6, {}, {}),
      tensor(kFloats, 0, {2, 3}, {4, 1}),
      tensor(kFloats, 0, {7}, {0}),  // a view that repeats one number
      tensor(kFloats, 0, {-2}, {1}),
      tensor(kFloats, 5, {2}, {-1}),
      tensor(kFloats, 0, {2}, {1, 1}),
      tensor(kFloats, 0, {2147483647, 2147483647, 2147483647}, {1, 1, 1}),
      tensor(kFloats, 0, {2, 2, 2}, {2147483647, 2147483647, 2147483647}),
      tensor(kFloats, 0, std::vector<std::int32_t>(9, 1), std::vector<std::int32_t>(9, 1)),
      tensor(storage("torch\nFloatStorage", -1), 0, {1}, {1}),
      tensor(storage("torch\nfloat32", 1), 0, {1}, {1}),
      tensor(storage("torch\nUntypedStorage", 4), 0, {1}, {1}),
  };
  for (const std::string& broken : tensors)
    EXPECT_THAT(refusal(dict(text("w") + broken)), HasSubstr("damaged"));
}

TEST(Pickle, RefusesWhatIsNoStateDict) {
  EXPECT_THAT(refusal("\x80\x02N."), HasSubstr("None where a dict"));
  EXPECT_THAT(refusal("\x80\x02" + tensor(kFloats, 0, {6}, {1}) + "."), HasSubstr("a tensor where a dict"));
  EXPECT_THAT(refusal(dict(text("epoch") + number(3))), HasSubstr("\"epoch\" is a number"));
  EXPECT_THAT(refusal(dict(text("model") + "}")), HasSubstr("training checkpoint"));
  EXPECT_THAT(refusal(dict(number(1) + tensor(kFloats, 0, {6}, {1}))), HasSubstr("name"));
  const std::string once = text("w") + tensor(kFloats, 0, {6}, {1});
  EXPECT_THAT(refusal(dict(once + once)), HasSubstr("twice"));
}

TEST(Pickle, RefusesABrokenMachine) {
  const std::vector<std::string> pickles = {
      "",
      ".",
      "\x80",
      "\x80\x06.",
      "\x80\x02h\x01.",
      "\x80\x02t.",
      "\x80\x02u.",
      "\x80\x02(N0.0.",
      "\x80\x02}N"
      "s.",
      "\x80\x02}(Nu.",
      "\x80\x02NNs.",
      "\x80\x02Na.",
      "\x80\x02R.",
      "\x80\x02NR.",
      "\x80\x02Q.",
      "\x80\x02NQ.",
      "\x80\x02)Q.",
      "\x80\x02q\x01.",
      "\x80\x02"
      "cposix",
      "\x80\x02X\xff\xff\xff\xff"
      "abc.",
      "\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xff.",
      "\x80\x02\x8a\x09"
      "123456789.",
      "\x80\x02(0.",
      "\x80\x02}(N0",
      "\x80\x04NN\x93.",
      "\x80\x02"
      "ctorch\nSize\n)R.",
      "\x80\x02"
      "ctorch._utils\n_rebuild_tensor_v2\n)R.",
  };
  for (const std::string& pickle : pickles) EXPECT_THAT(refusal(pickle), HasSubstr("p.bin"));
}

TEST(Pickle, ReadsIntegersOfEveryWidth) {
  const auto with_offset = [&](const std::string& offset) {
    return dict(text("w") + "ctorch._utils\n_rebuild_tensor\n(" + kFloats + offset + numbers({1}) +
                numbers({1}) + "tR");
  };
  EXPECT_EQ(parse(with_offset("K\x03"))[0].offset, 3U);
  EXPECT_EQ(parse(with_offset("M\x03\0"s))[0].offset, 3U);
  EXPECT_EQ(parse(with_offset("\x8a\x01\x03"))[0].offset, 3U);
  EXPECT_EQ(parse(with_offset("\x8a\0"s))[0].offset, 0U);
  EXPECT_THAT(refusal(with_offset("\x8a\x01\xff")), HasSubstr("damaged"));
}

TEST(Pickle, BoundsWhatASmallPickleCanMakeOfItself) {
  EXPECT_THAT(refusal("\x80\x02" + std::string(2'000'000, '}') + "."), HasSubstr("more values"));
  EXPECT_THAT(refusal("\x80\x02" + std::string(2'000'000, '(') + "."), HasSubstr("damaged"));
  // A list that holds itself, and tuples of tuples a hundred thousand deep.
  EXPECT_THAT(refusal("\x80\x02]q\x01h\x01"
                      "a."),
              HasSubstr("a list where a dict"));
  EXPECT_THAT(refusal("\x80\x02)" + std::string(100'000, '\x85') + "."), HasSubstr("a tuple where a dict"));
}

}  // namespace
}  // namespace bertune::checkpoint
