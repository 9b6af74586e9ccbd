// The functions of libcurl that are used here.
#pragma once

#include <curl/curl.h>

namespace bertune::hub {

struct CurlLibrary {
  decltype(::curl_global_init)* global_init;
  decltype(::curl_free)* free;
  decltype(::curl_easy_init)* easy_init;
  decltype(::curl_easy_cleanup)* easy_cleanup;
  decltype(::curl_easy_setopt)* easy_setopt;
  decltype(::curl_easy_perform)* easy_perform;
  decltype(::curl_easy_getinfo)* easy_getinfo;
  decltype(::curl_easy_strerror)* easy_strerror;
  decltype(::curl_share_init)* share_init;
  decltype(::curl_share_setopt)* share_setopt;
  decltype(::curl_share_cleanup)* share_cleanup;
  decltype(::curl_slist_append)* slist_append;
  decltype(::curl_slist_free_all)* slist_free_all;
  decltype(::curl_url)* url;
  decltype(::curl_url_set)* url_set;
  decltype(::curl_url_get)* url_get;
  decltype(::curl_url_cleanup)* url_cleanup;
};

// Loaded and initialised by the first call; throws Error where that fails.
const CurlLibrary& curl_library();

}  // namespace bertune::hub
