# Fails when the objects compiled for one instruction set hold instructions of another, or lack those that they are
# there for.
#   cmake -DOBJDUMP=objdump -DOBJECTS=a.o;b.o -DREQUIRED=vdpbf16ps "-DFORBIDDEN=%tmm" -P check_instructions.cmake
# REQUIRED is a list of instructions, FORBIDDEN a regular expression (none: empty).
foreach(object ${OBJECTS})
  execute_process(COMMAND ${OBJDUMP} --disassemble --no-show-raw-insn ${object} OUTPUT_VARIABLE code
    COMMAND_ERROR_IS_FATAL ANY)
  if(FORBIDDEN AND code MATCHES "(${FORBIDDEN})[^\n]*")
    message(SEND_ERROR "${object}: ${CMAKE_MATCH_0}")
  endif()
  foreach(instruction ${REQUIRED})
    if(code MATCHES "[ \t]${instruction}[ \t\n]")
      list(REMOVE_ITEM REQUIRED ${instruction})
    endif()
  endforeach()
endforeach()
if(REQUIRED)
  message(SEND_ERROR "No object holds ${REQUIRED}")
endif()
