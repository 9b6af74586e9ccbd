// The border of the C interface (bertune/bertune.h): what crosses it, and that no exception does.
#pragma once

#include <string>
#include <string_view>

#include "bertune/bertune.h"
#include "options/given_values.h"

namespace bertune::capi {

// Keeps what the exception in flight says for bertune_last_error, and returns its status.
bertune_status keep_error() noexcept;
void forget_error() noexcept;

template <typename Body>
bertune_status guarded(const Body& body) noexcept {
  forget_error();
  try {
    body();
    return BERTUNE_OK;
  } catch (...) {
    return keep_error();
  }
}

// Throws UsageError for a name without a value.
options::GivenValues values_of(const char* const* names_and_values);
// Throws UsageError for null, saying what it should be.
void require(const void* pointer, const char* what);

inline bool is_there(const bertune_text& text) { return text.bytes != nullptr; }
inline std::string_view view_of(const bertune_text& text) {
  if (text.bytes == nullptr) return {};
  return text.length > 0 ? std::string_view(text.bytes, text.length) : std::string_view(text.bytes);
}

// Returns a copy for bertune_string_free.
char* copy_of(std::string_view text);

// A command that takes options by name, as the program's of this name would.
class Command {
 public:
  explicit Command(const std::string& name) : parent_("", "bertune") {
    parent_.option_defaults()->take_last();
    command_ = parent_.add_subcommand(name);
  }
  CLI::App& operator*() { return *command_; }

 private:
  CLI::App parent_;
  CLI::App* command_;
};

}  // namespace bertune::capi
