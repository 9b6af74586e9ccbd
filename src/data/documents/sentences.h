// Cuts running text into sentences by punctuation, the same way every time: no model, no locale. It is made
// for pre-training, where a wrong cut now and then costs nothing, and not for counting sentences.
#pragma once

#include <string_view>

namespace bertune::data {

// A sentence ends
// - behind 。 ！ ？ ｡ । ॥ ۔ and closing quotes or brackets, whatever follows;
// - behind . ! ? … ؟ and closing quotes or brackets, where blanks follow and then (behind opening quotes or
//   brackets) an upper-case letter, a digit, or a letter of a script without case. A single full stop does
//   not end it behind initials ("J. Smith", "U.S. Navy", "e.g."), titles ("Mr."), "No." and the like before a
//   digit, between numbers ("3. 12."), or behind a number that begins the sentence ("1. Introduction").
// Line ends are blanks, so wrapped lines need not be joined first. Works on any bytes.
class SentenceSplitter {
 public:
  explicit SentenceSplitter(std::string_view text) : rest_(text) {}

  // The next sentence, without blanks around it; false at the end. Views into the text.
  bool next(std::string_view& sentence);

 private:
  std::string_view rest_;
};

// Returns whether the text's last character, but for closing quotes and brackets, ends a sentence (: and ;
// not).
bool ends_sentence(std::string_view text);

}  // namespace bertune::data
