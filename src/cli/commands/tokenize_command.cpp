#include "cli/commands/tokenize_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/error.h"
#include "bertune/tokenizer.h"
#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "cli/screen/messages.h"
#include "core/file.h"
#include "core/parallel.h"
#include "options/encoding_options.h"

namespace bertune::cli {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{4} << 20, kChunkLines = std::size_t{1} << 16;

struct TokenizeOptions {
  std::filesystem::path model;
  HubFlags hub;
  bool pair = false, offsets = false;
  options::EncodingOptions encoding;
  int threads = 0;
  ScreenOptions screen;
};

// Some whole lines of standard input at a time: up to kChunkLines, and about kChunkBytes or one line that is
// longer.
class LineChunks {
 public:
  // False at the end of the input. The lines are valid until the next call.
  bool next(std::vector<std::string_view>& lines) {
    lines.clear();
    buffer_.erase(0, used_);
    used_ = 0;
    fill();
    std::string_view rest = buffer_;
    std::size_t end = rest.find('\n');
    for (; end != std::string_view::npos && lines.size() < kChunkLines; end = rest.find('\n')) {
      lines.push_back(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    if (at_end_ && end == std::string_view::npos && !rest.empty()) {
      lines.push_back(rest);
      rest = {};
    }
    used_ = buffer_.size() - rest.size();
    return !lines.empty();
  }

 private:
  void fill() {
    std::size_t searched = 0;
    while (!at_end_ && (buffer_.size() < kChunkBytes || buffer_.find('\n', searched) == std::string::npos)) {
      searched = buffer_.size();
      buffer_.resize(searched + kChunkBytes);
      const std::size_t got = std::fread(buffer_.data() + searched, 1, kChunkBytes, stdin);
      buffer_.resize(searched + got);
      if (got == 0) {
        if (std::ferror(stdin) != 0) throw Error(fmt::format("standard input: {}", std::strerror(errno)));
        at_end_ = true;
      }
    }
  }

  std::string buffer_;
  std::size_t used_ = 0;  // bytes of buffer_ that were handed out
  bool at_end_ = false;
};

void append_list(fmt::memory_buffer& out, const std::vector<std::int32_t>& values) {
  fmt::format_to(std::back_inserter(out), "[{}]", fmt::join(values, ","));
}

void append_encoding(fmt::memory_buffer& out, const Encoding& encoding, bool with_offsets) {
  if (!with_offsets) {
    append_list(out, encoding.input_ids);
  } else {
    out.append(std::string_view("{\"input_ids\":"));
    append_list(out, encoding.input_ids);
    out.append(std::string_view(",\"token_type_ids\":"));
    append_list(out, encoding.token_type_ids);
    out.append(std::string_view(",\"offsets\":["));
    for (std::size_t i = 0; i < encoding.offsets.size(); ++i) {
      const Span& span = encoding.offsets[i];
      fmt::format_to(std::back_inserter(out), "{}[{},{}]", i > 0 ? "," : "", span.begin, span.end);
    }
    out.append(std::string_view("]}"));
  }
  out.push_back('\n');
}

// Cuts "text TAB text" in two. `first_line` is the number of lines[0] in the input.
std::vector<std::string_view> split_pairs(std::vector<std::string_view>& lines, std::uint64_t first_line) {
  std::vector<std::string_view> pairs;
  pairs.reserve(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t tab = lines[i].find('\t');
    if (tab == std::string_view::npos) {
      throw Error(
          fmt::format("standard input, line {}: --pair needs two texts separated by a TAB", first_line + i));
    }
    pairs.push_back(lines[i].substr(tab + 1));
    lines[i] = lines[i].substr(0, tab);
  }
  return pairs;
}

void tokenize(const TokenizeOptions& options) {
  set_num_threads(options.threads);
  finish_folder(options.model);
  const BertTokenizer tokenizer = BertTokenizer::from_pretrained(options.model);
  print_notes(tokenizer.notes());
  EncodeOptions encode = options.encoding.values();
  encode.return_offsets = options.offsets;
  LineChunks chunks;
  std::vector<std::string_view> lines, pairs;
  std::uint64_t texts = 0, with_special = 0, cut = 0;
  while (chunks.next(lines)) {
    if (options.pair) pairs = split_pairs(lines, texts + 1);
    fmt::memory_buffer out;
    for (const Encoding& encoding : tokenizer.encode_batch(lines, pairs, encode)) {
      append_encoding(out, encoding, options.offsets);
      with_special += encoding.special_in_text > 0 ? 1 : 0;
      cut += encoding.truncated_tokens > 0 ? 1 : 0;
    }
    write_to_standard_output({out.data(), out.size()});
    texts += lines.size();
  }
  if (with_special > 0) {
    print_notes(
        {fmt::format("{} of {} texts hold special tokens such as {}, which count as such and not as text "
                     "(change with --literal-special)",
                     with_special, texts, tokenizer.config().sep_token)});
  }
  if (cut > 0)
    print_notes({fmt::format("{} of {} texts were cut to {} tokens", cut, texts, encode.max_length)});
}

}  // namespace

void add_tokenize_command(CLI::App& app) {
  const auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command =
      app.add_subcommand("tokenize", "Print the token ids of each line of standard input as a JSON list");
  command
      ->add_option("--model", options->model,
                   "Model folder with a tokenizer, or its name on the Hugging Face Hub")
      ->required();
  options->hub.add_to(*command);
  command->add_flag("--pair", options->pair, "Each line is two texts separated by a TAB");
  command->add_flag("--offsets", options->offsets,
                    "Print {\"input_ids\", \"token_type_ids\", \"offsets\"}; offsets count code points");
  options->encoding.add_to(*command);
  command
      ->add_option("--threads", options->threads,
                   "Threads to compute with (default: all CPUs of this process)")
      ->check(CLI::NonNegativeNumber);
  options->screen.add_to(*command);
  command->footer("Example:\n  echo \"Where is my parcel?\" | bertune tokenize --model bert-base-uncased");
  command->callback([options] {
    options->model = options->hub.find(options->model, options->screen.hides_progress(), /*weights=*/false);
    tokenize(*options);
  });
}

}  // namespace bertune::cli
