#include "cli/commands/vocabulary_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "bertune/vocabulary.h"
#include "cli/options/shared_options.h"
#include "cli/screen/standard_input.h"
#include "core/file.h"
#include "core/names.h"
#include "options/parsed_option.h"
#include "report/progress.h"
#include "report/vocabulary_report.h"

namespace bertune::cli {
namespace {

constexpr std::size_t kBytesAtATime = std::size_t{8} << 20;  // of text that is counted in one go
constexpr std::int64_t kModelMaxLength = 512;                // what BERT's positions reach

struct VocabularyFlags {
  std::vector<fs::path> inputs;
  fs::path output;
  VocabularyOptions vocabulary;
  bool cased = false, keep_accents = false, keep_chinese_together = false;
  tasks::FileOptions data;
  ThreadOptions threads;
  ScreenOptions screen;
  bool overwrite = false, json = false;
};

constexpr Names kScores(std::to_array<Named<MergeScore>>({{MergeScore::frequency, "frequency"},
                                                          {MergeScore::likelihood, "likelihood"}}));

MergeScore score_from_string(const std::string& name) {
  if (const auto score = kScores.find(name)) return *score;
  throw UsageError("score", fmt::format("--score is \"{}\"; it must be {}", name, kScores.choices("or")));
}

// Another tokenizer is not overwritten by a slip, and a folder that cannot be written to is found before the
// texts are read.
void prepare_output(const fs::path& output, bool overwrite) {
  std::error_code error;
  if (fs::exists(output, error) && !fs::is_directory(output, error)) {
    throw UsageError(fmt::format("--output {}: is a file, not a folder", output.string()));
  }
  for (const char* file : {"vocab.txt", "tokenizer.json", "config.json"}) {
    if (overwrite || !fs::exists(output / file, error)) continue;
    throw UsageError(fmt::format(
        "--output {}: already holds {}; add --overwrite to replace its tokenizer, or choose another folder",
        output.string(), file));
  }
  const AtomicDirectory probe(output);
}

// Texts are gathered, as views of a row do not outlive the next one.
class TextBuffer {
 public:
  explicit TextBuffer(VocabularyBuilder& builder) : builder_(builder) {}

  void add(std::string_view text) {
    if (text.empty()) return;
    bytes_ += text;
    ends_.push_back(bytes_.size());
    if (bytes_.size() >= kBytesAtATime) flush();
  }
  void flush() {
    std::vector<std::string_view> texts;
    for (std::size_t begin = 0; const std::size_t end : ends_) {
      texts.push_back(std::string_view(bytes_).substr(begin, end - begin));
      begin = end;
    }
    builder_.add(texts);
    bytes_.clear();
    ends_.clear();
  }

