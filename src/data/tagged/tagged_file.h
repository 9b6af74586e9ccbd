// The common parts of the readers of tagged sentences: lines with their numbers, texts made valid, and
// oddities.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/files/bad_rows.h"
#include "data/files/storage.h"
#include "data/tagged/tagged.h"

namespace bertune::data {

class TaggedFile {
 public:
  TaggedFile(std::string_view input, const TaggedReadOptions& options, Arena& arena, TaggedDataset& dataset);

  // The next line without its end; false at the end of the file, or when enough sentences were read.
  bool next_line(std::string_view& line);
  std::int64_t line() const { return line_; }  // of the last one taken, from 1
  std::string where(std::int64_t line) const;
  const std::string& path() const { return dataset_.path; }
  std::string_view rest() const { return input_; }  // what no line was taken of yet
  // Returns what shows the form of the file: its beginning, or what there is of it.
  std::string_view beginning() const { return options_.beginning.empty() ? input_ : options_.beginning; }
  bool is_full() const;  // as many sentences as were asked for
  [[noreturn]] void refuse(std::int64_t line, std::string_view what) const;

  const TaggedReadOptions& options() const { return options_; }
  // `text` itself, which points into the file, or a copy with U+FFFD for what is not UTF-8.
  std::string_view valid(std::string_view text);
  // Returns a copy that lives as long as the dataset.
  std::string_view keep(std::string_view text) { return arena_.copy(text); }
  std::string_view keep_tag(std::string_view tag);  // once each

  // Throws Error for absurd sizes. A sentence without words is left out, unless labels are not required.
  void add(TaggedSentence sentence);
  // Sentences that cannot be read.
  BadRows& bad() { return bad_; }
  void note(std::string text) { dataset_.notes.push_back(std::move(text)); }
  // Counts what is odd; the notes name the first line and how often.
  void count(std::string_view what, std::int64_t line);
  void add_counts_to_notes();
  // Checks the count of bad sentences after the last one. Throws Error where too many could not be read.
  void settle() { bad_.settle(dataset_.path, dataset_.size(), "sentences", dataset_.notes); }

 private:
  struct Tally {
    std::string_view what;
    std::int64_t line, count;
  };

  std::string_view input_;
  const TaggedReadOptions& options_;
  Arena& arena_;
  TaggedDataset& dataset_;
  std::int64_t line_ = 0;
  std::vector<Tally> tallies_;
  std::set<std::string_view> kept_tags_;
  BadRows bad_;
};

void read_conll(TaggedFile& file);
void read_conllu(TaggedFile& file);
void read_tagged_jsonl(TaggedFile& file);
void read_tag_table(TaggedFile& file);
void read_barred_lines(TaggedFile& file);
// A sentence per line, and its tags in the same line of options().labels_file.
void read_words_and_tags(TaggedFile& file);

// The cells of a line of CoNLL: between TABs, or between runs of blanks.
void split_cells(std::string_view line, bool by_tabs, std::vector<std::string_view>& cells);

}  // namespace bertune::data
