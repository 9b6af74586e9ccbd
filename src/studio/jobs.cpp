#include "studio/jobs.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <optional>
#include <utility>

#include "core/file.h"
#include "core/writing.h"

namespace bertune::studio {
namespace {

fs::path file_of_job(const fs::path& project, const std::string& name, const char* extension) {
  return project / kWork / (name + extension);
}

// Changes where an argument or a file does.
std::string made_of(const fs::path& project, const Job& job) {
  std::string text;
  for (const std::string& argument : job.arguments) text += argument + "\n";
  for (const std::string& file : job.files) {
    struct stat about {};
    if (::stat((project / file).c_str(), &about) != 0) continue;
    text += fmt::format("{} {} {}.{}\n", file, about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
  }
  return text;
}

// Returns how a job has ended, and what it was made of; null: it never has.
OrderedJson outcome_of(const fs::path& project, const std::string& name) {
  return json_in(file_of_job(project, name, ".ended"));
}

std::string failure(int code, const std::string& log) {
  if (std::string error = error_in(log); !error.empty()) return error;
  if (code > 128) return fmt::format("it was ended by signal {}; was there too little memory?", code - 128);
  return fmt::format("it ended with code {}", code);
}

}  // namespace

fs::path result_of(const fs::path& project, const std::string& job) {
  return file_of_job(project, job, ".json");
}

void Jobs::start(const fs::path& project, const Job& job, bool again) {
  decltype(running_)::node_type ends;  // outside of the lock, for it takes a moment
  const std::lock_guard lock(mutex_);
  settle(project, job.name);
  const fs::path key = file_of_job(project, job.name, "");
  std::string made = made_of(project, job);
  if (const auto found = running_.find(key); found != running_.end()) {
    if (found->second.made_of == made) return;
    ends = running_.extract(found);
  }
  const OrderedJson before = outcome_of(project, job.name);
  if (before.is_object() && before.value("made_of", "") == made && (!again || !before.contains("error")))
    return;
  writing::make_folders(project / kWork);
  writing::unlink(file_of_job(project, job.name, ".ended"));
  Child child({.program = program_,
               .arguments = job.arguments,
               .folder = project,
               .out = file_of_job(project, job.name, ".out"),
               .log = file_of_job(project, job.name, ".log")});
  running_.emplace(key, Running{std::move(child), std::move(made)});
}

void Jobs::stop(const fs::path& project, const std::string& name) {
  decltype(running_)::node_type ends;
  const std::lock_guard lock(mutex_);
  ends = running_.extract(file_of_job(project, name, ""));
}

// Puts the result of a job that has ended where it belongs.
void Jobs::settle(const fs::path& project, const std::string& name) {
  const auto found = running_.find(file_of_job(project, name, ""));
  if (found == running_.end()) return;
  const std::optional<int> code = found->second.child.code();
  if (!code) return;
  OrderedJson ended = {{"made_of", found->second.made_of}};
  running_.erase(found);
  if (*code != 0) {
    ended["error"] = failure(*code, log_in(file_of_job(project, name, ".log")));
  } else {
    writing::rename(file_of_job(project, name, ".out"), result_of(project, name));
  }
  write_file_atomically(file_of_job(project, name, ".ended"),
                        ended.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

OrderedJson Jobs::state(const fs::path& project, const Job& job) {
  const std::lock_guard lock(mutex_);
  settle(project, job.name);
  if (running_.contains(file_of_job(project, job.name, ""))) return {{"state", "running"}};
  const OrderedJson ended = outcome_of(project, job.name);
  if (!ended.is_object() || ended.value("made_of", "") != made_of(project, job)) return {{"state", "none"}};
  if (ended.contains("error")) return {{"state", "failed"}, {"error", ended.at("error")}};
  return {{"state", "done"}};
}

void Jobs::leave(const fs::path& project) {
  std::vector<decltype(running_)::node_type> ends;  // outside of the lock, for each takes a moment
  const std::lock_guard lock(mutex_);
  for (auto next = running_.begin(); next != running_.end();) {
    const auto entry = next++;
    if (entry->first.parent_path() == project / kWork) ends.push_back(running_.extract(entry));
  }
}

}  // namespace bertune::studio
