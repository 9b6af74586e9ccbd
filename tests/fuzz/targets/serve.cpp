// What anybody may send to the server, for models of every head.
#include <memory>

#include "bertune/error.h"
#include "fuzz/target.h"
#include "serve/routes.h"
#include "serve/served.h"

namespace bertune::fuzz {
namespace {

testing::Served& served(unsigned choice) {
  static const std::vector<testing::AskedHead> heads = testing::asked_heads();
  static std::vector<std::unique_ptr<testing::Served>> all(heads.size());
  const std::size_t head = choice % heads.size();
  if (!all[head])
    all[head] =
        std::make_unique<testing::Served>(std::vector{heads[head].name}, serve::ServiceOptions{.workers = 1});
  return *all[head];
}

// A body for the route that a byte chooses; so nothing is lost on lengths and headers that do not fit.
std::optional<serve::HttpRequest> request_to_route(const testing::Served& server, unsigned choice,
                                                   std::string_view body) {
  static const std::vector<const serve::Route*> routes = [] {
    std::vector<const serve::Route*> with_body;
    for (const serve::Route& route : serve::all_routes())
      if (route.body != nullptr) with_body.push_back(&route);
    return with_body;
  }();
  if (choice % (routes.size() + 1) == 0) return std::nullopt;
  const serve::Route& route = *routes[choice % (routes.size() + 1) - 1];
  std::string path(route.path);
  const auto model = server.service.models().find("");
  for (const auto& [name, value] : {std::pair("{model}", model->name()), {"{version}", model->version()}})
    if (const std::size_t at = path.find(name); at != path.npos)
      path.replace(at, std::string_view(name).size(), value);
  return testing::post(path, std::string(body));
}

// The first byte chooses the head, the second the route, or bytes as a connection brings them.
const Target kRequests("requests", [](std::string_view bytes) {
  testing::Served& server = served(take_choice(bytes));
  const auto request = request_to_route(server, take_choice(bytes), bytes);
  const serve::HttpResponse response = request ? server.ask(*request) : serve::handle(server.service, bytes);
  require(serve::reason_of(response.status) != "Status", "a status of the table");
  require(response.status != 500, "no request makes the server fail");
  require(
      response.type != "application/json" || response.body.empty() || nlohmann::json::accept(response.body),
      "the answer is JSON");
  for (const auto& [name, value] : response.headers)
    require(value.find_first_of("\r\n") == value.npos, "a header is one line");
  if (response.status >= 400) throw Error(response.body);
});

}  // namespace
}  // namespace bertune::fuzz
