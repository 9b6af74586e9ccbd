// Token texts back to a readable text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bertune::text {

struct DecoderOptions {
  std::string_view prefix = "##";
  bool cleanup = true;           // of each token, as the tokenizers library does
  bool cleanup_of_text = false;  // once more of the whole, as older versions of Transformers did
};

std::string clean_up_text(std::string text);  // that second time

std::string decode_tokens(const std::vector<std::string_view>& tokens, const DecoderOptions& options);

}  // namespace bertune::text
