#include "capi/boundary.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "bertune/error.h"
#include "bertune/threads.h"

namespace bertune::capi {
namespace {

struct LastError {
  std::string message, option;
  bool has_no_memory = false;
};
thread_local LastError last_error;

bertune_status keep(bertune_status status, const char* message, const std::string& option = {}) {
  last_error.message = message;
  last_error.option = option;
  return status;
}

bertune_status keep_any() try { throw; } catch (const UsageError& error) {
  return keep(BERTUNE_USAGE, error.what(), error.option());
} catch (const AlreadyDone& error) {
  return keep(BERTUNE_ALREADY_DONE, error.what());
} catch (const Interrupted& error) {
  return keep(BERTUNE_INTERRUPTED, error.what());
} catch (const std::bad_alloc&) {
  last_error.has_no_memory = true;
  return BERTUNE_ERROR;
} catch (const std::exception& error) {
  return keep(BERTUNE_ERROR, error.what());
} catch (...) {
  return keep(BERTUNE_ERROR, "an unknown error");
}

}  // namespace

bertune_status keep_error() noexcept {
  try {
    return keep_any();
  } catch (...) {  // no memory for the message
    last_error.has_no_memory = true;
    return BERTUNE_ERROR;
  }
}

void forget_error() noexcept {
  last_error.message.clear();
  last_error.option.clear();
  last_error.has_no_memory = false;
}

options::GivenValues values_of(const char* const* names_and_values) {
  options::GivenValues values;
  for (const char* const* next = names_and_values; next != nullptr && *next != nullptr; next += 2) {
    if (next[1] == nullptr) throw UsageError(*next, fmt::format("`{}` has no value", *next));
    values.emplace_back(next[0], next[1]);
  }
  return values;
}

void require(const void* pointer, const char* what) {
  if (pointer == nullptr) throw UsageError(fmt::format("{} is NULL", what));
}

char* copy_of(std::string_view text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

}  // namespace bertune::capi

using bertune::capi::last_error;

int bertune_abi_version() { return BERTUNE_ABI_VERSION; }
const char* bertune_version() { return BERTUNE_VERSION; }

const char* bertune_last_error() {
  return last_error.has_no_memory ? "not enough memory; try a smaller batch_size or max_length"
                                  : last_error.message.c_str();
}
const char* bertune_last_error_option() { return last_error.option.c_str(); }

bertune_status bertune_set_threads(int threads) {
  return bertune::capi::guarded([&] {
    if (threads < 0) throw bertune::UsageError("threads", "`threads` must be at least 1, or 0 for all");
    bertune::set_num_threads(threads);
  });
}

void bertune_string_free(char* text) { std::free(text); }
