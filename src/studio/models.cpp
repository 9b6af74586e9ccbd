#include "studio/models.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "checkpoint/family.h"
#include "core/folder.h"
#include "core/model_files.h"
#include "hub/cache.h"
#include "hub/settings.h"
#include "studio/projects.h"

namespace bertune::studio {
namespace {

namespace fs = std::filesystem;

constexpr double kSmallRate = 8e-4;  // of models with so little in them (docs/small_bert.md)
constexpr std::int64_t kSmallWidth = 256;

struct Known {
  std::string_view model, title;
  std::uint64_t bytes;
  double learning_rate;
};

// The models of the hub that most people begin with, the smallest first.
constexpr std::array<Known, 3> kOfHub = {
    {{"sentence-transformers/all-MiniLM-L6-v2", "MiniLM: small, fast and good (English)", 91'000'000, 2e-4},
     {"bert-base-uncased", "BERT base: larger and slower (English)", 440'000'000, 5e-5},
     {"bert-base-multilingual-cased", "BERT base, 104 languages", 714'000'000, 5e-5}}};

std::uint64_t weight_bytes(const fs::path& folder) {
  for (const char* name : kWeightFiles) {
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(folder / name, error);
    if (!error) return bytes;
  }
  return 0;
}

// The configuration of a model that can be trained; null: it is of another kind, or not whole.
OrderedJson config_of(const fs::path& folder) {
  OrderedJson config = weight_bytes(folder) > 0 ? json_in(folder / "config.json") : OrderedJson();
  const OrderedJson type = config.is_object() ? config.value("model_type", OrderedJson()) : OrderedJson();
  const bool is_known = type.is_string() && checkpoint::find_model_type(type.get<std::string>());
  return is_known ? config : OrderedJson();
}

void add_folder(OrderedJson& list, const fs::path& folder, const std::string& model, const std::string& title,
                std::string_view kind) {
  const OrderedJson config = config_of(folder);
  if (config.is_null()) return;
  OrderedJson one = {{"model", model}, {"title", title}, {"kind", kind}, {"bytes", weight_bytes(folder)}};
  const OrderedJson width = config.value("hidden_size", OrderedJson());
  if (width.is_number() && width.get<double>() <= static_cast<double>(kSmallWidth))
    one["learning_rate"] = kSmallRate;
  for (const Known& known : kOfHub)
    if (known.model == model) one["title"] = known.title, one["learning_rate"] = known.learning_rate;
  list.push_back(std::move(one));
}

void add_cache(OrderedJson& list) {
  std::vector<fs::path> entries = readable_entries_of(hub::settings_of({}).cache_dir);
  std::ranges::sort(entries);
  for (const fs::path& entry : entries) {
    const std::string name = hub::repository_of(entry.filename().string());
    if (name.empty()) continue;
    for (const fs::path& snapshot : readable_entries_of(entry / "snapshots")) {
      const std::size_t before = list.size();
      add_folder(list, snapshot, name, name, "cache");
      if (list.size() > before) break;
    }
  }
}

}  // namespace

fs::path included_models(const fs::path& program) {
  std::error_code error;
  const fs::path folder = fs::canonical(program, error).parent_path();
  if (error) return {};
  for (const char* place : {"../share/bertune/models", "../examples/models"})
    if (fs::is_directory(folder / place, error)) return fs::canonical(folder / place, error);
  return {};
}

OrderedJson models_to_train(const fs::path& included) {
  OrderedJson list = OrderedJson::array();
  if (!included.empty()) {
    std::vector<fs::path> entries = readable_entries_of(included);
    std::ranges::sort(entries);
    for (const fs::path& entry : entries)
      add_folder(list, entry, entry.string(),
                 entry.filename().string() + ": comes along, has read very little", "included");
  }
  add_cache(list);
  for (const Known& known : kOfHub) {
    const bool is_there =
        std::ranges::any_of(list, [&](const OrderedJson& one) { return one.at("model") == known.model; });
    if (!is_there)
      list.push_back({{"model", known.model},
                      {"title", known.title},
                      {"kind", "hub"},
                      {"bytes", known.bytes},
                      {"learning_rate", known.learning_rate}});
  }
  return list;
}

}  // namespace bertune::studio
