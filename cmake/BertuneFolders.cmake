# One target a folder of src/, seeing only the folders that it names: an include that goes against the arrows of
# docs/architecture.md is a build error. Each folder's headers are reached as "folder/header.h" through a link of
# its own under the build tree, so that naming `core` makes "core/..." visible and nothing else. Nothing is passed on:
# who includes a header names the folders of what that header includes. tools/structure.py finds names without a use.

add_library(bertune_flags INTERFACE)
target_include_directories(bertune_flags INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_options(bertune_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # GCC 12 sees overlaps in std::string that are not there (bug 105651)
  $<$<BOOL:${BERTUNE_WERROR}>:-Werror>)
target_compile_definitions(bertune_flags INTERFACE BERTUNE_VERSION="${PROJECT_VERSION}")
if(BERTUNE_SANITIZE)
  target_compile_options(bertune_flags INTERFACE -fsanitize=${BERTUNE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(bertune_flags INTERFACE -fsanitize=${BERTUNE_SANITIZE})
endif()

set_property(GLOBAL PROPERTY bertune_folders "")
set_property(GLOBAL PROPERTY bertune_arrows "")
file(WRITE ${PROJECT_BINARY_DIR}/structure.txt "")  # for tools/structure.py

# bertune_layer(NAME "what it owns"): the folders that follow belong to it, in the picture.
function(bertune_layer name owns)
  file(APPEND ${PROJECT_BINARY_DIR}/structure.txt "# ${name}: ${owns}\n")
endfunction()

# bertune_together(TARGET): its files are compiled some at a time, for most of the time goes into the headers that they
# share. Names in anonymous namespaces differ within a folder therefore.
function(bertune_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${BERTUNE_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# bertune_folder(PATH [COLD] [SOURCES files in place of PATH/*.cpp] [FOLDERS folders it may include] [LIBRARIES private ones])
# COLD: nothing in it takes time when it runs, so that it is compiled in half the time, without much optimization.
# PATH is below src/. Its own folders below are part of it, unless they are targets themselves.
function(bertune_folder path)
  cmake_parse_arguments(ARG "COLD" "" "SOURCES;FOLDERS;LIBRARIES" ${ARGN})
  string(REPLACE / _ name ${path})
  set(arrow ${PROJECT_BINARY_DIR}/arrows/${name})
  cmake_path(GET path PARENT_PATH parent)
  file(MAKE_DIRECTORY ${arrow}/${parent})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src/${path} ${arrow}/${path} SYMBOLIC)
  set_property(GLOBAL APPEND PROPERTY bertune_folders ${name})
  set_property(GLOBAL APPEND PROPERTY bertune_arrows ${arrow})
  string(REPLACE ";" " " granted "${ARG_FOLDERS}")
  file(APPEND ${PROJECT_BINARY_DIR}/structure.txt "${path}: ${granted}\n")

  set(sources ${ARG_SOURCES})
  if(NOT sources)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${path}/*.cpp)
  endif()
  add_library(bertune_${name} OBJECT ${sources})
  bertune_together(bertune_${name})
  target_include_directories(bertune_${name} PRIVATE ${arrow})
  if(ARG_COLD)
    target_compile_options(bertune_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  target_link_libraries(bertune_${name} PRIVATE bertune_flags fmt::fmt nlohmann_json::nlohmann_json ${ARG_LIBRARIES})
  set_property(TARGET bertune_${name} PROPERTY bertune_libraries fmt::fmt nlohmann_json::nlohmann_json ${ARG_LIBRARIES})
  foreach(folder ${ARG_FOLDERS})
    string(REPLACE / _ folder ${folder})
    target_include_directories(bertune_${name} PRIVATE ${PROJECT_BINARY_DIR}/arrows/${folder})
  endforeach()
endfunction()

# bertune_embed(FOLDER FILE HEADER FUNCTION): a file below src/ as a function of the folder, declared in the header, that
# returns its bytes.
function(bertune_embed folder file header function)
  set(source ${PROJECT_BINARY_DIR}/embedded/${file}.cpp)
  add_custom_command(OUTPUT ${source} DEPENDS ${PROJECT_SOURCE_DIR}/src/${file} ${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake
    COMMAND ${CMAKE_COMMAND} -DFROM=${PROJECT_SOURCE_DIR}/src/${file} -DTO=${source} -DHEADER=${header}
    -DFUNCTION=${function} -P ${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake)
  target_sources(bertune_${folder} PRIVATE ${source})
endfunction()

# bertune_see_folders(TARGET folders...): for tests and benchmarks, which may see private headers.
function(bertune_see_folders target)
  foreach(folder ${ARGN})
    string(REPLACE / _ folder ${folder})
    target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/arrows/${folder})
  endforeach()
endfunction()
