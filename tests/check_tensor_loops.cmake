# Fails when a source of a folder touches the memory of tensors by itself, where the table of operations should: that
# memory may be another device's.
#   cmake -DFOLDER=src/optim -P check_tensor_loops.cmake
# What it looks for: fills, copies and comparisons of the standard library, memcpy and its like, memory that is not the
# table's, and numbers of tensors by index. What belongs to the host stands in ALLOWED, with the reason.
cmake_policy(VERSION 3.25)
set(tensors "values|gradients|direction|exp_avg|exp_avg_sq|momentum_buffer|state|polynomial|row_var|col_var|variance|sums")
set(FORBIDDEN
  "std::(ranges::)?(fill|fill_n|copy|copy_n|transform|equal|swap_ranges)\\("
  "mem(cpy|set|cmp|move)\\("
  "AlignedBuffer|make_pages|parallel_for"
  "(^|[^a-z_])(${tensors})(\\(\\)|\\.data\\(\\))?<")
set(ALLOWED
  "metric_schedule\\.cpp:.?state."  # the few numbers of a schedule
  "options\\.cpp:(.?values.name|std::ranges::transform\\(lower)"  # texts
  "optimizer\\.cpp:std::ranges::fill\\(deferred_->steps")  # the last step of each row, on the host
file(GLOB_RECURSE sources ${FOLDER}/*.cpp ${FOLDER}/*.h)
if(NOT sources)
  message(FATAL_ERROR "no sources in ${FOLDER}")
endif()
foreach(source ${sources})
  file(READ ${source} text)
  string(REGEX REPLACE "//[^\n]*" "" text "${text}")
  string(REPLACE ";" "" text "${text}")
  string(REPLACE "[" "<" text "${text}")  # brackets and semicolons mean something in lists
  string(REPLACE "]" ">" text "${text}")
  string(REPLACE "\n" ";" lines "${text}")
  cmake_path(GET source FILENAME name)
  set(number 0)
  foreach(code IN LISTS lines)
    math(EXPR number "${number} + 1")
    foreach(pattern IN LISTS FORBIDDEN)
      if(code MATCHES "(${pattern}).*")
        set(found "${name}:${CMAKE_MATCH_0}")
        set(allowed FALSE)
        foreach(exception IN LISTS ALLOWED)
          if(found MATCHES "^${exception}")
            set(allowed TRUE)
          endif()
        endforeach()
        if(NOT allowed)
          message(SEND_ERROR "${source}:${number}: ${found}")
        endif()
      endif()
    endforeach()
  endforeach()
endforeach()
