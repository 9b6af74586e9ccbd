// HTTP as the server sees it: values, and a connection's answer. What speaks it on the network is
// http_server.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bertune::serve {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Nothing of it is to be trusted, but that method and path have no blanks or control characters.
struct HttpRequest {
  std::string method, path, query, body;  // path: as sent, without the query
  Headers headers;

  // Returns the value of the first header of that name, in any case; empty where there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string body = {};
  std::string type = "application/json";
  Headers headers = {};  // of characters that the server chose: nothing of a request
  bool close = false;    // the connection, after it
  // The parts that follow the body, of answers that come little by little, or would fill the memory. The
  // server's thread calls it when all before was sent, and again a quarter of a second after it gave an empty
  // text; without a value the answer is complete. The connection closes then, and also where it throws.
  std::function<std::optional<std::string>()> more = {};
  std::optional<std::uint64_t> length = {};  // of the whole with its parts, where it is known
};

// An exchange takes the answer to one request. Any thread may call; send() counts once.
class Exchange {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;
  virtual void send(HttpResponse response) = 0;
  virtual bool is_gone() const = 0;  // whoever asked has closed the connection
};

// The head of a request decides on an answer that makes its body needless, or else on who answers it when it
// has come. The latter may keep the exchange and answer later, and must not wait.
struct Opened {
  std::optional<HttpResponse> refusal = {};
  std::function<void(HttpRequest request, std::shared_ptr<Exchange> exchange)> answer = {};
};

// A Refusal says what a client did wrong, or what the server cannot do now.
struct Refusal {
  int status;
  std::string kind, sentence;
};

// {"error": sentence, "error_type": kind}, the form that clients of text-embeddings-inference, of the hub and
// of the Open Inference Protocol show.
HttpResponse error_response(int status, std::string_view kind, std::string_view sentence);

// The same, with the headers that go with its status; `retry_after`: the seconds that somebody refused for
// now should wait.
HttpResponse response_of_refusal(const Refusal& refusal, int retry_after);

std::string_view reason_of(int status);  // "Not Found"

// Returns the lines before the body, as they are sent, with those that every answer has. `close`: it says
// that the connection ends with it.
std::string head_of(const HttpResponse& response, bool close, bool has_body);

}  // namespace bertune::serve
