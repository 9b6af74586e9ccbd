#include "studio/steps.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "serve/http.h"
#include "studio/corrections.h"

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

std::string value_text(const OrderedJson& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// The model's file "bertune.json"; null: there is none.
Json facts_of_model(const fs::path& folder) {
  const fs::path file = folder / "bertune.json";
  return path_exists(file) ? parse_json(read_file(file, 1 << 20), file.string()) : Json();
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
  Job job{.name = "check", .arguments = {"check"}, .files = data_files(settings)};
  for (std::string& argument : data_arguments(settings)) job.arguments.push_back(std::move(argument));
  for (const char* role : {"validation", "test"})
    if (const std::string file = file_of(settings, role); !file.empty())
      job.arguments.push_back(fmt::format("--{}={}", role, file));
  job.arguments.emplace_back("--json");
  return job;
}

OrderedJson training_options(const fs::path& project, const OrderedJson& settings) {
  require_file(settings);
  require_model(settings);
  OrderedJson options = {{"model", settings.at("model")}};
  for (const std::string& argument : data_arguments(settings)) {
    const std::size_t sign = argument.find('=');
    options[argument.substr(2, sign - 2)] = argument.substr(sign + 1);
  }
  if (options.contains("max-bad-rows")) options["max-bad-rows"] = settings.at("max_bad_rows");
  for (const char* role : {"validation", "test"})
    if (const std::string file = file_of(settings, role); !file.empty()) options[role] = file;
  const OrderedJson& training = settings.at("training");
  for (const auto& [name, flag] :
       {std::pair("epochs", "epochs"), std::pair("learning_rate", "learning-rate"),
        std::pair("max_length", "max-length"), std::pair("batch_size", "batch-size")})
    if (training.contains(name) && !training.at(name).is_null()) options[flag] = training.at(name);
  if (path_exists(project / kCorrections)) options["relabel"] = kCorrections;
  return options;
}

Job plan_job(const fs::path& project, const OrderedJson& settings) {
  Job job{.name = "plan", .arguments = {"train"}, .files = data_files(settings)};
  const OrderedJson options = training_options(project, settings);
  for (const auto& [name, value] : options.items())
    job.arguments.push_back(fmt::format("--{}={}", name, value_text(value)));
  for (const char* more : {"--output=run-0", "--dry-run", "--json"}) job.arguments.emplace_back(more);
  job.files.emplace_back(kCorrections);
  return job;
}

Job noise_job(const OrderedJson& settings) {
  require_file(settings);
  require_model(settings);
  Job job{.name = "noise", .arguments = {"noise"}, .files = {file_of(settings, "train")}};
  for (std::string& argument : data_arguments(settings)) job.arguments.push_back(std::move(argument));
  job.arguments.push_back("--model=" + settings.at("model").get<std::string>());
  job.arguments.emplace_back("--json");
  return job;
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
          .files = {file, run + "/bertune.json"}};
}

OrderedJson explain(const fs::path& program, const fs::path& project, const std::string& run,
                    const Json& asked) {
  if (!asked.is_object()) throw Refusal{422, "Validation", "what is asked must be an object"};
  const Json facts = facts_of_model(project / run);
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
