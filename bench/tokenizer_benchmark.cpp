// Times the tokenizer alone on one thread, for tokenizer_speed.py.
//
//   tokenizer_benchmark MODEL_OR_VOCAB cased|uncased PASSES < texts
//   tokenizer_benchmark MODEL load PASSES
//
// Each text ends with a zero byte. Prints a line a pass: processor seconds and the tokens made, or those of
// reading the tokenizer.
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "bertune/threads.h"
#include "bertune/tokenizer.h"

namespace {

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <typename Function>
void time_passes(int passes, const Function& function) {
  for (int pass = 0; pass < passes; ++pass) {
    const double begin = processor_seconds();
    const auto made = static_cast<long long>(function());
    std::printf("%.9f %lld\n", processor_seconds() - begin, made);
  }
}

bertune::BertTokenizer open(const std::string& path, bool lowercase) {
  if (!path.ends_with(".txt")) return bertune::BertTokenizer::from_pretrained(path);
  bertune::TokenizerConfig config;
  config.do_lower_case = lowercase;
  return bertune::BertTokenizer::from_vocabulary(path, config);
}

void run(const std::string& model, const std::string& what, int passes) {
  bertune::set_num_threads(1);
  if (what == "load") {
    return time_passes(passes, [&] { return bertune::BertTokenizer::from_pretrained(model).vocab_size(); });
  }
  const std::string bytes(std::istreambuf_iterator<char>(std::cin), {});
  std::vector<std::string_view> texts;
  for (std::size_t begin = 0; begin < bytes.size(); begin += texts.back().size() + 1) {
    texts.push_back(std::string_view(bytes).substr(begin, bytes.find('\0', begin) - begin));
  }
  const bertune::BertTokenizer tokenizer = open(model, what == "uncased");
  bertune::PackedEncodings rows;  // its memory is kept, as that of a loop over batches would be
  time_passes(passes, [&] {
    rows.input_ids.clear(), rows.lengths.clear(), rows.begins.resize(1);
    tokenizer.encode_packed(texts, {}, {}, rows);
    return rows.input_ids.size();
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    run(argv[1], argv[2], std::atoi(argv[3]));
  } catch (const bertune::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
