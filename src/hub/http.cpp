#include "hub/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <utility>

#include "core/lower_case.h"
#include "hub/curl_library.h"

namespace bertune::hub {
namespace {

constexpr long kConnectSeconds = 10, kHeadSeconds = 30, kSilentSeconds = 30;
constexpr std::size_t kMostHeaderBytes = std::size_t{256} << 10, kMostDroppedBytes = std::size_t{64} << 10;

// Returns the certificates of a company's proxy from the variables in which people name them.
std::string certificates() {
  for (const char* name : {"CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return {};
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

ConnectionError connection_error(CURLcode code, const std::string& url, const std::string& detail) {
  const std::string host = host_of(url);
  const std::string reason = detail.empty() ? curl_library().easy_strerror(code) : detail;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {
          fmt::format("there is no host {} to be found (is there a network? is HF_ENDPOINT right?)", host),
          false};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {fmt::format("the proxy for {} cannot be found ({}): look at http_proxy and https_proxy", host,
                          reason),
              false};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return {
          fmt::format("the certificate of {} cannot be trusted ({}): install ca-certificates, or name your "
                      "company's with SSL_CERT_FILE",
                      host, reason),
          false};
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return {fmt::format("the connection to {} failed: {}", host, reason), true};
    default:
      return {fmt::format("{}: {}", host, reason), false};
  }
}

struct Url {
  explicit Url(const std::string& text) : handle(curl_library().url()) { valid = set(text); }
  Url(const Url&) = delete;
  Url& operator=(const Url&) = delete;
  ~Url() { curl_library().url_cleanup(handle); }

  bool set(const std::string& text) {
    return curl_library().url_set(handle, CURLUPART_URL, text.c_str(), CURLU_URLENCODE) == CURLUE_OK;
  }
  std::string part(CURLUPart which) const {
    char* text = nullptr;
    const unsigned flags = which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0;
    if (curl_library().url_get(handle, which, &text, flags) != CURLUE_OK) return {};
    std::string result = text;
    curl_library().free(text);
    return result;
  }

  CURLU* handle;
  bool valid;
};

}  // namespace

std::string HttpAnswer::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

std::optional<std::uint64_t> HttpAnswer::number(const std::string& lower_case_name) const {
  const std::string text = header(lower_case_name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The state that requests share. Each has a handle of its own: in libcurl 7.88 one that has had an answer
// adds a header that goes on from a line before, where the next answer begins with one, to a header that was
// freed.
struct HttpClient::Curl {
  Curl() : share(curl_library().share_init()) {
    if (share == nullptr) throw Error("libcurl cannot be initialized");
    for (const curl_lock_data data : {CURL_LOCK_DATA_CONNECT, CURL_LOCK_DATA_DNS, CURL_LOCK_DATA_SSL_SESSION})
      curl_library().share_setopt(share, CURLSHOPT_SHARE, data);
  }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;
  ~Curl() { curl_library().share_cleanup(share); }
  CURLSH* share;
};

// The state that the callbacks of one request share. Exceptions do not pass through libcurl: they wait in
// `thrown`.
struct HttpClient::Transfer {
  HttpAnswer answer;
  const Body& body;
  const std::function<bool()>& interrupted;
  CURL* handle;
  std::size_t header_bytes = 0, dropped = 0;
  bool headers_too_long = false, dropped_enough = false;
  std::exception_ptr thrown = nullptr;

  bool take_header(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > kMostHeaderBytes) {
      headers_too_long = true;
      return false;
    }
    if (line.starts_with("HTTP/"))
      answer.headers.clear();  // of the answer, after those of a proxy or "100 Continue"
    if (const std::size_t colon = line.find(':'); colon != std::string_view::npos)
      answer.headers[lower_case(trimmed(line.substr(0, colon)))] = trimmed(line.substr(colon + 1));
    return true;
  }

  bool take_body(std::string_view bytes) {
    curl_library().easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
    if (!answer.succeeded() || !body) {
      dropped += bytes.size();
      dropped_enough = dropped > kMostDroppedBytes;
      return !dropped_enough;
    }
    try {
      body(answer, bytes);
      return true;
    } catch (...) {
      thrown = std::current_exception();
      return false;
    }
  }

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* transfer) {
    return static_cast<Transfer*>(transfer)->take_header({data, size * count}) ? size * count : 0;
  }
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* transfer) {
    return static_cast<Transfer*>(transfer)->take_body({data, size * count}) ? size * count : 0;
  }
  static int on_progress(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto& asked = static_cast<Transfer*>(transfer)->interrupted;
    return asked && asked() ? 1 : 0;
  }
};

HttpClient::HttpClient(std::function<bool()> interrupted)
    : curl_(std::make_unique<Curl>()), interrupted_(std::move(interrupted)) {}

HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::send(const HttpRequest& request, const Body& body) {
  const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_library().easy_init(),
                                                      curl_library().easy_cleanup);
  CURL* curl = handle.get();
  if (curl == nullptr) throw Error("libcurl cannot be initialized");
  Transfer transfer{
      .answer = {.url = request.url}, .body = body, .interrupted = interrupted_, .handle = curl};
  char detail[CURL_ERROR_SIZE] = "";
  const auto set = [curl](CURLoption option, auto value) {
    if (curl_library().easy_setopt(curl, option, value) != CURLE_OK)
      throw Error("libcurl does not know an option it needs");
  };
  set(CURLOPT_SHARE, curl_->share);
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOBODY, request.head ? 1L : 0L);
  set(CURLOPT_USERAGENT, "bertune/" BERTUNE_VERSION);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  if (request.head) set(CURLOPT_TIMEOUT, kHeadSeconds);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, kSilentSeconds);
  set(CURLOPT_ERRORBUFFER, detail);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  set(CURLOPT_XFERINFODATA, &transfer);
  if (const std::string bundle = certificates(); !bundle.empty()) set(CURLOPT_CAINFO, bundle.c_str());

  curl_slist* lines = curl_library().slist_append(
      nullptr, "Accept-Encoding: identity");  // sizes and ranges of the file itself
  if (!request.token.empty())
    lines = curl_library().slist_append(lines, ("Authorization: Bearer " + request.token).c_str());
  if (request.from > 0)
    lines = curl_library().slist_append(lines, fmt::format("Range: bytes={}-", request.from).c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> owner(lines, curl_library().slist_free_all);
  set(CURLOPT_HTTPHEADER, lines);

  const CURLcode code = curl_library().easy_perform(curl);
  curl_library().easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  if (code == CURLE_ABORTED_BY_CALLBACK) throw Interrupted("interrupted");
  if (transfer.headers_too_long) {
    throw HubError(Failure::not_a_hub,
                   fmt::format("{} sends headers without end; is HF_ENDPOINT the address of a hub?",
                               host_of(request.url)));
  }
  if (code != CURLE_OK && !transfer.dropped_enough) throw connection_error(code, request.url, detail);
  return transfer.answer;
}

