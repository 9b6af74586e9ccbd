// The parts that predictions by shards leave in a folder: a file for each shard, and one that says what they
// were made of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "core/json.h"
#include "data/files/shard.h"

namespace bertune::predict {

// "part-00003-of-00016.jsonl"; shards count from 0.
std::string part_name(const data::Shard& shard, std::string_view extension);

// Returns what decides the bytes of parts: the input, of which samples are read and not all, the
// model's files, and `options`, by their names.
Json made_of(const std::filesystem::path& input, const std::filesystem::path& model,
             const std::filesystem::path& base, Json options);

class Parts {
 public:
  // `header`: the first line of a part names the columns.
  Parts(std::filesystem::path folder, const data::Shard& shard, std::string extension, bool header);

  std::filesystem::path path() const;  // of the shard's part
  bool is_finished() const;            // it is there, and so it is whole
  // Makes the folder, and says in it what its parts are made of. Throws as require_own() does.
  void claim(const Json& made_of) const;
  // Throws UsageError where the folder holds parts that were made of something else, naming what.
  void require_own(const Json& made_of) const;

 private:
  Json as_listed(const Json& made_of) const;

  std::filesystem::path folder_;
  data::Shard shard_;
  std::string extension_;
  bool header_;
};

// Gives the parts of a folder to `write`, in order, as the one file that a single process would have written.
// Throws Error where parts are missing, naming them, and where the folder holds none.
void merge_parts(const std::filesystem::path& folder, const std::function<void(std::string_view)>& write);

}  // namespace bertune::predict
