// Encodes records from standard input and writes the results as binary records, for tokenizer_parity.py.
//
//   tokenizer_driver MODEL_FOLDER [max_length stride strategy] < records > results
//   tokenizer_driver MODEL_FOLDER save FOLDER
//   tokenizer_driver MODEL_FOLDER decode|decode-text < lists of ids > texts
//
// The second form writes the tokenizer's files into an existing folder. The third takes a count and that many
// ids, and gives a length and that many bytes; decode-text leaves special tokens out.
// A record in is the text's length and, for a pair, the second's length (32 bits each, 0xFFFFFFFF: no second
// text), then the bytes. A record out is, for each window, the number of tokens, then ids, type ids, word
// ids, and begin and end offsets in code points and in bytes; a count of 0xFFFFFFFF ends the windows of a
// text, 0xFFFFFFFE is an error.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "bertune/tokenizer.h"

namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFF, kError = 0xFFFFFFFE;

struct Record {
  std::string text, pair;
  bool has_pair = false;
};

bool read_number(std::uint32_t& value) { return std::fread(&value, sizeof value, 1, stdin) == 1; }

std::string read_bytes(std::uint32_t length) {
  std::string bytes(length, '\0');
  if (std::fread(bytes.data(), 1, length, stdin) != length) std::exit(1);
  return bytes;
}

bool read_record(Record& record) {
  std::uint32_t length = 0, pair_length = 0;
  if (!read_number(length) || !read_number(pair_length)) return false;
  record.text = read_bytes(length);
  record.has_pair = pair_length != kNone;
  if (record.has_pair) record.pair = read_bytes(pair_length);
  return true;
}

template <typename T>
void write(const std::vector<T>& values) {
  std::fwrite(values.data(), sizeof(T), values.size(), stdout);
}

void write_window(const bertune::Encoding& encoding) {
  const auto count = static_cast<std::uint32_t>(encoding.input_ids.size());
  std::fwrite(&count, sizeof count, 1, stdout);
  write(encoding.input_ids);
  write(encoding.token_type_ids);
  write(encoding.word_ids);
  write(encoding.offsets);
  write(encoding.byte_offsets);
}

void save(const bertune::BertTokenizer& tokenizer, const std::filesystem::path& folder) {
  for (const auto& [name, contents] : tokenizer.files(512)) {
    std::ofstream(folder / name, std::ios::binary) << contents;
  }
}

void decode(const bertune::BertTokenizer& tokenizer, bool skip_special_tokens) {
  std::uint32_t count = 0;
  while (read_number(count)) {
    std::vector<std::int32_t> ids(count);
    if (std::fread(ids.data(), sizeof(std::int32_t), count, stdin) != count) std::exit(1);
    const std::string text = tokenizer.decode(ids, skip_special_tokens);
    const auto length = static_cast<std::uint32_t>(text.size());
    std::fwrite(&length, sizeof length, 1, stdout);
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
}

bertune::EncodeOptions options_from(int argc, char** argv) {
  bertune::EncodeOptions options;
  options.return_offsets = true;
  if (argc < 5) return options;
  options.return_overflowing_tokens = true;
  options.max_length = std::atoi(argv[2]);
  options.stride = std::atoi(argv[3]);
  const std::string strategy = argv[4];
  options.truncation = strategy == "only_first"    ? bertune::Truncation::only_first
                       : strategy == "only_second" ? bertune::Truncation::only_second
                                                   : bertune::Truncation::longest_first;
  return options;
}

// Without offsets the tokenizer takes another way, which is to come to the same, at the first time and from
// its cache; and so are rows of a batch.
bool is_same_without_offsets(const bertune::BertTokenizer& tokenizer, const Record& record,
                             bertune::EncodeOptions options, const bertune::Encoding& expected) {
  options.return_offsets = options.return_overflowing_tokens = false;
  const std::vector<std::string_view> texts(2, record.text);
  std::vector<std::string_view> pairs;
  if (record.has_pair) pairs.assign(2, record.pair);
  bertune::PackedEncodings rows;
  tokenizer.encode_packed(texts, pairs, options, rows);
  std::vector<std::int32_t> twice = expected.input_ids;
  twice.insert(twice.end(), expected.input_ids.begin(), expected.input_ids.end());
  const bertune::Encoding plain = record.has_pair ? tokenizer.encode(record.text, record.pair, options)
                                                  : tokenizer.encode(record.text, options);
  return rows.input_ids == twice && plain.input_ids == expected.input_ids &&
         plain.token_type_ids == expected.token_type_ids;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  try {
    const auto tokenizer = bertune::BertTokenizer::from_pretrained(argv[1]);
    if (argc == 4) {
      save(tokenizer, argv[3]);
      return 0;
    }
    if (argc == 3) {
      decode(tokenizer, std::string(argv[2]) == "decode-text");
      return 0;
    }
    const bertune::EncodeOptions options = options_from(argc, argv);
    Record record;
    while (read_record(record)) {
      std::uint32_t end = kNone;
      try {
        const bertune::Encoding encoding = record.has_pair
                                               ? tokenizer.encode(record.text, record.pair, options)
                                               : tokenizer.encode(record.text, options);
        if (!is_same_without_offsets(tokenizer, record, options, encoding)) {
          throw bertune::Error("the ids are not those without offsets");
        }
        write_window(encoding);
        for (const bertune::Encoding& window : encoding.overflowing) write_window(window);
      } catch (const bertune::Error&) {
        end = kError;
      }
      std::fwrite(&end, sizeof end, 1, stdout);
    }
  } catch (const bertune::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
