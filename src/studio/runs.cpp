#include "studio/runs.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <optional>
#include <system_error>
#include <utility>

#include "core/file.h"
#include "core/folder.h"
#include "core/folder_lock.h"
#include "core/model_files.h"
#include "core/writing.h"
#include "serve/http.h"

namespace bertune::studio {
namespace {

using serve::Refusal;

// 3 of "run-3", and 0 of what is no name of a run.
int number_of(std::string_view name) {
  int number = 0;
  if (!name.starts_with("run-")) return 0;
  name.remove_prefix(4);
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() && number > 0 ? number : 0;
}

fs::path options_of(const fs::path& project, const std::string& run) { return project / (run + ".json"); }
fs::path work_file(const fs::path& project, const std::string& run, const char* extension) {
  return project / kWork / (run + extension);
}

// A mark says what a studio that starts later is to do with a training that does not run: go on with it, or
// finish it; without a mark, nothing.
constexpr const char *kGoOn = "go on", *kFinish = "finish", *kNothing = nullptr;

bool is_at_work(std::string_view state) {
  return state == "running" || state == "stopping" || state == "finishing";
}

std::int64_t time_of(const fs::path& folder) {
  struct stat about {};
  if (::stat(folder.c_str(), &about) != 0) return 0;
  return std::int64_t{about.st_mtim.tv_sec} * 1'000'000'000 + about.st_mtim.tv_nsec;
}

// A search puts its best model in place before it is over.
bool is_done(const fs::path& folder) {
  if (!path_exists(folder / "all_results.json")) return false;
  const OrderedJson search = json_in(folder / "tuning.json");
  return !search.is_object() || search.value("finished", OrderedJson()) == OrderedJson(true);
}

void require_not_done(const fs::path& folder) {
  if (is_done(folder)) throw Refusal{409, "Busy", "this training is done"};
}

bool is_search(const OrderedJson& options) { return options.is_object() && options.contains(kBudget); }

// Returns what a search has found so far; null: it has not begun.
OrderedJson search_in(const fs::path& folder) {
  const OrderedJson file = json_in(folder / "tuning.json");
  if (!file.is_object()) return nullptr;
  OrderedJson facts = OrderedJson::object(), trials = OrderedJson::array();
  for (const char* name : {"metric", "greater_is_better", "budget", "seconds", "finished", "winner", "why"})
    facts[name] = file.value(name, OrderedJson());
  for (const OrderedJson& trial : file.value("trials", OrderedJson::array())) {
    OrderedJson& one = trials.emplace_back(OrderedJson::object());
    for (const char* name : {"number", "settings", "outcome", "score", "steps", "total_steps"})
      one[name] = trial.value(name, OrderedJson());
  }
  facts["trials"] = std::move(trials);
  return facts;
}

// Returns what a list of trainings says of one that is done: its result, and what its model is asked.
OrderedJson result_in(const fs::path& folder) {
  const OrderedJson report = json_in(folder / "report.json"), model = json_in(folder / kSettingsFile);
  OrderedJson facts = OrderedJson::object();
  if (report.is_object() && report.contains("headline")) facts["headline"] = report.at("headline");
  if (!model.is_object()) return facts;
  facts["task"] = model.value("task", OrderedJson());
  facts["is_pair"] = model.value("text_pair_column", OrderedJson()).is_string();
  return facts;
}

}  // namespace

std::vector<std::string> Runs::names(const fs::path& project) const {
  std::vector<std::string> found;
  for (const fs::path& entry : readable_entries_of(project))
    if (entry.extension() == ".json" && number_of(entry.stem().string()) > 0)
      found.push_back(entry.stem().string());
  std::ranges::sort(found, {}, [](const std::string& name) { return number_of(name); });
  return found;
}

fs::path Runs::folder_of(const fs::path& project, const std::string& run) const {
  if (number_of(run) == 0 || !path_exists(options_of(project, run)))
    throw Refusal{404, "NotFound", "there is no such training"};
  return project / run;
}

void Runs::want(const fs::path& project, const std::string& run, const char* what) const {
  const fs::path mark = work_file(project, run, ".wanted");
  if (what != kNothing) {
    write_file_atomically(mark, what);
  } else if (path_exists(mark)) {
    writing::unlink(mark);
  }
}

void Runs::launch(const fs::path& project, const std::string& run, bool finishes) {
  Known& known = known_[project / run];
  // One that was killed before may still be wanted, and would run beside this one after a restart.
  for (const std::string& other : names(project)) want(project, other, kNothing);
  want(project, run, finishes ? kFinish : kGoOn);
  known.stops = false, known.finishes = finishes;
  known.ended = nullptr;
  known.last.reset();
  if (known.child && !known.child->code()) known.last.emplace(std::move(*known.child));
  known.child.reset();
  // One that still stops goes on writing to its own, which have no name any more.
  for (const char* extension : {".out", ".log"}) writing::unlink(work_file(project, run, extension));
  const bool searches = is_search(json_in(options_of(project, run)));
  std::vector<std::string> arguments = {searches ? "tune" : "train", "--config=" + run + ".json",
                                        finishes ? "--finish" : "--resume", "--quiet"};
  if (!searches) arguments.push_back("--events=" + (fs::path(kWork) / (run + ".events")).string());
  known.child.emplace(Command{.program = program_,
                              .arguments = std::move(arguments),
                              .folder = project,
                              .out = work_file(project, run, ".out"),
                              .log = work_file(project, run, ".log"),
                              .survives = true});
}

std::string Runs::start(const fs::path& project, OrderedJson options) {
  const std::lock_guard lock(mutex_);
  require_none_runs(project);
  const std::vector<std::string> before = names(project);
  const std::string run = fmt::format("run-{}", before.empty() ? 1 : number_of(before.back()) + 1);
  options["output"] = run;
  if (options.contains("relabel")) {  // as they are now: this training keeps them
    const std::string copy = run + ".corrections.csv";
    write_file_atomically(project / copy, read_file(project / options.at("relabel").get<std::string>()));
    options["relabel"] = copy;
  }
  writing::make_folders(project / kWork);
  writing::unlink(work_file(project, run, ".events"));
  write_file_atomically(options_of(project, run),
                        options.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
  launch(project, run, false);
  return run;
}

void Runs::resume(const fs::path& project, const std::string& run) {
  folder_of(project, run);
  const std::lock_guard lock(mutex_);
  require_none_runs(project);
  require_not_done(project / run);
  launch(project, run, false);
}

// The command that finishes it waits until the one that runs has stopped, and so does not need the studio.
void Runs::finish(const fs::path& project, const std::string& run) {
  const fs::path folder = folder_of(project, run);
  const std::lock_guard lock(mutex_);
  require_not_done(folder);
  if (is_search(json_in(options_of(project, run))))
    throw Refusal{409, "Busy", "a search ends when its time is over"};
  Known& known = known_[folder];
  std::string error;
  const std::string state = state_of(project, run, known, error);
  if (state == "finishing") return;
  if (!is_at_work(state)) require_none_runs(project);
  if (state == "running") interrupt(folder, known);  // a second signal to one that stops would end it at once
  launch(project, run, true);
}

void Runs::interrupt(const fs::path& folder, Known& known) {
  if (known.child && !known.child->code()) return known.child->signal(SIGINT);
  if (const std::optional<int> holder = FolderLock::holder(folder); holder && *holder > 1)
    ::kill(*holder, SIGINT);
}

void Runs::stop(const fs::path& project, const std::string& run) {
  const fs::path folder = folder_of(project, run);
  const std::lock_guard lock(mutex_);
  Known& known = known_[folder];
  want(project, run, kNothing);
  known.stops = true, known.finishes = false;
  known.ended = nullptr;
  interrupt(folder, known);
}

void Runs::remove(const fs::path& project, const std::string& run) {
  const fs::path folder = folder_of(project, run);
  const std::lock_guard lock(mutex_);
  std::string error;
  if (is_at_work(state_of(project, run, known_[folder], error)))
    throw Refusal{409, "Busy", "the training runs: stop it first"};
  known_.erase(folder);
  writing::remove_tree(folder);
  for (const char* extension : {".events", ".log", ".out", ".wanted"})
    writing::unlink(work_file(project, run, extension));
  writing::unlink(project / (run + ".corrections.csv"));
  writing::unlink(options_of(project, run));
}

void Runs::resume_unfinished(const fs::path& project) {
  const std::lock_guard lock(mutex_);
  for (const std::string& run : names(project)) {
    const fs::path mark = work_file(project, run, ".wanted");
    if (!path_exists(mark)) continue;
    Known& known = known_[project / run];
    known.finishes = read_file(mark, 100) == kFinish;
    std::string error;
    if (state_of(project, run, known, error) == "stopped") launch(project, run, known.finishes);
  }
}

// Takes the lock of the run's folder for the sign of life: it is let go of whatever ends the process.
std::string Runs::state_of(const fs::path& project, const std::string& run, Known& known,
                           std::string& error) {
  const fs::path folder = project / run;
  const int code = known.child ? known.child->code().value_or(-1) : 0;  // -1: it runs
  const bool is_alive = code < 0 || FolderLock::holder(folder);
  if (known.last && known.last->code()) known.last.reset();
  if (is_alive) return known.finishes ? "finishing" : known.stops ? "stopping" : "running";
  if (is_done(folder)) {
    want(project, run, kNothing);
    return "done";
  }
  error = error_in(log_in(work_file(project, run, ".log")));
  if (!error.empty()) return "failed";
  if (code > 128 && !known.stops)
    error = fmt::format("it was ended from outside, by signal {}; was there too little memory?", code - 128);
  return "stopped";
}

OrderedJson Runs::facts_of(const fs::path& project, const std::string& run, Known& known) {
  const fs::path folder = project / run;
  const std::int64_t changed = time_of(folder);
  // A training that has ended may be gone on with on the command line.
  if (!known.ended.is_null() && known.changed == changed && !FolderLock::holder(folder)) return known.ended;
  std::string error;
  const std::string state = state_of(project, run, known, error);
  if (known.options.is_null()) known.options = json_in(options_of(project, run));
  OrderedJson facts = {{"name", run}, {"state", state}, {"options", known.options}};
  if (!error.empty()) facts["error"] = error;
  if (state == "done") facts.update(result_in(folder));
  if (path_exists(folder / "report.html")) facts["has_report"] = true;
  if (is_search(known.options)) facts["search"] = search_in(folder);
  known.progress.read(work_file(project, run, ".events"));
  facts["progress"] = known.progress.json();
  known.ended = is_at_work(state) ? OrderedJson() : facts;
  known.changed = changed;
  return facts;
}

OrderedJson Runs::all(const fs::path& project) {
  const std::lock_guard lock(mutex_);
  OrderedJson list = OrderedJson::array();
  for (const std::string& run : names(project)) list.push_back(facts_of(project, run, known_[project / run]));
  return list;
}

bool Runs::is_running(const fs::path& project) {
  const std::lock_guard lock(mutex_);
  return one_runs(project);
}

void Runs::require_none_runs(const fs::path& project) {
  if (one_runs(project))
    throw Refusal{409, "Busy", "a training runs already: stop it first, or wait for its end"};
}

bool Runs::one_runs(const fs::path& project) {
  for (const std::string& run : names(project)) {
    std::string error;
    if (is_at_work(state_of(project, run, known_[project / run], error))) return true;
  }
  return false;
}

void Runs::leave(const fs::path& project) {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [&](const auto& entry) { return entry.first.parent_path() == project; });
}

}  // namespace bertune::studio
