// The prediction table of a run: what its model said of each validation and test row, from which reports,
// calibration and comparisons are made without the model.
//
// In a folder it is predictions.safetensors (for each set "SET.logits" [positions, width] and "SET.truth"
// [positions], or [positions, width] of several labels and numbers) and predictions.json (everything else).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "tasks/record.h"

namespace bertune::insight {

inline constexpr const char* kPredictionsFile = "predictions.json";
inline constexpr const char* kPredictedTensorsFile = "predictions.safetensors";
inline constexpr std::int64_t kPredictionsFormat = 1;  // of both

// The set of rows that models have predicted which were trained on others.
inline constexpr const char* kOutOfFoldSet = "out_of_fold";

struct PredictedRow {
  std::int64_t row = 0;              // in its set, from 0
  std::string where, id = {};        // "test.csv:7"; the id is empty where the file has none
  std::string text, text_pair = {};  // their first kTextBytes bytes, whole characters
  std::string hash = {};             // of both texts, whole: the same row of another run has the same
  std::int64_t tokens = 0, windows = 1, cut_tokens = 0;
  Json more = Json::object();  // as tasks::ItemRecord has it
};

inline constexpr std::size_t kTextBytes = 1000;

struct PredictedSet {
  std::string name = {};    // "validation", "test" or kOutOfFoldSet
  std::string path = {};    // the file, as given
  std::int64_t in_all = 0;  // rows of the set; `rows` may be fewer
  std::vector<PredictedRow> rows = {};
  std::vector<std::int64_t> begins{0};  // [rows + 1]: the positions of a row
  std::vector<float> logits = {};       // [positions, width]
  std::vector<float> truth = {};        // [positions], or [positions, width]

  std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
};

struct PredictionTable {
  std::string task = {};  // as the option `task` names it
  tasks::RecordForm form = {};
  std::vector<PredictedSet> sets = {};

  // Null where there is none of this name.
  const PredictedSet* find(std::string_view set) const;
  std::span<const float> logits_of(const PredictedSet& set, std::int64_t position) const;
  // Numbers of `truth` per position: 1, or the width.
  std::int64_t truth_width() const;
};

// Adds a set of records with the texts of their items; nothing without records.
void add_set(PredictionTable& table, const std::string& name, const std::string& path,
             const tasks::Records* records, const tasks::ItemTexts& texts);

// Writes both files, each atomically. A table without sets removes those that an earlier run left.
void write_predictions(const std::filesystem::path& folder, const PredictionTable& table);

// Reads them again. Throws Error, naming the file and what to do, where they are missing, damaged or do not
// belong together.
PredictionTable read_predictions(const std::filesystem::path& folder);
bool has_predictions(const std::filesystem::path& folder);

}  // namespace bertune::insight
