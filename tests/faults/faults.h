// Runs a command again and again, and has one change of the disk after the other go wrong.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "cli/program.h"
#include "faults/injector.h"
#include "support/temporary_directory.h"

namespace bertune::testing {

inline bool takes_all() {
  const char* all = std::getenv("BERTUNE_FAULTS");
  return all != nullptr && std::string(all) == "all";
}

// In memory where there is such a place: thousands of syncs would take long on a disk.
inline void work_in_memory() {
  std::error_code error;
  const fs::space_info space = fs::space("/dev/shm", error);
  if (!error && space.available > (48U << 20) && ::access("/dev/shm", W_OK) == 0)
    ::setenv("TMPDIR", "/dev/shm", 1);
}

struct Ended {
  int code = -1;  // 128 + signal
  std::string out, err;
};

// What `work` does in a process of its own, whose exit status it returns.
inline Ended in_child(const std::function<int()>& work) {
  const TemporaryDirectory files;
  const std::string out = (files.path() / "out").string(), err = (files.path() / "err").string();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto redirect = [](const char* path, int descriptor) {
      const int file = ::open(path, O_RDWR | O_CREAT, 0600);
      ::dup2(file, descriptor), ::close(file);
    };
    redirect("/dev/null", 0), redirect(out.c_str(), 1), redirect(err.c_str(), 2);
    int code = 98;
    try {
      code = work();
    } catch (const std::exception& error) {
      std::fputs(error.what(), stderr);
    }
    std::fflush(nullptr);
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents_of(out),
          contents_of(err)};
}

// Where files are, before any test makes one.
inline const bool in_memory = (work_in_memory(), true);

inline int run_program(const std::vector<std::string>& arguments) {
  std::vector<char*> argv = {const_cast<char*>("bertune")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  return cli::run_program(static_cast<int>(argv.size()) - 1, argv.data());
}

struct Scenario {
  std::vector<std::string> command;      // what is disturbed
  std::vector<std::string> again = {};   // what a person does then; as `command` where empty
  std::vector<std::string> usable = {};  // a command that works with the output before and after
  std::string output = "out";            // the folder that it writes, below root
  bool in_output = false;                // the commands run in the output folder
  bool is_plain = false;                 // Injector::be_plain
  std::string results = {};              // files of this folder make the result; empty: those of a model
  std::function<void()> lay_out = {};    // makes root what it was; empty: a copy of the folder
};

// The folder itself may be a mount point, or hold some.
inline void clear_folder(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::error_code error;
    if (fs::is_directory(entry.symlink_status())) clear_folder(entry.path());
    fs::remove(entry.path(), error);
  }
}

class Faults : public ::testing::Test {
 protected:
  Faults() { fs::create_directories(root() / "out"); }

  // What is changed, and what is read alone.
  fs::path root() const { return files_.path() / "root"; }
  std::string in(const std::string& name) const { return (files_.path() / "inputs" / name).string(); }
  std::string out(const std::string& name = "out") const { return (root() / name).string(); }
  void write(const std::string& name, std::string_view text) const { files_.write("inputs/" + name, text); }

  void must(const std::vector<std::string>& command) const {
    const Ended ended = in_child([&] { return run_program(command); });
    ASSERT_EQ(ended.code, 0) << ended.err;
  }

  void examine(const Scenario& scenario) {
    if (!scenario.lay_out) {
      write_users_files(scenario.output);
      copy_into(root(), before());
    }
    reset(scenario);
    const Result old = result(scenario);
    const std::string calls = record(scenario);
    if (calls.empty()) return;
    const Result reference = result(scenario);
    std::vector<std::pair<std::size_t, Fault>> cases;
    for (std::size_t at = 0; at < calls.size(); ++at)
      for (const Fault fault : kFaults)
        if (fault != Fault::short_write || Injector::is_write(calls[at])) cases.emplace_back(at, fault);
    constexpr std::size_t kFew = 24;
    std::size_t stride = takes_all() ? 1 : std::max<std::size_t>(cases.size() / kFew, 1);
    while (stride % 2 == 0 && stride > 1) ++stride;  // meets every kind of fault
    std::size_t done = 0;
    for (std::size_t i = stride / 2; i < cases.size(); i += stride, ++done) {
      const auto [at, fault] = cases[i];
      SCOPED_TRACE("call " + std::to_string(at) + " of " + std::to_string(calls.size()) + " (" + calls[at] +
                   "): " + kFaultNames[static_cast<std::size_t>(fault)]);
      disturb(scenario, at, fault, old, reference);
      if (HasFailure() && ++failures_ >= kMostFailures) break;
    }
    std::printf("%zu calls, %zu of %zu cases\n", calls.size(), done, cases.size());
  }

  void write_users_files(const std::string& output) const {
    files_.write("root/" + output + "/notes.txt", "mine");
    files_.write("root/" + output + "/mine/photo", std::string("\0\1", 2));
    files_.write("root/neighbour.txt", "mine too");
  }
  fs::path before() const { return files_.path() / "before"; }
  static void copy_into(const fs::path& from, const fs::path& to) {
    fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  }

  TemporaryDirectory files_;

 private:
  using Result = std::map<std::string, std::string>;
  static constexpr int kMostFailures = 5;

  void reset(const Scenario& scenario) const {
    if (scenario.lay_out) return scenario.lay_out();
    clear_folder(root());
    copy_into(before(), root());
  }

  fs::path calls() const { return files_.path() / "calls"; }

