#include "studio/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "core/file.h"
#include "core/model_files.h"
#include "serve/http.h"
#include "studio/corrections.h"
#include "studio/data_options.h"
#include "studio/runs.h"

namespace bertune::studio {
namespace {

using serve::Refusal;

void require_file(const OrderedJson& settings) {
  if (file_of(settings, "train").empty())
    throw Refusal{422, "Validation", "no file to train on was chosen yet"};
}

void require_model(const OrderedJson& settings) {
  if (settings.at("model").get<std::string>().empty())
    throw Refusal{422, "Validation", "no model was chosen yet"};
}

// The arguments of a command on these options, whose result is JSON.
std::vector<std::string> json_command(const char* name, const OrderedJson& options,
                                      std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = arguments_of(options);
  arguments.insert(arguments.begin(), name);
  std::ranges::move(more, std::back_inserter(arguments));
  arguments.emplace_back("--json");
  return arguments;
}

std::string asked_text(const Json& asked, const char* name) {
  constexpr std::size_t kMost = 20000;
  const auto found = asked.find(name);
  if (found == asked.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
    throw Refusal{422, "Validation", fmt::format("{} is missing", name)};
  if (found->get_ref<const std::string&>().size() > kMost)
    throw Refusal{422, "Validation",
                  fmt::format("{} is longer than {} bytes; label a file instead", name, kMost)};
  return found->get<std::string>();
}

}  // namespace

Job check_job(const OrderedJson& settings) {
  require_file(settings);
  OrderedJson options = data_options(settings);
  options.update(evaluation_options(settings));
  return {.name = "check", .arguments = json_command("check", options), .files = data_files(settings)};
}

OrderedJson training_options(const fs::path& project, const OrderedJson& settings) {
  require_file(settings);
  require_model(settings);
  OrderedJson options = {{"model", settings.at("model")}};
  options.update(data_options(settings));
  options.update(evaluation_options(settings));
  const OrderedJson& training = settings.at("training");
  for (const auto& [name, flag] :
       {std::pair("epochs", "epochs"), std::pair("learning_rate", "learning-rate"),
        std::pair("max_length", "max-length"), std::pair("batch_size", "batch-size"),
        std::pair("method", "method"), std::pair("long_text", "long-text")})
    if (training.contains(name) && !training.at(name).is_null()) options[flag] = training.at(name);
  if (const OrderedJson& minutes = training.at("search_minutes"); !minutes.is_null())
    options[kBudget] = fmt::format("{:.0f}s", 60 * minutes.get<double>());
  if (path_exists(project / kCorrections)) options["relabel"] = kCorrections;
  return options;
}

Job plan_job(const fs::path& project, const OrderedJson& settings) {
  OrderedJson options = training_options(project, settings);
  options.erase(kBudget);  // of a search, each trial is about as what is planned
  Job job{.name = "plan",
          .arguments = json_command("train", options, {"--output=run-0", "--dry-run"}),
          .files = data_files(settings)};
  job.files.emplace_back(kCorrections);
  return job;
}

Job noise_job(const OrderedJson& settings) {
  require_file(settings);
  require_model(settings);
  OrderedJson options = data_options(settings);
  options["model"] = settings.at("model");
  return {
      .name = "noise", .arguments = json_command("noise", options), .files = {file_of(settings, "train")}};
}

Job comparison_job(const std::string& one, const std::string& other) {
  return {.name = fmt::format("compare-{}-{}", one, other),
          .arguments = {"compare", one, other, "--json"},
          .files = {one + "/predictions.json", other + "/predictions.json"}};
}

Job label_job(const std::string& run, const std::string& file) {
  return {.name = "label",
          .arguments = {"predict", "--model=" + run, file, fmt::format("--output={}/{}", kWork, kLabelled),
                        "--output-format=csv"},
          .files = {file, run + "/" + kSettingsFile}};
}

Job curve_job(const std::string& run, const OrderedJson& options) {
  OrderedJson asked = {{"run", run}};
  for (const char* name : {"model", "train", "test", "text-column", "text-pair-column", "label-column",
                           "encoding", "max-bad-rows", "max-length"})
    if (options.contains(name)) asked[name] = options.at(name);
  std::vector<std::string> files = {run + "/" + kSettingsFile};  // whose report has the curve
  for (const char* name : {"train", "test"})
    if (options.contains(name)) files.push_back(options.at(name).get<std::string>());
  return {.name = fmt::format("curve-{}", run),
          .arguments = json_command("curve", asked),
          .files = std::move(files)};
}

Job suggestions_job(const std::string& run, const std::string& file, std::uint64_t count) {
  return {.name = "suggest",
          .arguments = {"suggest", file, "--model=" + run, "--run=" + run, fmt::format("--count={}", count),
                        fmt::format("--output={}/{}", kWork, kSuggested), "--output-format=csv"},
          .files = {file, run + "/" + kSettingsFile}};
}

OrderedJson explain(const fs::path& program, const fs::path& project, const std::string& run,
                    const Json& asked) {
  if (!asked.is_object()) throw Refusal{422, "Validation", "what is asked must be an object"};
  const OrderedJson facts = json_in(project / run / kSettingsFile);
  const std::string task = facts.is_object() ? facts.value("task", "") : "";
  OrderedJson line;
  std::vector<std::string> arguments = {"explain", "--model=" + run, "--output-format=jsonl", "--silent"};
  if (task == "question-answering") {
    for (const char* name : {"question", "context"}) line[name] = asked_text(asked, name);
  } else {
    line["text"] = asked_text(asked, "text");
    if (asked.contains("text_pair")) line["text_pair"] = asked_text(asked, "text_pair");
  }
  std::string input = line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  if (task == "text-classification") {
    arguments.insert(arguments.end(), {"--format=jsonl", "--text-column=text"});
    if (line.contains("text_pair")) arguments.emplace_back("--text-pair-column=text_pair");
  } else if (task == "token-classification") {  // reads lines of text
    input = asked_text(asked, "text");
    for (char& letter : input)
      if (letter == '\n' || letter == '\r') letter = ' ';
    input += '\n';
  }
  const Ended ended =
      run_and_wait({.program = program, .arguments = arguments, .folder = project, .input = input},
                   std::chrono::minutes(2));
  if (ended.code != 0) {
    const std::string error = error_in(ended.log);
    throw Refusal{422, "Validation",
                  error.empty() ? "the model gave no answer; was there too little memory?" : error};
  }
  return parse_ordered_json(ended.out, "the answer");
}

}  // namespace bertune::studio