 private:
  VocabularyBuilder& builder_;
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

data::RowStream open_rows(const fs::path& path, const data::ReadOptions& options) {
  return path == "-" ? data::RowStream(standard_input(), "standard input", options)
                     : data::RowStream(path, options);
}

// Returns what is to be said of the files.
std::vector<std::string> add_files(const VocabularyFlags& options, const report::ProgressOptions& progress,
                                   VocabularyBuilder& builder) {
  report::ProgressBar bar(std::cerr, "reading text", 0, progress);
  std::vector<std::string> notes;
  TextBuffer buffer(builder);
  std::int64_t done = 0;
  for (const fs::path& path : options.inputs) {
    data::RowStream stream = open_rows(path, options.data.read_options(false));
    const bool has_pairs = static_cast<bool>(stream.columns().text_pair);
    for (data::Row row; stream.next(row);) {
      buffer.add(row.text);
      if (has_pairs) buffer.add(row.text_pair);
      bar.update(++done);
    }
    for (std::string& note : stream.notes()) notes.push_back(std::move(note));
  }
  buffer.flush();
  bar.finish();
  return notes;
}

void save(const fs::path& output, const BertTokenizer& tokenizer) {
  AtomicDirectory folder(output);
  for (const auto& [name, contents] : tokenizer.files(kModelMaxLength)) {
    write_file_atomically(folder.path() / name, contents);
  }
  folder.commit();
}

void make_vocabulary(VocabularyFlags& options) {
  VocabularyOptions& wanted = options.vocabulary;
  wanted.tokenizer.do_lower_case = !options.cased;
  if (options.keep_accents) wanted.tokenizer.strip_accents = false;
  wanted.tokenizer.tokenize_chinese_chars = !options.keep_chinese_together;
  use_threads(options.threads);
  VocabularyBuilder builder(wanted);
  prepare_output(options.output, options.overwrite);
  const report::ProgressOptions progress{.terminal = report::terminal_of(STDERR_FILENO),
                                         .quiet = options.json || options.screen.hides_progress()};
  print_notes(add_files(options, progress, builder));
  report::ProgressBar bar(std::cerr, "merging", wanted.vocab_size, progress);
  const BuiltVocabulary built =
      builder.build([&](std::int64_t done, std::int64_t /*total*/) { bar.update(done); });
  bar.finish();
  save(options.output, BertTokenizer::from_tokens(built.tokens, wanted.tokenizer));
  print_notes(report::vocabulary_notes(built, wanted));
  if (options.json) {
    fmt::print("{}", dump_json(report::vocabulary_json(built)));
    return;
  }
  const report::Style style(report::terminal_of(STDOUT_FILENO).colors);
  fmt::print("{}\nWrote vocab.txt, tokenizer.json, tokenizer_config.json and special_tokens_map.json to {}\n",
             report::vocabulary_report(built, wanted, style), options.output.string());
}

void add_vocabulary_options(CLI::App& command, VocabularyFlags& options) {
  VocabularyOptions& vocabulary = options.vocabulary;
  command
      .add_option("--vocab-size,--vocab_size", vocabulary.vocab_size,
                  "Tokens in the vocabulary, including special ones")
      ->capture_default_str();
  command
      .add_option("--min-frequency,--min_frequency", vocabulary.min_frequency,
                  "Smallest number of occurrences for a pair of pieces to be merged")
      ->capture_default_str();
  command
      .add_option("--limit-alphabet,--limit_alphabet", vocabulary.limit_alphabet,
                  "Number of different characters to keep; words with rarer ones become [UNK]")
      ->capture_default_str();
  options::add_parsed_option(
      command, "--score", vocabulary.score, score_from_string,
      "Which pair of pieces is merged next: the most frequent (frequency), or the one that "
      "makes the texts most "
      "likely (likelihood, slower)")
      ->default_str("frequency");
  command
      .add_option(
          "--unused", vocabulary.unused_tokens,
          "Number of tokens [unused0], ... to reserve; 99 give [UNK] the id 100, as in published models")
      ->capture_default_str();
  command.add_flag("--cased", options.cased, "Keep upper case and accents (default: lower case, no accents)");
  command.add_flag("--keep-accents", options.keep_accents, "Keep accents, in lower case");
  command.add_flag("--keep-chinese-together", options.keep_chinese_together,
                   "Do not split Chinese text into characters");
}

}  // namespace

void add_vocabulary_command(CLI::App& app) {
  const auto options = std::make_shared<VocabularyFlags>();
  CLI::App* command = app.add_subcommand("vocabulary", "Build a WordPiece vocabulary from texts");
  command
      ->add_option("files", options->inputs,
                   "Files of texts: .txt (one text per line), .jsonl, .csv, ...; - for standard input")
      ->required();
  command->add_option("--output,--output_dir", options->output, "Folder to write the tokenizer to")
      ->required();
  add_vocabulary_options(*command, *options);
  add_text_options(*command, options->data);
  add_threads_option(*command, options->threads);
  command->add_flag("--overwrite", options->overwrite, "Replace the tokenizer in the folder");
  command->add_flag("--json", options->json, "Print the summary as JSON and nothing else");
  options->screen.add_to(*command);
  command->footer(
      "Examples:\n"
      "  bertune vocabulary corpus.txt --output my-vocabulary\n"
      "  bertune vocabulary a.jsonl b.jsonl --cased --vocab-size 8000 --output vocab\n"
      "bertune tokenize and AutoTokenizer.from_pretrained load the folder.");
  command->callback([options] { make_vocabulary(*options); });
}

}  // namespace bertune::cli
