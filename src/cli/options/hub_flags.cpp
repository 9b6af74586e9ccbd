#include "cli/options/hub_flags.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>

#include "bertune/lora.h"
#include "cli/options/shared_options.h"
#include "cli/screen/interrupt.h"
#include "report/progress.h"

namespace bertune::cli {
namespace {

constexpr std::uint64_t kMegabyte = 1'000'000;

// One bar per file that is worth one.
class DownloadDisplay {
 public:
  explicit DownloadDisplay(bool quiet) : terminal_(report::terminal_of(STDERR_FILENO)) {
    quiet_ = quiet || !terminal_.interactive;
  }
  DownloadDisplay(const DownloadDisplay&) = delete;
  DownloadDisplay& operator=(const DownloadDisplay&) = delete;
  ~DownloadDisplay() { finish(); }

  void show(const DownloadProgress& progress) {
    if (progress.total < kMegabyte) return;
    if (file_ != progress.file) {
      finish();
      file_ = progress.file;
      bar_.emplace(std::cerr, file_ + ", MB", megabytes(progress.total),
                   report::ProgressOptions{
                       .terminal = terminal_, .quiet = quiet_, .already_done = megabytes(progress.done)});
    }
    bar_->update(megabytes(progress.done));
  }
  void finish() {
    if (bar_) bar_->finish();
    bar_.reset();
  }
  void note(std::string_view line) {
    finish();
    file_.clear();
    print_notes({std::string(line)});
  }

 private:
  static std::int64_t megabytes(std::uint64_t bytes) { return static_cast<std::int64_t>(bytes / kMegabyte); }

  report::Terminal terminal_;
  bool quiet_;
  std::string file_;
  std::optional<report::ProgressBar> bar_;
};

}  // namespace

HubOptions shown(const options::HubFlags& flags, bool quiet) {
  const auto display = std::make_shared<DownloadDisplay>(quiet);
  HubOptions options = flags.values();
  options.on_progress = [display](const DownloadProgress& progress) { display->show(progress); };
  options.on_note = [display](std::string_view line) { display->note(line); };
  options.interrupted = [stop = interrupt_token()] { return stop.stop_requested(); };
  return options;
}

std::filesystem::path HubFlags::find(const std::filesystem::path& model, bool quiet, bool weights) const {
  const InterruptGuard guard;
  HubOptions wanted = shown(*this, quiet);
  wanted.weights = weights;
  return resolve_model(model.string(), wanted);
}

std::filesystem::path HubFlags::find_base(const std::filesystem::path& folder, bool quiet) const {
  if (!is_adapter(folder)) return {};
  const InterruptGuard guard;
  return base_of_adapter(folder, shown(*this, quiet));
}

void AskedModel::add_to(CLI::App& command, const std::string& what) {
  command.add_option("--model,--model_name_or_path", folder, what)->required();
  hub.add_to(command);
}

void AskedModel::find(bool quiet) {
  folder = hub.find(folder, quiet);
  base = hub.find_base(folder, quiet);
}

}  // namespace bertune::cli
