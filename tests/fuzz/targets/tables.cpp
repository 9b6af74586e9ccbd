// Files of texts and labels: read whole and as a stream, which gives the same rows.
#include <array>
#include <sstream>

#include "bertune/error.h"
#include "data/documents/documents.h"
#include "data/files/decoding.h"
#include "data/files/python_literal.h"
#include "data/files/text_file.h"
#include "data/texts/labels.h"
#include "data/texts/reader.h"
#include "fuzz/target.h"
#include "support/pieces.h"

namespace bertune::fuzz {
namespace {

using namespace data;

// `label_form`: of the whole file. Only all rows together show that "1,5" is a number: a stream gives it as
// written.
void append(std::string& all, const Row& row, LabelForm label_form) {
  const bool as_written = label_form == LabelForm::as_written;
  for (const std::string_view text : {row.text, row.text_pair, as_written ? row.label : "", row.id}) {
    all += text;
    all += '\x1f';
  }
  all += std::to_string(row.line) + (row.has_label ? "l" : "-");
}

// The rows as a text, or "refused".
template <typename Read>
std::string outcome(const Read& read) {
  try {
    std::string all;
    read(all);
    return all;
  } catch (const Error&) {
    return "refused";
  }
}

void read_all(RowStream& stream, LabelForm label_form, std::string& all) {
  for (std::vector<Row> rows; stream.next_batch(3, rows);)
    for (const Row& row : rows) append(all, row, label_form);
}

// The rows of three shards, one behind the other.
std::string rows_of_shards(const std::filesystem::path& path, const ReadOptions& options) {
  return outcome([&](std::string& all) {
    for (const std::int64_t index : {0, 1, 2}) {
      RowStream stream(path, options, {index, 3});
      read_all(stream, LabelForm::as_written, all);
    }
  });
}

void read_table(std::string bytes, ReadOptions options, unsigned choice) {
  static constexpr std::array kDelimiters = {'\0', '\0', ',', ';', '\t', '|', ' ', ':'};
  options.header = (choice & 1) == 0;
  options.labels_required = (choice & 2) == 0;
  options.max_bad_rows = (choice & 4) == 0 ? 0 : 2;
  options.delimiter = kDelimiters[choice >> 3 & 7];
  options.encoding = "utf-8";  // of a file, and not of a stream, it would be guessed
  // Lines of text are taken as they come: columns are guessed without the last one, while its end is missing.
  if (options.format == Format::text && !bytes.empty()) bytes += '\n';
  const std::filesystem::path path = folder().write("rows", bytes);
  std::string message;
  LabelForm label_form = LabelForm::as_written;
  const std::string whole = outcome([&](std::string& all) {
    try {
      const Dataset dataset = read_dataset(path, options);
      label_form = dataset.label_form;
      for (const Row& row : dataset.rows) append(all, row, label_form);
    } catch (const Error& error) {
      message = error.what();
      throw;
    }
  });
  if (options.format) {  // that of standard input is text, unless it is given
    const std::string streamed = outcome([&](std::string& all) {
      std::istringstream input(bytes);
      RowStream stream(input, path.string(), options);
      read_all(stream, label_form, all);
    });
    // A file without rows is refused, and a stream of none is not.
    require(streamed == whole || (whole == "refused" && streamed.empty()),
            "a stream gives the rows of the file");
    const std::string from_file = outcome([&](std::string& all) {
      RowStream stream(path, options);
      read_all(stream, LabelForm::as_written, all);
    });
    if (from_file != "refused" && options.max_bad_rows == 0) {
      const std::string of_shards = rows_of_shards(path, options);
      require(of_shards == from_file || of_shards == "refused", "shards give the rows of the file");
    }
    outcome([&](std::string& all) {
      std::vector<std::string> pieces;
      for (std::string_view rest = bytes; !rest.empty(); rest.remove_prefix(pieces.back().size()))
        pieces.emplace_back(rest.substr(0, 1 + pieces.size() % 7));
      testing::Pieces arriving(std::move(pieces));
      std::istream input(&arriving);
      RowStream stream(input, path.string(), options);
      read_all(stream, label_form, all);
    });
  }
  if (!message.empty()) throw Error(message);
}

const Target kCsv("csv", [](std::string_view bytes) {
  ReadOptions options;
  options.format = std::array{Format::csv, Format::csv, Format::tsv, Format::text}[take_choice(bytes) % 4];
  const unsigned choice = take_choice(bytes);
  read_table(std::string(bytes), options, choice);
});

const Target kGuessed("guessed_format", [](std::string_view bytes) {
  const unsigned choice = take_choice(bytes);
  read_table(std::string(bytes), {}, choice);
});

const Target kJsonRows("json_rows", [](std::string_view bytes) {
  ReadOptions options;
  options.format = take_choice(bytes) % 2 == 0 ? Format::jsonl : Format::json;
  const unsigned choice = take_choice(bytes);
  read_table(std::string(bytes), options, choice & 7);
});

// Packed and encoded bytes, and what is guessed of them; as a whole and as a stream.
const Target kDecoding("decoding", [](std::string_view bytes) {
  static constexpr std::array kEncodings = {"",       "utf-16",    "utf-16le", "utf-32",
                                            "cp1252", "shift_jis", "gb18030",  "koi8-r"};
  const std::string encoding = kEncodings[take_choice(bytes) % kEncodings.size()];
  const std::filesystem::path path = folder().write("encoded", bytes);
  std::string message;
  const std::string whole = outcome([&](std::string& all) {
    try {
      all = TextFile(path, encoding).text();
    } catch (const Error& error) {
      message = error.what();
      throw;
    }
  });
  const std::string streamed = outcome([&](std::string& all) {
    const TextStream text = open_text(path, encoding);
    char block[700];
    do {
      text.stream->read(block, sizeof block);
      all.append(block, static_cast<std::size_t>(text.stream->gcount()));
    } while (text.stream->good());
    if (text.stream->bad()) throw Error("cannot read");
  });
  require(whole == streamed, "a stream gives the text of the file");
  if (!message.empty()) throw Error(message);
});

const Target kLiteral("python_literal", [](std::string_view bytes) {
  const bool numpy = take_choice(bytes) % 2 == 0;
  const std::optional<Json> value = parse_python_literal(bytes, numpy);
  if (value) dump_json(*value);
  parse_cell_value(bytes, numpy);
  parse_number(bytes);
  split_labels(bytes, '\0', "labels");
});

struct Counting : DocumentSink {
  std::size_t bytes = 0, documents = 0;
  void sentence(std::string_view text) override {
    require(!text.empty(), "no sentence is empty");
    bytes += text.size();
  }
  void end_document() override { ++documents; }
};

const Target kDocuments("documents", [](std::string_view bytes) {
  const unsigned choice = take_choice(bytes);
  DocumentOptions options;
  options.format = std::array{Format::text, Format::text, Format::csv, Format::jsonl}[choice & 3];
  Counting sink;
  DocumentReader(options).read(folder().write("documents", bytes), sink);
});

}  // namespace
}  // namespace bertune::fuzz
