#include "hub/explain.h"

#include <fmt/format.h>

namespace bertune::hub {
namespace {

std::string printable(std::string text) {
  constexpr std::size_t kShown = 200;
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
  }
  return text;
}

std::string page_of(const Asked& asked) {
  return fmt::format("{}/{}", asked.endpoint, asked.name.repository);
}

HubError denied(const HttpAnswer& answer, const Asked& asked) {
  const std::string code = answer.header("x-error-code"), said = printable(answer.header("x-error-message"));
  const std::string& repository = asked.name.repository;
  if (said.starts_with("Invalid credentials") || said.starts_with("Invalid username or password")) {
    const std::string token = asked.with_token
                                  ? "the access token is wrong or has expired: make a new one at "
                                  : "it wants an access token: make one at ";
    return {Failure::denied,
            fmt::format("{}: {} does not accept the credentials ({}); {}{}/settings/tokens and set HF_TOKEN",
                        repository, host_of(answer.url), said, token, asked.endpoint)};
  }
  if (code == "GatedRepo") {
    const std::string then =
        asked.with_token ? "the account of your access token has not been let in yet"
                         : "set HF_TOKEN to an access token of your account, or log in with `hf auth login`";
    return {Failure::denied, fmt::format("{} is gated: agree to its conditions at {}; {} (answer {})",
                                         repository, page_of(asked), then, answer.status)};
  }
  if (code == "RepoNotFound" || answer.status == 401) {
    return {
        Failure::no_repository,
        fmt::format("there is no model {} on {}, or it is private: check the name; for a private model {}",
                    repository, host_of(asked.endpoint),
                    asked.with_token ? "the access token must be of an account that may read it"
                                     : "set HF_TOKEN to an access token that may read it")};
  }
  return {Failure::denied,
          fmt::format("{}: {} refuses {} (answer {}{}{}); look at {}, and at the rights of HF_TOKEN",
                      repository, host_of(answer.url), asked.file, answer.status, said.empty() ? "" : ": ",
                      said, page_of(asked))};
}

HubError missing(const HttpAnswer& answer, const Asked& asked) {
  const std::string code = answer.header("x-error-code");
  const ModelName& name = asked.name;
  if (code == "RepoNotFound") return denied(answer, asked);
  if (code == "RevisionNotFound") {
    return {Failure::no_revision,
            fmt::format("{} has no revision \"{}\": see its branches and tags at {}/tree/main",
                        name.repository, name.revision, page_of(asked))};
  }
  if (code == "EntryNotFound") {
    return {Failure::no_file,
            fmt::format("{} has no file {} at revision {}", name.repository, asked.file, name.revision)};
  }
  return not_a_hub(answer, "answers 404 without saying what is missing");
}

}  // namespace

HubError explain(const HttpAnswer& answer, const Asked& asked) {
  if (answer.status == 401 || answer.status == 403) return denied(answer, asked);
  if (answer.status == 404) return missing(answer, asked);
  const std::string said = printable(answer.header("x-error-message"));
  const std::string message =
      fmt::format("{}: {} answers {} when asked for {}{}{}", asked.name.repository, host_of(answer.url),
                  answer.status, asked.file, said.empty() ? "" : ": ", said);
  if (answer.status == 429)
    return {Failure::server, message + "; it has been asked too often: wait some minutes, or set HF_TOKEN"};
  if (answer.status >= 500) return {Failure::server, message + "; it is in trouble: try again later"};
  return {Failure::not_a_hub, message + "; is HF_ENDPOINT the address of a hub?"};
}

HubError not_a_hub(const HttpAnswer& answer, const std::string& what) {
  const std::string type = printable(answer.header("content-type"));
  return {Failure::not_a_hub,
          fmt::format(
              "{} {}{}: it is no hub, or something between answers for it (the login page of a network, a "
              "proxy); look at HF_ENDPOINT and your network",
              host_of(answer.url), what, type.empty() ? "" : " (its answer is " + type + ")")};
}

}  // namespace bertune::hub
