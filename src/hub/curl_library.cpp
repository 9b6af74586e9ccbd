#include "hub/curl_library.h"

#include "bertune/error.h"
#include "hub/loaded_library.h"

namespace bertune::hub {
namespace {

CurlLibrary load() {
  const LoadedLibrary library("libcurl.so.4", "libcurl4");
  CurlLibrary curl{};
  library.find(curl.global_init, "curl_global_init");
  library.find(curl.free, "curl_free");
  library.find(curl.easy_init, "curl_easy_init");
  library.find(curl.easy_cleanup, "curl_easy_cleanup");
  library.find(curl.easy_setopt, "curl_easy_setopt");
  library.find(curl.easy_perform, "curl_easy_perform");
  library.find(curl.easy_getinfo, "curl_easy_getinfo");
  library.find(curl.easy_strerror, "curl_easy_strerror");
  library.find(curl.share_init, "curl_share_init");
  library.find(curl.share_setopt, "curl_share_setopt");
  library.find(curl.share_cleanup, "curl_share_cleanup");
  library.find(curl.slist_append, "curl_slist_append");
  library.find(curl.slist_free_all, "curl_slist_free_all");
  library.find(curl.url, "curl_url");
  library.find(curl.url_set, "curl_url_set");
  library.find(curl.url_get, "curl_url_get");
  library.find(curl.url_cleanup, "curl_url_cleanup");
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw Error("libcurl cannot be initialized");
  return curl;
}

}  // namespace

const CurlLibrary& curl_library() {
  static const CurlLibrary kLibrary = load();
  return kLibrary;
}

}  // namespace bertune::hub
