# The program that token_classification.py drives.
add_executable(token_driver ${CMAKE_CURRENT_LIST_DIR}/token_driver/main.cpp)
target_link_libraries(token_driver PRIVATE bertune_flags bertune nlohmann_json::nlohmann_json)
target_include_directories(token_driver PRIVATE ${arrows})
