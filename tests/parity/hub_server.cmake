# The program that hub_parity.py drives: a hub on this machine.
add_executable(hub_server ${CMAKE_CURRENT_LIST_DIR}/hub_server/main.cpp)
target_link_libraries(hub_server PRIVATE bertune_flags bertune fmt::fmt)
target_include_directories(hub_server PRIVATE ${CMAKE_CURRENT_LIST_DIR}/.. ${arrows})
target_compile_definitions(hub_server PRIVATE BERTUNE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
