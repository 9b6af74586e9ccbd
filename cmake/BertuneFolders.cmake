# One target a folder of src/, seeing only the folders it links: an include that goes against the arrows of
# docs/architecture.md is a build error. Each folder's headers are reached as "folder/header.h" through a link of
# its own under the build tree, so linking `core` makes "core/..." visible and nothing else.

add_library(bertune_flags INTERFACE)
target_include_directories(bertune_flags INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_options(bertune_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # GCC 12 sees overlaps in std::string that are not there (bug 105651)
  $<$<BOOL:${BERTUNE_WERROR}>:-Werror>)
target_compile_definitions(bertune_flags INTERFACE BERTUNE_VERSION="${PROJECT_VERSION}")
if(BERTUNE_SANITIZE MATCHES thread)
  target_compile_definitions(bertune_flags INTERFACE BERTUNE_STD_THREADS)
endif()
if(BERTUNE_SANITIZE)
  target_compile_options(bertune_flags INTERFACE -fsanitize=${BERTUNE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(bertune_flags INTERFACE -fsanitize=${BERTUNE_SANITIZE})
endif()

set(BERTUNE_FOLDERS "" CACHE INTERNAL "")

# bertune_folder(NAME [SOURCES more than *.cpp] [FOLDERS earlier folders it may include] [LIBRARIES private libraries])
function(bertune_folder name)
  cmake_parse_arguments(ARG "" "" "SOURCES;FOLDERS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(NOT sources)
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp "")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp)
  endif()
  add_library(bertune_${name} OBJECT ${sources} ${ARG_SOURCES})
  set(arrow ${PROJECT_BINARY_DIR}/arrows/${name})
  file(MAKE_DIRECTORY ${arrow})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${arrow}/${name} SYMBOLIC)
  target_include_directories(bertune_${name} PUBLIC ${arrow})
  target_link_libraries(bertune_${name} PUBLIC bertune_flags PRIVATE ${ARG_LIBRARIES})
  foreach(folder ${ARG_FOLDERS})
    # Headers only: the objects are put together once, in the library.
    target_include_directories(bertune_${name} PUBLIC
      $<TARGET_PROPERTY:bertune_${folder},INTERFACE_INCLUDE_DIRECTORIES>)
  endforeach()
  set(BERTUNE_FOLDERS "${BERTUNE_FOLDERS};${name}" CACHE INTERNAL "")
  set(BERTUNE_${name}_LIBRARIES "${ARG_LIBRARIES}" CACHE INTERNAL "")
endfunction()
