// One row of ids, types, places and word numbers, put together from the tokens of its texts.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "bertune/tokenizer.h"
#include "text/text_encoder.h"
#include "text/token_buffer.h"
#include "text/truncation.h"
#include "text/unicode/valid_text.h"

namespace bertune::text {

// The tokens of one text, and where they lie in it.
struct TextTokens {
  // The place of a token, in code points and in bytes of the original.
  struct Places {
    std::vector<Span> code_points, bytes;
  };
  TokenBuffer tokens;
  Places places;
  Places at_window;  // of a token that is the first of a window; empty where that makes no difference

  // The places of the first `count` tokens. `windows`: of windows, too.
  void locate(const TextEncoder& encoder, const ValidText& valid, std::size_t count, bool windows) {
    locate(encoder, valid, count, false, places);
    at_window = {};
    if (windows && encoder.spec().byte_level && encoder.spec().byte_level->trim_keeps_first_space) {
      locate(encoder, valid, count, true, at_window);
    }
  }

 private:
  void locate(const TextEncoder& encoder, const ValidText& valid, std::size_t count, bool first, Places& to) {
    to.code_points.resize(count);
    to.bytes.resize(count);
    const Span* spans = tokens.spans();
    if (encoder.spec().byte_level && encoder.spec().byte_level->trim_offsets) {
      trimmed_.resize(count);
      for (std::size_t i = 0; i < count; ++i) {
        trimmed_[i] = encoder.trimmed(valid.view(), tokens.ids()[i], spans[i], first || i == 0);
      }
      spans = trimmed_.data();
    }
    valid.to_code_points(spans, count, to.code_points.data());
    valid.to_original_bytes(spans, count, to.bytes.data());
  }

  std::vector<Span> trimmed_;
};

// Puts one row together, part by part.
class EncodingBuilder {
 public:
  EncodingBuilder(std::size_t length, bool with_offsets) : with_offsets_(with_offsets) {
    encoding_.input_ids.reserve(length);
    encoding_.token_type_ids.reserve(length);
    if (!with_offsets) return;
    encoding_.offsets.reserve(length);
    encoding_.byte_offsets.reserve(length);
    encoding_.word_ids.reserve(length);
    encoding_.special_tokens_mask.reserve(length);
  }

  void add_special(std::int32_t id, std::int32_t type) {
    encoding_.input_ids.push_back(id);
    encoding_.token_type_ids.push_back(type);
    if (!with_offsets_) return;
    encoding_.offsets.emplace_back();
    encoding_.byte_offsets.emplace_back();
    encoding_.word_ids.push_back(-1);
    encoding_.special_tokens_mask.push_back(1);
  }

  void add_text(const TextTokens& text, Window window, std::int32_t type) {
    const auto append = [&](auto& to, const auto* from) {
      to.insert(to.end(), from + window.begin, from + window.end);
    };
    append(encoding_.input_ids, text.tokens.ids());
    encoding_.token_type_ids.resize(encoding_.input_ids.size(), type);
    if (!with_offsets_) return;
    const std::size_t first = encoding_.offsets.size();
    append(encoding_.offsets, text.places.code_points.data());
    append(encoding_.byte_offsets, text.places.bytes.data());
    if (window.begin < window.end && !text.at_window.bytes.empty()) {
      encoding_.offsets[first] = text.at_window.code_points[window.begin];
      encoding_.byte_offsets[first] = text.at_window.bytes[window.begin];
    }
    append(encoding_.word_ids, text.tokens.words());
    encoding_.special_tokens_mask.resize(encoding_.input_ids.size(), 0);
  }

  Encoding take() { return std::move(encoding_); }

 private:
  bool with_offsets_;
  Encoding encoding_;
};

}  // namespace bertune::text
