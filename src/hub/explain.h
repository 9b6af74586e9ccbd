// Explains a hub's refusal to the person.
#pragma once

#include <string>

#include "hub/http.h"
#include "hub/model_name.h"

namespace bertune::hub {

struct Asked {
  const ModelName& name;
  const std::string& file;
  const std::string& endpoint;
  bool with_token;
};

// Explains an answer that is neither 2xx nor a redirect. Texts of the server are shortened and made
// printable.
HubError explain(const HttpAnswer& answer, const Asked& asked);
// Returns the error for a server that is not a hub: `what` says by which sign.
HubError not_a_hub(const HttpAnswer& answer, const std::string& what);

}  // namespace bertune::hub
