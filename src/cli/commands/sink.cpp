#include "cli/commands/sink.h"

#include "cli/options/shared_options.h"

namespace bertune::cli {

Sink::Sink(const std::filesystem::path& path) {
  if (!path.empty() && path != "-") file_.emplace(path);
}

void Sink::write(std::string_view text) {
  if (file_) {
    file_->write(text);
  } else {
    write_to_standard_output(text);
  }
}

void Sink::rewrite_beginning(std::string_view text) {
  if (file_) file_->rewrite(0, text);
}

void Sink::finish() {
  if (file_) file_->commit();
}

}  // namespace bertune::cli
