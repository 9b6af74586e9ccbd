# The program that live.py drives: Bertune's side of the comparison on a real checkpoint.
add_executable(parity_probe ${CMAKE_CURRENT_LIST_DIR}/probe/probe.cpp)
target_include_directories(parity_probe PRIVATE ${CMAKE_CURRENT_LIST_DIR}/..)
target_link_libraries(parity_probe PRIVATE bertune_flags bertune CLI11::CLI11 nlohmann_json::nlohmann_json)
