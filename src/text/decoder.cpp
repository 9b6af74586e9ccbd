#include "text/decoder.h"

#include <array>
#include <span>
#include <utility>

namespace bertune::text {
namespace {

using Replacement = std::pair<std::string_view, std::string_view>;

// The replacements, in the order in which the reference applies them: the result of one may match another.
constexpr std::array<Replacement, 11> kTokenCleanup{{{" .", "."},
                                                     {" ?", "?"},
                                                     {" !", "!"},
                                                     {" ,", ","},
                                                     {" ' ", "'"},
                                                     {" n't", "n't"},
                                                     {" 'm", "'m"},
                                                     {" do not", " don't"},
                                                     {" 's", "'s"},
                                                     {" 've", "'ve"},
                                                     {" 're", "'re"}}};
constexpr std::array<Replacement, 10> kTextCleanup{{{" .", "."},
                                                    {" ?", "?"},
                                                    {" !", "!"},
                                                    {" ,", ","},
                                                    {" ' ", "'"},
                                                    {" n't", "n't"},
                                                    {" 'm", "'m"},
                                                    {" 's", "'s"},
                                                    {" 've", "'ve"},
                                                    {" 're", "'re"}}};

void replace_all(std::string& text, const Replacement& replacement) {
  std::size_t found = text.find(replacement.first);
  if (found == std::string::npos) return;
  std::string result;
  std::size_t copied = 0;
  for (; found != std::string::npos; found = text.find(replacement.first, copied)) {
    result.append(text, copied, found - copied).append(replacement.second);
    copied = found + replacement.first.size();
  }
  text = result.append(text, copied);
}

void clean_up(std::string& text, std::span<const Replacement> replacements) {
  for (const Replacement& replacement : replacements) replace_all(text, replacement);
}

}  // namespace

std::string clean_up_text(std::string text) {
  clean_up(text, kTextCleanup);
  return text;
}

std::string decode_tokens(const std::vector<std::string_view>& tokens, const DecoderOptions& options) {
  std::string text, token;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0 && tokens[i].starts_with(options.prefix)) {
      token = tokens[i].substr(options.prefix.size());
    } else {
      token = i > 0 ? " " : "";
      token += tokens[i];
    }
    if (options.cleanup) clean_up(token, kTokenCleanup);
    text += token;
  }
  return options.cleanup_of_text ? clean_up_text(std::move(text)) : text;
}

}  // namespace bertune::text
