// A text made valid UTF-8, and the way back from its byte offsets to those of the original and to code
// points.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/tokenizer.h"

namespace bertune::text {

class ValidText {
 public:
  // Malformed sequences become U+FFFD, one for each maximal subpart. `text` must outlive this.
  explicit ValidText(std::string_view text);
  ValidText(const ValidText&) = delete;
  ValidText& operator=(const ValidText&) = delete;

  std::string_view view() const { return view_; }

  // Spans in bytes of view() as spans in bytes of the original text, and in code points.
  void to_original_bytes(const Span* spans, std::size_t count, Span* result) const;
  void to_code_points(const Span* spans, std::size_t count, Span* result) const;

 private:
  // The end of a replacement in view(), and how much further the original is there.
  struct Shift {
    std::uint32_t end;
    std::int64_t difference;
  };
  std::size_t ascii_prefix_;  // bytes before the first that is not ASCII
  std::string replaced_;      // empty when nothing was malformed
  std::string_view view_;
  std::vector<Shift> shifts_;
};

}  // namespace bertune::text
