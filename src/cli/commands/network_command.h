// bertune inspect --network: what more machines would gain for the training of a model.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "distributed/scaling.h"

namespace bertune::cli {

// A step of each machine, and the links between them, as options say.
struct NetworkOptions {
  bool asked = false;
  std::int64_t batch_size = 32, tokens = 50, cores = 8, machines = 1024;
  double step_seconds = 0;         // 0: estimated
  std::vector<std::string> links;  // none: the usual ones

  void add_to(CLI::App& command);
};

// The model of a folder, and where that is an adapter, its base.
class NetworkReport {
 public:
  // Throws UsageError for options that mean nothing, and Error where the folder holds no model.
  NetworkReport(const NetworkOptions& options, const std::filesystem::path& folder,
                const std::filesystem::path& base);

  std::string text() const;
  Json json() const;

 private:
  std::string advice(const distributed::Link& link) const;

  NetworkOptions options_;
  distributed::Workload work_;
  std::vector<distributed::Link> links_;
};

}  // namespace bertune::cli
