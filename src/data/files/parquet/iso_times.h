// Dates and times as ISO 8601 writes them, in quotes; as a number where they lie outside the years 0 to 9999.
#pragma once

#include <cstdint>
#include <string>

namespace bertune::data {

// `days`: since 1970-01-01. Appends "2024-02-29".
void append_date(std::int64_t days, std::string& out);

// `value`: since midnight, in parts of a second. Appends "23:59:59", with a fraction where there is one.
void append_time(std::int64_t value, std::int64_t per_second, std::string& out);

// `value`: since 1970-01-01 00:00:00. Appends "2024-02-29T23:59:59", and a Z where it is `in_utc`.
void append_timestamp(std::int64_t value, std::int64_t per_second, bool in_utc, std::string& out);

}  // namespace bertune::data
