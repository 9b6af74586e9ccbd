#include "cli/commands/network_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "bertune/config.h"
#include "bertune/error.h"
#include "bertune/parameters.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/describe.h"
#include "checkpoint/safetensors.h"
#include "report/table.h"

namespace bertune::cli {
namespace {

namespace fs = std::filesystem;
using distributed::Link;
using distributed::Scaling;
using distributed::Workload;

// Operations per second of a core in training, as measured with AVX-512 from MiniLM to BERT-base.
constexpr double kOperationsOfCore = 1.1e11;
constexpr std::int64_t kFirstAdvice = 8;  // machines, of which times are shown

// A token takes six operations per parameter of the encoder: two forward, four backward.
double estimated_seconds(const NetworkOptions& options, const checkpoint::ParameterCounts& counts) {
  double encoder = 0;
  for (const auto& [layer, count] : counts.layers) encoder += static_cast<double>(count);
  return 6 * encoder * static_cast<double>(options.batch_size * options.tokens) /
         (static_cast<double>(options.cores) * kOperationsOfCore);
}

// AdamW reads four numbers for each parameter and writes three, at the pace of the memory.
double update_seconds(const Workload& work) {
  constexpr double kMemoryBytesPerSecond = 1e10, kMostOfStep = 0.3;
  return std::min(7 * work.dense_bytes / kMemoryBytesPerSecond, kMostOfStep * work.step_seconds);
}

// Backward takes twice the time of forward, and goes from the last layer to the first. What it has come to is
// sent in buckets of whole layers, as Parameters::buckets() has them.
std::vector<distributed::EarlyBytes> early_bytes(const checkpoint::ParameterCounts& counts) {
  constexpr double kBackward = 2.0 / 3;
  constexpr double kBucketBytes = sizeof(float) * static_cast<double>(Parameters::kBucketNumbers);
  std::vector<distributed::EarlyBytes> early;
  double bytes = sizeof(float) * static_cast<double>(counts.pooler + counts.head);
  double left = 1;  // of backward
  for (auto layer = counts.layers.rbegin(); layer != counts.layers.rend(); ++layer) {
    bytes += sizeof(float) * static_cast<double>(layer->second);
    left -= 1 / static_cast<double>(counts.layers.size());
    if (bytes < kBucketBytes) continue;
    early.push_back({bytes, 1 - kBackward * left});
    bytes = 0;
  }
  return early;
}

Workload workload_of(const NetworkOptions& options, const fs::path& folder, const fs::path& base) {
  const bool adapter = !base.empty();
  const fs::path& model = adapter ? base : folder;
  const BertConfig config = BertConfig::from_pretrained(model);
  const checkpoint::Checkpoint weights = checkpoint::Checkpoint::open(model, config.model_type);
  const checkpoint::ParameterCounts counts = checkpoint::count_parameters(weights, config.model_type);
  Workload work{.vocabulary = config.vocab_size,
                .tokens = static_cast<double>(options.batch_size * options.tokens)};
  work.step_seconds = options.step_seconds > 0 ? options.step_seconds : estimated_seconds(options, counts);
  if (adapter) {
    const checkpoint::SafetensorsFile file(folder / "adapter_model.safetensors");
    for (const checkpoint::StoredTensor& tensor : file.tensors())
      work.dense_bytes += sizeof(float) * static_cast<double>(tensor.elements);
    return work;
  }
  work.word_bytes = sizeof(float) * static_cast<double>(config.embedding_size.value_or(config.hidden_size));
  work.dense_bytes = sizeof(float) * static_cast<double>(counts.total) -
                     work.word_bytes * static_cast<double>(work.vocabulary);
  work.early = early_bytes(counts);
  work.update_seconds = update_seconds(work);
  return work;
}

std::string seconds_text(double seconds) {
  return seconds < 0.0995 ? fmt::format("{:.2g} ms", seconds * 1e3) : fmt::format("{:.2g} s", seconds);
}

std::string percent_text(double share) { return fmt::format("{:.0f}%", 100 * share); }

}  // namespace

void NetworkOptions::add_to(CLI::App& command) {
  constexpr const char* kGroup = "More machines";
  CLI::Option* network =
      command.add_flag("--network", asked, "Show what more machines would gain in training, by a model")
          ->group(kGroup);
  const auto add = [&](const char* names, auto& value, const char* help) {
    command.add_option(names, value, help)->group(kGroup)->needs(network)->capture_default_str();
  };
  add("--batch-size,--batch_size", batch_size, "Training examples per machine and step");
  add("--tokens", tokens, "Tokens per example");
  add("--cores", cores, "Cores per machine, for the estimate of a step's time");
  command
      .add_option("--step-seconds,--step_seconds", step_seconds,
                  "A step's time on one machine, instead of the estimate (train --dry-run measures it)")
      ->needs(network)
      ->group(kGroup);
  command
      .add_option("--link", links,
                  "Link between machines: 1GbE, 10GbE, 25GbE, InfiniBand, or microseconds and Gbit/s as in "
                  "30,10 (may be repeated; default: these four)")
      ->needs(network)
      ->group(kGroup);
  add("--machines", machines, "Largest number of machines to show");
}

NetworkReport::NetworkReport(const NetworkOptions& options, const fs::path& folder, const fs::path& base)
    : options_(options) {
  for (const auto& [option, value] :
       {std::pair{"batch_size", options.batch_size}, std::pair{"tokens", options.tokens},
        std::pair{"cores", options.cores}, std::pair{"machines", options.machines - 1}}) {
    if (value < 1 || value > 1'000'000)
      throw UsageError(option, fmt::format("`{}` must be at least {}", option,
                                           option == std::string_view("machines") ? 2 : 1));
  }
  if (options.step_seconds < 0) throw UsageError("step_seconds", "`step_seconds` must be above 0");
  for (const std::string& link : options.links) links_.push_back(distributed::link_from_string(link));
  if (links_.empty()) links_ = distributed::usual_links();
  work_ = workload_of(options, folder, base);
}

std::string NetworkReport::advice(const Link& link) const {
  const std::int64_t shown = std::min(kFirstAdvice, options_.machines);
  const Scaling some = distributed::scaling_of(work_, shown, link);
  const std::int64_t useful = distributed::useful_machines(work_, link, options_.machines);
  std::string text =
      fmt::format("{}: with {} machines a step computes for {} and waits {} for gradients.", link.name, shown,
                  seconds_text(work_.step_seconds), seconds_text(some.waiting));
  if (useful == 1) {
    text += " A second machine is of little use: take more cores, a larger --batch-size, or --lora.";
  } else if (2 * useful <= options_.machines) {
    text += fmt::format(" More than {} machines are of little use: together they do the work of {:.1f}.",
                        useful, distributed::scaling_of(work_, useful, link).speedup());
  } else {
    text += fmt::format(" {} machines do the work of {:.1f}.", useful,
                        distributed::scaling_of(work_, useful, link).speedup());
  }
  return text + "\n";
}

std::string NetworkReport::text() const {
  std::string text = fmt::format(
      "A step of {} examples of {} tokens on each machine takes {} ({}).\n"
      "Share of the time in which machines compute, by a model, not measured:\n",
      options_.batch_size, options_.tokens, seconds_text(work_.step_seconds),
      options_.step_seconds > 0
          ? "as given"
          : fmt::format("estimated for {} cores; --step-seconds gives the real one", options_.cores));
  std::vector<report::Align> columns(links_.size() + 2, report::Align::right);
  report::Table table(std::move(columns));
  std::vector<std::string> head = {"machines", "MB sent by each"};
  for (const Link& link : links_) head.push_back(link.name);
  table.add(head);
  for (std::int64_t machines = 2; machines <= options_.machines; machines *= 2) {
    const double bytes = distributed::gradient_bytes(work_, machines);
    const double sent = 2 * static_cast<double>(machines - 1) / static_cast<double>(machines) * bytes;
    std::vector<std::string> row = {std::to_string(machines), fmt::format("{:.1f}", sent / 1e6)};
    for (const Link& link : links_)
      row.push_back(percent_text(distributed::scaling_of(work_, machines, link).efficiency));
    table.add(row);
  }
  text += table.text();
  for (const Link& link : links_) text += advice(link);
  return text;
}

Json NetworkReport::json() const {
  Json links = Json::array();
  for (const Link& link : links_) {
    Json scaling = Json::array();
    for (std::int64_t machines = 2; machines <= options_.machines; machines *= 2) {
      const Scaling of = distributed::scaling_of(work_, machines, link);
      scaling.push_back({{"machines", machines},
                         {"gradient_bytes", of.bytes},
                         {"waiting_seconds", of.waiting},
                         {"efficiency", of.efficiency},
                         {"speedup", of.speedup()}});
    }
    links.push_back({{"name", link.name},
                     {"latency_seconds", link.latency},
                     {"bytes_per_second", link.bandwidth},
                     {"useful_machines", distributed::useful_machines(work_, link, options_.machines)},
                     {"scaling", scaling}});
  }
  return {{"step_seconds", work_.step_seconds},
          {"step_is_estimated", options_.step_seconds <= 0},
          {"dense_gradient_bytes", work_.dense_bytes},
          {"links", links}};
}

}  // namespace bertune::cli
