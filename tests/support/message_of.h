// What an action that must fail says.
#pragma once

#include <string>

#include "bertune/error.h"

namespace bertune::testing {

// The message of the Error that `action` throws; `none` where it throws none.
template <typename Exception = Error, typename Action>
std::string message_of(const Action& action, const std::string& none = "no error") {
  try {
    action();
  } catch (const Exception& error) {
    return error.what();
  }
  return none;
}

}  // namespace bertune::testing
