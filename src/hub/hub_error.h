// HubError says why the hub did not give what was asked for.
#pragma once

#include "bertune/error.h"

namespace bertune::hub {

enum class Failure {
  unreachable,    // no network, no such host, broken connections
  server,         // 5xx, 429
  denied,         // 401, 403
  no_repository,  // or one that is private
  no_revision,
  no_file,
  not_a_hub,  // answers that no hub sends
};

class HubError : public Error {
 public:
  HubError(Failure failure, const std::string& message) : Error(message), failure_(failure) {}
  Failure failure() const { return failure_; }

 private:
  Failure failure_;
};

}  // namespace bertune::hub
