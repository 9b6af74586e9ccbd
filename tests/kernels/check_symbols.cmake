# Fails when an object compiled for one instruction set offers a symbol that code outside its namespace could be linked
# to: a shared inline function compiled with wide instructions would crash an older processor.
#   cmake -DNM=nm -DISA=avx512 -DOBJECTS=a.o;b.o -P check_symbols.cmake
foreach(object ${OBJECTS})
  execute_process(COMMAND ${NM} --defined-only --extern-only --demangle ${object} OUTPUT_VARIABLE symbols
    COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
  foreach(line ${lines})
    if(NOT line MATCHES " [TRBD] bertune::kernels::${ISA}::")
      message(SEND_ERROR "${object}: ${line}")
    endif()
  endforeach()
endforeach()
