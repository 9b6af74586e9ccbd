// Detects files of tagged words, and their form, by their content, because names of files lie.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "data/tagged/tagged.h"

namespace bertune::data {

// The format of a file that holds tagged words. `input` is without a byte order mark.
TagFormat guess_tag_format(const fs::path& path, std::string_view input);

// Returns why a file is one of tagged words: "words and tags such as B-LOC, ..."; empty where it does not
// look like one.
std::string looks_like_tagged_words(const fs::path& path, std::string_view input);

// Returns whether a file that a model is asked about holds words, or texts with their entities, and not texts
// alone.
bool holds_sentences(const fs::path& path, std::string_view input);

// "O", or a letter of a scheme and a type: "B-LOC".
bool is_entity_tag(std::string_view tag);

// The columns of lines that hold the word and its tag, and the evidence.
struct WordColumns {
  bool by_tabs = false;
  std::size_t columns = 0, word = 0, tag = 0;
  bool brackets = false;  // CoNLL-2012: "(ORG*", "*", "*)"
  std::string why = {};   // where the word is not the first column, or the tag not the last; for a note
  bool has_blank_lines = false, single_words = true;    // no blank stands within the first column
  std::size_t lines = 0, entity_tags = 0, outside = 0;  // of those looked at; tags B-X, ... and O
  std::size_t longest_group = 0;
  std::string example = {};  // one of the entity tags
};
// Looks at the first lines. Nothing where there is none with a word.
std::optional<WordColumns> find_word_columns(std::string_view input);

// A line of CoNLL that is no word: it begins with "#", and has not as many columns as the others, or several
// words in the first, or is "# name = value".
bool is_comment(std::string_view line, std::span<const std::string_view> cells, std::size_t columns);

// The line without blanks around it; where nothing but blanks precedes the first TAB, the first cell stays.
std::string_view without_margins(std::string_view line, bool by_tabs);

// Returns the first entity of lines of words with tags behind bars ("Paris|NNP|I-LOC"); empty where one of
// the first lines is none.
std::string example_of_barred_lines(std::string_view input);

// Returns whether the lines of a file of labels are tags such as B-LOC and O, one for each word of the lines
// of `input`.
bool are_tags_of_words(std::string_view input, const fs::path& labels_file);

// The columns of a table of words.
struct TagTable {
  char delimiter = ',';
  bool has_header = false;
  std::vector<std::string> names;  // or numbers from 1
  int sentence = -1, word = -1, tag = -1;
  bool lists = false;  // a sentence per row: words and tags are lists
};
// Finds the columns of a table of words; `label_column`, if given, holds the tags. Nothing where the input is
// no such table.
std::optional<TagTable> find_tag_table(std::string_view input, const std::string& label_column);

}  // namespace bertune::data
