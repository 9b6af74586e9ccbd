#include "runs/placed_run.h"

#include <algorithm>

#include "core/file.h"
#include "core/folder.h"
#include "core/writing.h"

namespace bertune::runs {
namespace {

// A second name costs no space. It is for files that nobody changes in place.
void place(const fs::path& from, const fs::path& to) {
  writing::make_folders(to.parent_path());
  const bool is_large = to.extension() == ".safetensors";
  if (is_large && writing::link(from, to) == 0) return;
  write_file_atomically(to, MappedFile(from).text());
}

bool belongs_to_run(const std::string& top) {
  return !top.starts_with("checkpoint-") && !is_temporary(top) && !top.starts_with(".");
}

}  // namespace

void place_run(const fs::path& from, const fs::path& output, const std::vector<std::string>& without) {
  AtomicDirectory whole(output);
  for (const fs::path& path : files_below(from)) {
    const fs::path name = path.lexically_relative(from);
    const std::string top = name.begin()->string();
    if (belongs_to_run(top) && std::ranges::find(without, top) == without.end())
      place(path, whole.path() / name);
  }
  whole.commit();
}

}  // namespace bertune::runs
