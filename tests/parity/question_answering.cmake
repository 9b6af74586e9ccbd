# The program that question_answering_parity.py drives.
add_executable(question_answering_driver ${CMAKE_CURRENT_LIST_DIR}/question_answering_driver/main.cpp)
target_include_directories(question_answering_driver PRIVATE ${arrows})
target_link_libraries(question_answering_driver PRIVATE bertune_flags bertune nlohmann_json::nlohmann_json)
