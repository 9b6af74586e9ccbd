# Fails when the library could change how a process takes signals: that is for the program, and for whoever else links it.
#   cmake -DNM=nm -DLIBRARY=libbertune.a -P check_signals.cmake
execute_process(COMMAND ${NM} --undefined-only ${LIBRARY} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
if(NOT symbols MATCHES " U malloc|_Znwm")
  message(FATAL_ERROR "${LIBRARY}: no symbols were found")
endif()
string(REGEX MATCHALL "[^\n]* U (signal|sigaction|sigset|__sysv_signal|pthread_sigmask|sigprocmask)(@[^\n]*)?\n" found
  "${symbols}")
if(found)
  message(FATAL_ERROR "${LIBRARY}: ${found}")
endif()
