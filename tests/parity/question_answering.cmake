# The program that question_answering_parity.py drives.
add_executable(question_answering_driver ${CMAKE_CURRENT_LIST_DIR}/question_answering_driver/main.cpp)
foreach(folder core text data tasks)
  target_include_directories(question_answering_driver PRIVATE
    $<TARGET_PROPERTY:bertune_${folder},INTERFACE_INCLUDE_DIRECTORIES>)
endforeach()
target_link_libraries(question_answering_driver PRIVATE bertune_flags bertune nlohmann_json::nlohmann_json)
