// The name of a model on the hub.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bertune::hub {

struct ModelName {
  std::string repository;         // "owner/name", or "name" for the oldest models
  std::string revision = "main";  // branch, tag, or commit
};

// "owner/name" or "owner/name@revision", by the rules of huggingface_hub's validate_repo_id; nothing where
// the text can be no such name. Both parts are safe as parts of a path.
std::optional<ModelName> parse_model_name(std::string_view text);
// A name that git could give to a branch, a tag or a commit, and that stays below the folder it is put into.
bool is_revision(std::string_view text);
// 40 hexadecimal digits.
bool is_commit(std::string_view text);

}  // namespace bertune::hub
