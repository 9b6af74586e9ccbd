// Routes share these: what a request asks, and answers of JSON and files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "core/json.h"
#include "studio/routes.h"
#include "studio/studio.h"

namespace bertune::studio {

serve::HttpResponse json_response(const OrderedJson& body);
inline const serve::HttpResponse kDone = {.body = "{}"};
// JSON that a step has written, as it is. Throws Refusal (404) where there is none.
serve::HttpResponse json_file(const fs::path& file);
// Something to download under this name: what `next` gives, until that is empty. `bytes`: of all of it, where
// that is known.
serve::HttpResponse download(const std::string& name, const char* type, std::function<std::string()> next,
                             std::optional<std::uint64_t> bytes = {});
// A file to download, under its name. Throws Refusal (404) where there is none.
serve::HttpResponse send_file(const fs::path& file, const char* type);

// "data/NAME" of a file of the project. Throws Refusal (404) where there is none of that name.
std::string named_file(const OrderedJson& settings, const std::string& name);

// The JSON of a request; an empty object where it has none. Throws Refusal (400).
Json body_of(const Asked& asked);
// Members of it. Throw Refusal (422) where they are missing, or of another kind.
std::string text_in(const Json& body, const char* name);
std::uint64_t number_in(const Json& body, const char* name);

// The project that the path names.
fs::path project_of(Studio& studio, const Asked& asked);
OrderedJson settings_of(Studio& studio, const Asked& asked);
serve::HttpResponse snapshot(Studio& studio, const Asked& asked);

// The table, in parts.
std::span<const Route> project_routes();  // projects, their files, and what is found in them
std::span<const Route> run_routes();      // trainings, and their models at work

}  // namespace bertune::studio
