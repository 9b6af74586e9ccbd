# BERTUNE_STATIC_LIBRARIES: the program needs the C library and libgcc alone, and runs on every Linux whose glibc is not older than
# the one it was built with. Objects are the same, so that only linking is done again.
add_link_options(-Wl,--gc-sections -Wl,--as-needed)
set(CMAKE_SKIP_RPATH ON)

# Debian has fmt as a shared library and as headers, of which this makes a static one.
file(WRITE ${PROJECT_BINARY_DIR}/fmt.cpp "#include <fmt/format-inl.h>
FMT_BEGIN_NAMESPACE
namespace detail {
template FMT_API auto dragonbox::to_decimal(float x) noexcept -> dragonbox::decimal_fp<float>;
template FMT_API auto dragonbox::to_decimal(double x) noexcept -> dragonbox::decimal_fp<double>;
template FMT_API locale_ref::locale_ref(const std::locale& loc);
template FMT_API auto locale_ref::get<std::locale>() const -> std::locale;
template FMT_API auto thousands_sep_impl(locale_ref) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl(locale_ref) -> char;
template FMT_API void buffer<char>::append(const char*, const char*);
template FMT_API void vformat_to(buffer<char>&, string_view, basic_format_args<FMT_BUFFER_CONTEXT(char)>, locale_ref);
}
FMT_END_NAMESPACE
")
add_library(bertune_fmt STATIC ${PROJECT_BINARY_DIR}/fmt.cpp)
get_target_property(fmt_headers fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
target_include_directories(bertune_fmt SYSTEM PRIVATE ${fmt_headers})

# link_statically(TARGET archives...): whoever links the imported target links these.
function(link_statically target)
  get_target_property(configurations ${target} IMPORTED_CONFIGURATIONS)
  list(GET ARGN 0 archive)
  if(configurations)
    foreach(configuration ${configurations})
      set_target_properties(${target} PROPERTIES IMPORTED_LOCATION_${configuration} ${archive}
        IMPORTED_SONAME_${configuration} "" IMPORTED_NO_SONAME_${configuration} ON)
    endforeach()
    list(REMOVE_AT ARGN 0)
    set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_LIBRARIES ${ARGN})
  else()
    set_target_properties(${target} PROPERTIES INTERFACE_LINK_LIBRARIES "${ARGN}")
  endif()
endfunction()
foreach(name z zstd yaml-cpp)
  find_library(static_${name} lib${name}.a REQUIRED)
endforeach()
link_statically(PkgConfig::zlib ${static_z})
link_statically(PkgConfig::libzstd ${static_zstd})
link_statically(yaml-cpp ${static_yaml-cpp})
link_statically(fmt::fmt ${PROJECT_BINARY_DIR}/libbertune_fmt.a)
