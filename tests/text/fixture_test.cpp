// What Transformers' tokenizers made of tricky texts, recorded by tests/parity/make_tokenizer_fixture.py and
// make_byte_level_fixture.py.
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "bertune/error.h"
#include "bertune/tokenizer.h"
#include "core/file.h"
#include "core/json.h"
#include "support/byte_level_fixtures.h"
#include "support/temporary_directory.h"

namespace bertune {
namespace {

const fs::path kFixtures = fs::path(BERTUNE_SOURCE_DIR) / "tests" / "parity" / "fixtures";

std::string unhex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

Json window_json(const Encoding& encoding) {
  Json offsets = Json::array();
  for (const Span& span : encoding.offsets) {
    offsets.push_back(span.begin);
    offsets.push_back(span.end);
  }
  return {{"ids", encoding.input_ids},
          {"types", encoding.token_type_ids},
          {"offsets", offsets},
          {"words", encoding.word_ids},
          {"mask", encoding.special_tokens_mask}};
}

// What a fixture leaves out of its windows: types where all are 0, and the mask.
Json completed(Json windows, const Json& ours) {
  for (std::size_t i = 0; i < windows.size() && i < ours.size(); ++i) {
    Json& window = windows[i];
    if (!window.contains("types")) window["types"] = std::vector<int>(window["ids"].size());
    if (!window.contains("mask")) window["mask"] = ours[i]["mask"];
  }
  return windows;
}

class Fixture {
 public:
  Fixture() : vocabulary_(read_file(kFixtures / "tokenizer_vocab.txt")) {}

  void add_byte_level_tokenizer(const Json& header) {
    const testing::TemporaryDirectory folder;
    testing::write_byte_level_folder(folder, header);
    tokenizers_.emplace(header["tokenizer"], BertTokenizer::from_pretrained(folder.path()));
  }

  void add_tokenizer(const Json& header) {
    const testing::TemporaryDirectory folder;
    if (header.contains("config")) {
      folder.write("vocab.txt", vocabulary_);
      folder.write("tokenizer_config.json", header["config"].dump());
    } else {
      Json file = header["json"], vocab = Json::object();
      std::istringstream lines(vocabulary_);
      std::int64_t id = 0;
      for (std::string line; std::getline(lines, line);) vocab[line] = id++;
      file["model"]["vocab"] = std::move(vocab);
      folder.write("tokenizer.json", file.dump());
    }
    tokenizers_.emplace(header["tokenizer"], BertTokenizer::from_pretrained(folder.path()));
  }

  void check_encoding(const Json& expected) const {
    const BertTokenizer& tokenizer = tokenizers_.at(expected["on"]);
    const std::string text = expected.contains("text") ? expected["text"].get<std::string>()
                                                       : unhex(expected["bytes"].get<std::string>());
    EncodeOptions options;
    options.return_offsets = options.return_overflowing_tokens = true;
    options.add_special_tokens = expected.value("add_special_tokens", true);
    if (expected.contains("strategy")) {
      const std::string strategy = expected["strategy"];
      options.max_length = expected["max_length"];
      options.stride = expected["stride"];
      options.truncation = strategy == "longest_first" ? Truncation::longest_first
                           : strategy == "only_first"  ? Truncation::only_first
                                                       : Truncation::only_second;
    }
    const auto encode = [&] {
      return expected.contains("pair") ? tokenizer.encode(text, expected["pair"].get<std::string>(), options)
                                       : tokenizer.encode(text, options);
    };
    if (expected["windows"].is_null()) {
      EXPECT_THROW(encode(), Error) << expected;
      return;
    }
    const Encoding encoding = encode();
    Json windows = Json::array({window_json(encoding)});
    for (const Encoding& window : encoding.overflowing) windows.push_back(window_json(window));
    EXPECT_EQ(windows, completed(expected["windows"], windows)) << expected;
  }

  void check_decoding(const Json& expected) const {
    const BertTokenizer& tokenizer = tokenizers_.at(expected["on"]);
    EXPECT_EQ(tokenizer.decode(expected["ids"].get<std::vector<std::int32_t>>(), expected["skip"]),
              expected["decoded"].get<std::string>())
        << expected;
  }

 private:
  std::string vocabulary_;
  std::map<std::string, BertTokenizer> tokenizers_;
};

// Returns how many cases the file has.
int check_fixture(const char* name, bool byte_level) {
  Fixture fixture;
  std::istringstream lines(read_file(kFixtures / name));
  int cases = 0;
  for (std::string line; std::getline(lines, line); ++cases) {
    const Json value = parse_json(line, name);
    if (value.contains("tokenizer")) {
      byte_level ? fixture.add_byte_level_tokenizer(value) : fixture.add_tokenizer(value);
    } else if (value.contains("decoded")) {
      fixture.check_decoding(value);
    } else {
      fixture.check_encoding(value);
    }
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << name << ", line " << cases + 1;
      break;
    }
  }
  return cases;
}

TEST(TokenizerFixture, EqualsTransformers) { EXPECT_GT(check_fixture("tokenizer.jsonl", false), 1000); }

TEST(TokenizerFixture, ByteLevelEqualsTransformers) {
  EXPECT_GT(check_fixture("byte_level.jsonl", true), 500);
}

}  // namespace
}  // namespace bertune
