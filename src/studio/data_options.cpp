#include "studio/data_options.h"

#include <fmt/format.h>

#include <utility>

#include "studio/projects.h"

namespace bertune::studio {

OrderedJson data_options(const OrderedJson& settings) {
  OrderedJson options = OrderedJson::object();
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) options[option] = value;
  };
  add("train", file_of(settings, "train"));
  const OrderedJson& columns = settings.at("columns");
  add("text-column", columns.at("text").get<std::string>());
  add("text-pair-column", columns.at("text_pair").get<std::string>());
  add("label-column", columns.at("label").get<std::string>());
  add("task", settings.at("task").get<std::string>());
  add("encoding", settings.at("encoding").get<std::string>());
  if (const OrderedJson& most = settings.at("max_bad_rows"); most.is_number() && most.get<double>() > 0)
    options["max-bad-rows"] = most;
  return options;
}

OrderedJson evaluation_options(const OrderedJson& settings) {
  OrderedJson options = OrderedJson::object();
  for (const char* role : {"validation", "test"})
    if (std::string file = file_of(settings, role); !file.empty()) options[role] = std::move(file);
  return options;
}

std::vector<std::string> arguments_of(const OrderedJson& options) {
  std::vector<std::string> arguments;
  for (const auto& [name, value] : options.items())
    arguments.push_back(
        fmt::format("--{}={}", name, value.is_string() ? value.get<std::string>() : value.dump()));
  return arguments;
}

std::vector<std::string> data_files(const OrderedJson& settings) {
  std::vector<std::string> files;
  for (const char* role : {"train", "validation", "test"})
    if (std::string file = file_of(settings, role); !file.empty()) files.push_back(std::move(file));
  return files;
}

data::ReadOptions read_options(const OrderedJson& settings, bool labels_required) {
  data::ReadOptions options{.labels_required = labels_required};
  const OrderedJson& columns = settings.at("columns");
  options.text_column = columns.at("text").get<std::string>();
  options.text_pair_column = columns.at("text_pair").get<std::string>();
  options.label_column = columns.at("label").get<std::string>();
  return options;
}

}  // namespace bertune::studio
