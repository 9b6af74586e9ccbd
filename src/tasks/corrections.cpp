#include "tasks/corrections.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>
#include <unordered_map>

#include "bertune/error.h"
#include "data/files/records.h"
#include "data/texts/texts.h"

namespace bertune::tasks {
namespace {

constexpr std::string_view kDrop = "drop";

// A line of a file of corrections.
struct Line {
  std::string_view where, hash, correct;
  std::int64_t word = -1;
  std::string place;  // of the line itself
};

bool has_column(const data::Dataset& table, std::string_view name) {
  return std::ranges::find(table.columns.all, name) != table.columns.all.end();
}

// A column of a CSV file; the reader knows texts, pairs of them, labels and ids, whatever they are called.
data::Dataset read_columns(const std::filesystem::path& path, const std::string& other) {
  data::ReadOptions options;
  options.text_column = "where", options.text_pair_column = other;
  options.labels_required = options.guess_labels = options.guess_pairs = false;
  return data::read_dataset(path, options);
}

std::int64_t number_of(std::string_view text, const std::string& place) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0)
    throw Error(fmt::format("{}: the column \"word\" has \"{}\", which is no number of a word", place, text));
  return number;
}

class CorrectionFile {
 public:
  CorrectionFile(const std::filesystem::path& path, const char* option, bool labels) {
    const data::Dataset& table = table_ = read_columns(path, "");
    if (labels && !has_column(table, "correct"))
      throw UsageError(option, fmt::format("{}: has no column \"correct\" with the right labels (`{}`)",
                                           path.string(), option));
    const data::Dataset correct = column_of(path, "correct", labels), hash = column_of(path, "hash"),
                        word = column_of(path, "word");
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      Line& line = lines_.emplace_back();
      line.where = table.rows[i].text, line.place = table.where(table.rows[i]);
      if (!correct.rows.empty()) line.correct = data::trim_blanks(correct.rows[i].text_pair);
      if (!hash.rows.empty()) line.hash = data::trim_blanks(hash.rows[i].text_pair);
      if (!word.rows.empty()) line.word = number_of(word.rows[i].text_pair, line.place);
      if (line.hash.starts_with('h')) line.hash.remove_prefix(1);
    }
  }
  const std::vector<Line>& lines() const { return lines_; }

 private:
  // Rows whose second text is the column; none where there is no such column.
  data::Dataset column_of(const std::filesystem::path& path, const std::string& name, bool wanted = true) {
    if (!wanted || !has_column(table_, name)) return {};
    kept_.push_back(read_columns(path, name));
    return kept_.back();
  }

  data::Dataset table_;
  std::vector<data::Dataset> kept_;  // what lines point into
  std::vector<Line> lines_;
};

// The end of a place, which says the file and the row; the folder may be another one now.
std::string_view tail(std::string_view where) {
  const std::size_t slash = where.find_last_of("/\\");
  return slash == where.npos ? where : where.substr(slash + 1);
}

class Correction {
 public:
  Correction(const TrainingFiles& files, std::int64_t rows,
             const std::function<ItemText(std::int64_t)>& text_of)
      : is_part_(files.max_train_rows >= 0 && !files.shuffle_rows),
        path_(files.train.string()),
        dropped_(static_cast<std::size_t>(rows)) {
    texts_.reserve(static_cast<std::size_t>(rows));
    for (std::int64_t row = 0; row < rows; ++row) {
      texts_.push_back(text_of(row));
      rows_.emplace(tail(texts_.back().where), row);
    }
  }

  void relabel(const std::filesystem::path& path) {
    const CorrectionFile file(path, "relabel", true);
    for (const Line& line : file.lines()) {
      const std::int64_t row = line.correct.empty() ? -1 : row_of(line);
      if (row < 0) continue;
      if (line.correct == kDrop) {
        drop(row);
      } else {
        labels_.push_back({row, line.word, std::string(line.correct), line.place});
      }
    }
    const auto changed = std::ssize(labels_);
    note("relabel", path, fmt::format("{} labels are replaced", changed));
  }

  void exclude(const std::filesystem::path& path) {
    const CorrectionFile file(path, "exclude", false);
    for (const Line& line : file.lines())
      if (const std::int64_t row = row_of(line); row >= 0) drop(row);
    note("exclude", path, "");
  }

  Corrected take() {
    Corrected result;
    result.notes = std::move(notes_), result.any = true;
    for (std::size_t row = 0; row < dropped_.size(); ++row)
      if (!dropped_[row]) result.kept.push_back(static_cast<std::int64_t>(row));
    if (result.kept.empty()) throw Error(fmt::format("{}: all its rows are left out", path_));
    std::erase_if(labels_, [&](const NewLabel& one) { return dropped_[static_cast<std::size_t>(one.row)]; });
    result.labels = std::move(labels_);
    return result;
  }

 private:
  // -1: beyond the rows that are read.
  std::int64_t row_of(const Line& line) const {
    const auto found = rows_.find(tail(line.where));
    if (found == rows_.end()) {
      if (is_part_) return -1;
      throw Error(fmt::format("{}: names the row {}, which {} does not have", line.place, line.where, path_));
    }
    const ItemText& text = texts_[static_cast<std::size_t>(found->second)];
    if (!line.hash.empty() && line.hash != data::hash_of(text.text, text.text_pair))
      throw Error(
          fmt::format("{}: names the row {}, whose text is another one now; make the file of corrections "
                      "again with `noise()`",
                      line.place, text.where));
    return found->second;
  }

  void drop(std::int64_t row) {
    if (!dropped_[static_cast<std::size_t>(row)]) ++left_out_;
    dropped_[static_cast<std::size_t>(row)] = true;
  }

  void note(const char* option, const std::filesystem::path& path, std::string changed) {
    if (left_out_ > 0)
      changed += fmt::format("{}{} rows are left out", changed.empty() ? "" : ", ", left_out_);
    if (changed.empty()) changed = "nothing is changed";
    notes_.push_back(fmt::format("{}: {} (`{}={}`)", path_, changed, option, path.string()));
    left_out_ = 0;
  }

  bool is_part_;
  std::string path_;
  std::vector<bool> dropped_;
  std::int64_t left_out_ = 0;  // by the file at hand
  std::vector<ItemText> texts_;
  std::unordered_map<std::string_view, std::int64_t> rows_;
  std::vector<NewLabel> labels_;
  std::vector<std::string> notes_;
};

}  // namespace

Corrected corrected(const TrainingFiles& files, std::int64_t rows,
                    const std::function<ItemText(std::int64_t row)>& text_of) {
  if (files.relabel.empty() && files.exclude.empty()) return {};
  Correction correction(files, rows, text_of);
  if (!files.relabel.empty()) correction.relabel(files.relabel);
  if (!files.exclude.empty()) correction.exclude(files.exclude);
  return correction.take();
}

void require_corrections_fit(const TrainingFiles& files, Architecture architecture) {
  if (files.relabel.empty() && files.exclude.empty()) return;
  if (architecture == Architecture::sequence_classification ||
      architecture == Architecture::token_classification)
    return;
  throw UsageError("relabel",
                   "`relabel` and `exclude` are for texts with labels and for tagged words; this task has no "
                   "labels to correct");
}

}  // namespace bertune::tasks
