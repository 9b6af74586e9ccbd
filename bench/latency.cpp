// Measures the time from one text's bytes to its prediction, with the library as a program would use it:
//
//     latency MODEL_FOLDER TEXTS THREADS fp32|bf16|int8      (a text a line)
//
// Prints {"p50_ms": ..., "p99_ms": ..., "texts": ...}.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "bertune/predictor.h"
#include "bertune/threads.h"

namespace {

constexpr std::size_t kWarmUp = 20;

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The value that `share` of the others do not exceed.
double percentile(std::vector<double>& values, double share) {
  const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + place);
  return values[static_cast<std::size_t>(place)];
}

void measure(const std::string& folder, const std::vector<std::string>& texts, bertune::Precision precision) {
  const bertune::Predictor predictor(folder, {.max_length = 128, .precision = precision});
  const auto milliseconds = [&](const std::string& text) {
    const bertune::Input input{.text = text};
    const auto begin = std::chrono::steady_clock::now();
    predictor.predict(input);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  };
  for (std::size_t i = 0; i < std::min(kWarmUp, texts.size()); ++i) milliseconds(texts[i]);
  std::vector<double> times;
  std::ranges::transform(texts, std::back_inserter(times), milliseconds);
  fmt::print("{{\"p50_ms\": {:.4f}, \"p99_ms\": {:.4f}, \"texts\": {}}}\n", percentile(times, 0.5),
             percentile(times, 0.99), times.size());
}

}  // namespace

int main(int argc, char** argv) try {
  const std::map<std::string, bertune::Precision> precisions = {{"fp32", bertune::Precision::fp32},
                                                                {"bf16", bertune::Precision::bf16},
                                                                {"int8", bertune::Precision::int8}};
  const auto precision = precisions.find(argc == 5 ? argv[4] : "");
  if (precision == precisions.end()) {
    fmt::print(stderr, "usage: latency MODEL_FOLDER TEXTS THREADS fp32|bf16|int8\n");
    return 2;
  }
  const std::vector<std::string> texts = read_lines(argv[2]);
  if (texts.empty()) {
    fmt::print(stderr, "latency: {} holds no text\n", argv[2]);
    return 1;
  }
  bertune::set_num_threads(std::atoi(argv[3]));
  measure(argv[1], texts, precision->second);
} catch (const std::exception& error) {
  fmt::print(stderr, "latency: {}\n", error.what());
  return 1;
}
