#include "core/foreign_file.h"

namespace bertune {

std::string foreign_file_hint(std::string_view text) {
  if (text.empty()) return "the file is empty; get it again";
  if (text.starts_with("version https://git-lfs")) {
    return "this is a Git LFS pointer, not the file itself; run `git lfs pull` in the model's folder";
  }
  for (const std::string_view start : {"<!DOCTYPE", "<!doctype", "<html"}) {
    if (text.starts_with(start))
      return "this is a web page, not the file itself; fetch the file (on the hub: the download link)";
  }
  return {};
}

}  // namespace bertune