  Ended run(const Scenario& scenario, const std::vector<std::string>& command, Fault fault = Fault::none,
            std::size_t at = 0) const {
    return in_child([&] {
      Injector injector(root(), fault, at);
      if (scenario.is_plain) injector.be_plain();
      if (scenario.in_output) fs::current_path(root() / scenario.output);
      writing::watch(&injector);
      const int code = run_program(command);
      writing::watch(nullptr);
      std::ofstream(calls()) << injector.calls();
      const Result should = injector.disk().tree(), is = tree_of(root());
      if (is == should) return code;
      std::fprintf(stderr, "written past the watcher:\n%s", differences(is, should).c_str());
      return 97;
    });
  }

  // The files of the output that must be the same whatever happened.
  Result result(const Scenario& scenario) const {
    Result found;
    for (const auto& [name, text] : tree_of(root() / scenario.output)) {
      const std::string file = fs::path(name).filename();
      // Predictions are results, which come after the model.
      const bool is_tensors = file.ends_with(".safetensors") && file != "predictions.safetensors";
      const bool is_of_model = is_tensors || file.ends_with(".txt") || file == "config.json" ||
                               file == "bertune.json" || file == "tokenizer.json" ||
                               file == "adapter_config.json";
      if (scenario.results.empty() ? is_of_model : name.starts_with(scenario.results)) found[name] = text;
    }
    return found;
  }

  // The changes that it makes undisturbed.
  std::string record(const Scenario& scenario) const {
    const Ended ended = run(scenario, scenario.command);
    EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
    return ended.code == 0 ? contents_of(calls()) : "";
  }

  void expect_users_files(const Scenario& scenario) const {
    EXPECT_EQ(files_.read("root/" + scenario.output + "/notes.txt"), "mine");
    EXPECT_EQ(files_.read("root/" + scenario.output + "/mine/photo"), std::string("\0\1", 2));
    EXPECT_EQ(files_.read("root/neighbour.txt"), "mine too");
  }

  // One line that says which file, and no text of a library.
  void expect_one_message(const Scenario& scenario, const Ended& ended) const {
    const std::size_t first = ended.err.find("error: ");
    ASSERT_NE(first, std::string::npos) << ended.err;
    EXPECT_EQ(ended.err.find("error: ", first + 1), std::string::npos) << ended.err;
    const std::string message = ended.err.substr(first);
    EXPECT_THAT(message,
                ::testing::AnyOf(::testing::HasSubstr(root().string()),
                                 ::testing::HasSubstr(scenario.in_output ? "error: ." : root().string())))
        << ended.err;
    EXPECT_THAT(message, ::testing::Not(::testing::HasSubstr("filesystem error"))) << ended.err;
  }

  void disturb(const Scenario& scenario, std::size_t at, Fault fault, const Result& old,
               const Result& reference) {
    reset(scenario);
    const Ended ended = run(scenario, scenario.command, fault, at);
    if (fault == Fault::death || fault == Fault::power || fault == Fault::power_with_journal)
      EXPECT_EQ(ended.code, kDead) << ended.err;
    else if (fault == Fault::interrupted || fault == Fault::short_write)
      EXPECT_EQ(ended.code, 0) << ended.err;
    else if (ended.code != 0) {
      EXPECT_EQ(ended.code, 1) << ended.err;
      expect_one_message(scenario, ended);
    }
    if (ended.code == 0) {
      // Checkpoints that could not be removed are left; the next command removes them.
      const Result now = result(scenario);
      EXPECT_TRUE(now == reference || without_unfinished(now) == reference) << differences(now, reference);
      expect_users_files(scenario);
    }
    if (!scenario.usable.empty()) {
      const Ended used = run(scenario, scenario.usable);
      EXPECT_EQ(used.code, 0) << used.err;
      const Result now = without_unfinished(result(scenario));
      EXPECT_TRUE(now == old || now == reference) << "of the old one:\n"
                                                  << differences(now, old) << "of the new one:\n"
                                                  << differences(now, reference);
      expect_users_files(scenario);
    }
    const Ended again = run(scenario, scenario.again.empty() ? scenario.command : scenario.again);
    EXPECT_EQ(again.code, 0) << "then: " << ended.err << again.err;
    expect_finished(scenario, reference);
    expect_nothing_left(fault);
  }

  void expect_finished(const Scenario& scenario, const Result& reference) const {
    expect_users_files(scenario);
    const Result now = result(scenario);
    EXPECT_TRUE(now == reference) << differences(now, reference);
  }
  static Result without_unfinished(Result result) {
    std::erase_if(result, [](const auto& file) {
      return file.first.find(".tmp-") != std::string::npos || file.first.starts_with("checkpoint-");
    });
    return result;
  }
  static std::string differences(const Result& is, const Result& should) {
    std::string text;
    for (const auto& [name, value] : should)
      if (!is.contains(name) || is.at(name) != value)
        text += (is.contains(name) ? "other " : "no ") + name + "\n";
    for (const auto& [name, value] : is)
      if (!should.contains(name)) text += "too many: " + name + "\n";
    return text;
  }
  void expect_nothing_left(Fault fault) const {
    const bool may_keep_mark =
        fault == Fault::io || fault == Fault::permission;  // which could not be removed
    for (const auto& [name, what] : tree_of(root())) {
      const std::string file = fs::path(name).filename();
      const bool is_mark = file == ".replacing" || file == ".lock";
      EXPECT_TRUE(file.find(".tmp-") == file.npos && (!is_mark || may_keep_mark)) << name << " is left";
    }
  }

  int failures_ = 0;
};

}  // namespace bertune::testing
