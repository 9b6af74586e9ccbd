#include "cli/commands/sink.h"

#include <string>

#include "cli/options/shared_options.h"

namespace bertune::cli {

Sink::Sink(const std::filesystem::path& path) {
  if (path.empty() || path == "-") return;
  file_.emplace(path);
  packer_ = data::make_packer(data::packing_by_name(path));
}

void Sink::write(std::string_view text) {
  if (packer_) {
    std::string packed;
    packer_->add(text, packed);
    file_->write(packed);
  } else if (file_) {
    file_->write(text);
  } else {
    write_to_standard_output(text);
  }
}

void Sink::rewrite_beginning(std::string_view text) {
  if (file_) file_->rewrite(0, text);
}

void Sink::finish() {
  if (packer_) {
    std::string packed;
    packer_->finish(packed);
    file_->write(packed);
  }
  if (file_) file_->commit();
}

}  // namespace bertune::cli
