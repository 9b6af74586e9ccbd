#include "studio/services.h"

#include <fmt/format.h>

#include <utility>

namespace bertune::studio {

void Services::start(const fs::path& project, const std::string& run, int port) {
  stop(project);
  const std::lock_guard lock(mutex_);
  Child child(
      {.program = program_, .arguments = {"serve", run, fmt::format("--port={}", port)}, .folder = project});
  services_.emplace(project, Service{std::move(child), run, ""});
}

void Services::stop(const fs::path& project) {
  decltype(services_)::node_type ends;  // outside of the lock, for it takes a moment
  const std::lock_guard lock(mutex_);
  ends = services_.extract(project);
}

OrderedJson Services::state(const fs::path& project) {
  const std::lock_guard lock(mutex_);
  const auto found = services_.find(project);
  if (found == services_.end()) return {{"state", "none"}};
  Service& service = found->second;
  OrderedJson state = {{"state", "starting"}, {"run", service.run}};
  if (service.child.code()) {
    state["state"] = "failed";
    const std::string error = error_in(service.child.log());
    state["error"] = error.empty() ? "the service has ended" : error;
    return state;
  }
  if (service.url.empty()) {
    constexpr std::string_view kReady = "READY ";
    const std::string said = service.child.out(65536);
    const std::size_t end = said.find('\n');
    if (said.starts_with(kReady) && end != said.npos)
      service.url = said.substr(kReady.size(), end - kReady.size());
  }
  if (!service.url.empty()) state["state"] = "running", state["url"] = service.url;
  return state;
}

}  // namespace bertune::studio
