# Fails when a source of a folder touches the memory of tensors by itself, where the table of operations should: that
# memory may be another device's.
#   cmake -DFOLDER=src/model -P check_tensor_loops.cmake
# What it looks for: fills, copies and comparisons of the standard library, memcpy and its like, memory that is not the
# table's, and single numbers of what the folder declares as a pointer to numbers, a span of them or memory of the
# table: by index, by `*`, in a loop over all, or copied to a vector. What is the host's stands in ALLOWED, with the reason.
cmake_policy(VERSION 3.25)
set(ALLOWED
  # Numbers that are drawn on the host, and uploaded (kernels/host_access.h).
  "initial_values\\.cpp:(std::ranges::fill\\(values|for \\(float& value : values|.table@)"
  "local_attention\\.cpp:.(values|two|query|key)@"
  "mean_pooled\\.cpp:(std::ranges::(fill|copy)\\(|.values@|for \\(float& number : )"
  # A batch, the options of a loss, and where the rows of frozen layers are kept, are the host's.
  "encoder_frozen\\.cpp:.on_host@"
  "(labels|language_model_heads)\\.cpp:.labels@"
  "head_loss\\.cpp:.class_weights@"
  "pass_inputs\\.cpp:(.input_ids@|std::ranges::fill\\(uploads.room)"
  "workspace\\.cpp:std::ranges::fill\\(own.batch.token_type_ids"
  # Of optimizers, the few numbers of a schedule, the rates of the next step, and the last step of each row.
  "metric_schedule\\.cpp:.state@"
  "sgd\\.cpp:.next_eta_@"
  "optimizer\\.cpp:std::ranges::fill\\(deferred_->steps"
  # Names of options, and an array of memory.
  "options\\.cpp:(.values@name|std::ranges::transform\\(lower)"
  "muon\\.cpp:.matrices_@")

file(GLOB_RECURSE sources ${FOLDER}/*.cpp ${FOLDER}/*.h)
if(NOT sources)
  message(FATAL_ERROR "no sources in ${FOLDER}")
endif()
# read_code(FILE VARIABLE): without comments, and without what means something in lists: brackets are "@" and "%".
function(read_code source variable)
  file(READ ${source} text)
  string(REGEX REPLACE "//[^\n]*" "" text "${text}")
  string(REPLACE ";" " " text "${text}")
  string(REPLACE "[" "@" text "${text}")
  string(REPLACE "]" "%" text "${text}")
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# The names of numbers that may be the table's.
set(names "")
set(declarations "(float|double|std::int32_t) ?\\*[^;(){}\n]*|(span|Buffer)<(const )?(float|double)> [a-z_]+")
foreach(source ${sources})
  read_code(${source} text)
  string(REGEX MATCHALL "${declarations}" declared "${text}")
  foreach(declaration IN LISTS declared)
    string(REGEX MATCHALL "[*>] ?(const )?[a-z_]+" found "${declaration}")
    foreach(name IN LISTS found)
      string(REGEX REPLACE "^[*>] ?(const )?" "" name "${name}")
      list(APPEND names ${name})
    endforeach()
  endforeach()
endforeach()
list(REMOVE_DUPLICATES names)
list(SORT names)
if(VERBOSE)
  message("${names}")
endif()
list(JOIN names "|" names)
set(numbers "(${names})(\\(\\)|\\.data\\(\\))?")
set(FORBIDDEN
  "std::(ranges::)?(fill|fill_n|copy|copy_n|copy_backward|move_backward|transform|equal|swap_ranges)\\("
  "mem(cpy|set|cmp|move)\\("
  "AlignedBuffer|make_pages|parallel_for|thread_scratch"
  "(^|[^a-z_])${numbers}@"
  "\\.(assign|insert|append)\\(([^()]*[^a-z_])?${numbers}[,) ]"
  "(=|return|\\() ?\\*(${names})[^a-z_.-]"
  "for \\((const )?(float|double|auto)&? [a-z_]+ : ([^()]*[^a-z_])?${numbers}\\)")
foreach(source ${sources})
  read_code(${source} text)
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
