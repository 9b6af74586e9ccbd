#include "studio/projects.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <span>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/lower_case.h"
#include "core/printable.h"
#include "core/utf8.h"
#include "core/writing.h"
#include "serve/http.h"

namespace bertune::studio {
namespace {

using serve::Refusal;

constexpr const char* kSettings = "project.json";
constexpr std::array<std::string_view, 4> kRoles = {"train", "validation", "test", "other"};
// `bertune train` takes these.
constexpr std::array<std::string_view, 4> kMethods = {"fine-tune", "frozen", "contrastive", "auto"},
                                          kLongText = {"truncate", "head-tail", "windows", "auto"};

// Ids stand in addresses, and are names of folders.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '-' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

std::string id_from(std::string_view name) {
  std::string id;
  for (const char letter : lower_case(name)) {
    const bool fits = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
    if (fits) {
      id += letter;
    } else if (!id.empty() && id.back() != '-') {
      id += '-';
    }
  }
  id = id.substr(0, 48);
  while (!id.empty() && id.back() == '-') id.pop_back();
  return id.empty() ? "project" : id;
}

OrderedJson fresh_settings(const std::string& name) {
  return {{"name", name},
          {"created", static_cast<std::int64_t>(std::time(nullptr))},
          {"files", OrderedJson::array()},
          {"task", ""},
          {"columns", {{"text", ""}, {"text_pair", ""}, {"label", ""}}},
          {"encoding", ""},
          {"max_bad_rows", 0},
          {"model", ""},
          {"training",
           {{"epochs", 3},
            {"learning_rate", nullptr},
            {"max_length", nullptr},
            {"batch_size", nullptr},
            {"method", nullptr},
            {"long_text", nullptr},
            {"search_minutes", nullptr}}}};
}

Refusal wrong(std::string sentence) { return {422, "Validation", std::move(sentence)}; }

// The text of a choice; empty: the program decides.
std::string chosen_text(const Json& value, const std::string& name) {
  if (!value.is_string()) throw wrong(fmt::format("{} must be a text", name));
  const auto text = value.get<std::string>();
  if (!text.empty()) require_name(text, name, 1000);
  return text;
}

Json chosen_number(const Json& value, const std::string& name, double least, double most, bool is_whole) {
  if (value.is_null()) return value;
  if (!value.is_number()) throw wrong(fmt::format("{} must be a number", name));
  const double number = value.get<double>();
  if (!(number >= least && number <= most) || (is_whole && number != std::floor(number)))
    throw wrong(fmt::format("{} must be {} from {} to {}", name, is_whole ? "a whole number" : "a number",
                            least, most));
  return value;
}

Json chosen_word(const Json& value, const std::string& name, std::span<const std::string_view> words) {
  if (value.is_null()) return value;
  const auto word = chosen_text(value, name);
  if (std::ranges::find(words, word) == words.end())
    throw wrong(fmt::format("{} must be one of {}", name, fmt::join(words, ", ")));
  return word;
}

void choose_training(OrderedJson& training, const Json& asked) {
  for (const auto& [option, value] : asked.items()) {
    if (!training.contains(option)) throw wrong(fmt::format("there is no option {}", printable(option)));
    if (option == "method") {
      training[option] = chosen_word(value, option, kMethods);
    } else if (option == "long_text") {
      training[option] = chosen_word(value, option, kLongText);
    } else if (option == "learning_rate") {
      training[option] = chosen_number(value, option, 1e-7, 1, false);
    } else if (option == "search_minutes") {
      training[option] = chosen_number(value, option, 0.05, 100'000, false);
    } else if (option == "epochs") {
      training[option] = chosen_number(value, option, 0.01, 1000, false);
    } else {
      training[option] = chosen_number(value, option, 1, 8192, true);
    }
  }
}

void choose_roles(OrderedJson& settings, const Json& roles) {
  if (!roles.is_object()) throw wrong("roles must be an object");
  for (const auto& [name, role] : roles.items()) {
    const auto found = std::ranges::find_if(
        settings.at("files"),
        [&, wanted = name](const OrderedJson& file) { return file.at("name") == wanted; });
    if (found == settings.at("files").end()) throw wrong(fmt::format("there is no file {}", printable(name)));
    if (!role.is_string() || std::ranges::find(kRoles, role.get<std::string>()) == kRoles.end())
      throw wrong("a role must be train, validation, test or other");
    const auto wanted = role.get<std::string>();
    for (OrderedJson& file : settings.at("files"))
      if (wanted != "other" && file.at("role") == wanted) file["role"] = "other";  // a role has one file
    (*found)["role"] = wanted;
  }
}

}  // namespace

void require_name(const std::string& text, std::string_view what, std::size_t most) {
  if (text.empty()) throw wrong(fmt::format("{} is empty", what));
  if (text.size() > most) throw wrong(fmt::format("{} is longer than {} bytes", what, most));
  if (find_invalid_utf8(text) != text.npos) throw wrong(fmt::format("{} is not UTF-8", what));
  const bool has_control = std::ranges::any_of(
      text, [](char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; });
  if (has_control) throw wrong(fmt::format("{} has control characters", what));
}

OrderedJson json_in(const fs::path& file) {
  if (!path_exists(file)) return nullptr;
  try {
    return parse_ordered_json(read_file(file, 16 << 20), file.string());
  } catch (const Error&) {
    return nullptr;
  }
}

Projects::Projects(fs::path folder) : folder_(std::move(folder)) {
  writing::make_folders(folder_);
  require_writable(folder_);
}

std::vector<std::string> Projects::ids() const {
  std::vector<std::string> found;
  for (const fs::path& entry : readable_entries_of(folder_))
    if (is_id(entry.filename().string()) && path_exists(entry / kSettings))
      found.push_back(entry.filename().string());
  std::ranges::sort(found);
  return found;
}

std::string Projects::create(const std::string& name) {
  require_name(name, "the name of the project");
  const std::lock_guard lock(mutex_);
  const std::string wanted = id_from(name);
  std::string id = wanted;
  for (int number = 2; path_exists(folder_ / id); ++number) id = fmt::format("{}-{}", wanted, number);
  writing::make_folders(folder_ / id / "data");
  writing::make_folders(folder_ / id / kWork);
  write_file_atomically(folder_ / id / kSettings, fresh_settings(name).dump(2) + "\n");
  return id;
}

void Projects::remove(std::string_view id) {
  const fs::path folder = folder_of(id);
  const std::lock_guard lock(mutex_);
  writing::unlink(folder / kSettings);  // first, so that what is left of it is no project
  if (const int error = writing::remove_tree(folder); error != 0)
    throw Error(fmt::format("{}: not all of it could be removed", folder.string()));
}

fs::path Projects::folder_of(std::string_view id) const {
  if (!is_id(id) || !path_exists(folder_ / id / kSettings))
    throw Refusal{404, "NotFound", "there is no such project"};
  return folder_ / id;
}

OrderedJson Projects::settings(std::string_view id) const {
  const fs::path file = folder_of(id) / kSettings;
  OrderedJson settings = fresh_settings(std::string(id));
  settings.update(parse_ordered_json(read_file(file, 1 << 20), file.string()), true);
  return settings;
}

void Projects::change(std::string_view id, const std::function<void(OrderedJson& settings)>& make) {
  const std::lock_guard lock(mutex_);
  OrderedJson changed = settings(id);
  make(changed);
  write_file_atomically(folder_of(id) / kSettings,
                        changed.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
}

void choose(OrderedJson& settings, const Json& asked) {
  if (!asked.is_object()) throw wrong("settings must be an object");
  for (const auto& [name, value] : asked.items()) {
    if (name == "name") {
      const std::string text = chosen_text(value, name);
      require_name(text, "the name of the project");
      settings["name"] = text;
    } else if (name == "task" || name == "model" || name == "encoding") {
      settings[name] = chosen_text(value, name);
    } else if (name == "columns" && value.is_object()) {
      for (const auto& [column, text] : value.items()) {
        if (!settings.at("columns").contains(column))
          throw wrong(fmt::format("there is no column {}", printable(column)));
        settings["columns"][column] = chosen_text(text, column);
      }
    } else if (name == "training" && value.is_object()) {
      choose_training(settings["training"], value);
    } else if (name == "max_bad_rows") {
      settings[name] = chosen_number(value, name, 0, 1e9, true);
    } else if (name == "roles") {
      choose_roles(settings, value);
    } else {
      throw wrong(fmt::format("there is no setting {}", printable(name)));
    }
  }
}

std::string file_of(const OrderedJson& settings, std::string_view role) {
  for (const OrderedJson& file : settings.at("files"))
    if (file.at("role") == role) return "data/" + file.at("name").get<std::string>();
  return "";
}

std::string safe_file_name(std::string_view given) {
  constexpr std::size_t kLongest = 120;
  given.remove_prefix(std::min(given.size(), given.find_last_of("/\\") + 1));  // npos + 1 is 0
  std::string name;
  for (std::size_t at = 0; at < given.size();) {
    const CodePoint point = decode_utf8(given, at);
    const bool is_safe = point.valid && !is_control(point.value) && point.value != '#' && point.value != ':';
    if (is_safe) {
      name.append(given.substr(at, point.bytes));
    } else {
      name += '_';
    }
    at += point.bytes;
  }
  while (!name.empty() && (name.front() == '.' || name.front() == '-' || name.front() == ' '))
    name.erase(0, 1);
  if (name.empty()) return "data";
  if (name.size() <= kLongest) return name;
  const std::string extension = fs::path(name).extension().string();
  const std::size_t kept = kLongest - std::min<std::size_t>(extension.size(), 20);
  return std::string(beginning_of(name, kept)) + (extension.size() <= 20 ? extension : "");
}

void add_file(OrderedJson& settings, const std::string& name) {
  const std::string lower = lower_case(name);
  const auto has = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return lower.find(word) != lower.npos; });
  };
  std::string role = has({"test"}) ? "test" : has({"valid", "dev"}) ? "validation" : "train";
  if (!file_of(settings, role).empty()) role = "other";
  settings["files"].push_back({{"name", name}, {"role", role}});
}

}  // namespace bertune::studio