std::string redirect_target(const std::string& base, const std::string& location) {
  Url url(base);
  const std::string scheme = url.part(CURLUPART_SCHEME);
  const bool readable = url.valid && url.set(location);
  const std::string next = readable ? url.part(CURLUPART_SCHEME) : "";
  if (next != "https" && (next != "http" || scheme == "https")) {
    throw HubError(
        Failure::not_a_hub,
        fmt::format("{} redirects to \"{}\", where nothing is downloaded from (only {})", host_of(base),
                    location.substr(0, 200), scheme == "https" ? "https" : "http and https"));
  }
  return url.part(CURLUPART_URL);
}

bool same_origin(const std::string& left, const std::string& right) {
  const Url a(left), b(right);
  return a.valid && b.valid && a.part(CURLUPART_SCHEME) == b.part(CURLUPART_SCHEME) &&
         lower_case(a.part(CURLUPART_HOST)) == lower_case(b.part(CURLUPART_HOST)) &&
         a.part(CURLUPART_PORT) == b.part(CURLUPART_PORT);
}

std::string host_of(const std::string& url) {
  const std::string host = Url(url).part(CURLUPART_HOST);
  return host.empty() ? url : host;
}

std::string url_quoted(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      quoted += c;
    } else {
      quoted += fmt::format("%{:02X}", byte);
    }
  }
  return quoted;
}

}  // namespace bertune::hub
