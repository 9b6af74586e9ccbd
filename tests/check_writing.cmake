# Fails when a source changes files, names or folders by itself, where src/core/writing.h should: tests make each of
# those calls fail, and know of no others.
#   cmake -DFOLDER=src -P check_writing.cmake
# What it looks for: calls of the system and of the standard library that change a disk. Opening to read is allowed.
cmake_policy(VERSION 3.25)
set(names "creat|write|pwrite|writev|f(data)?sync|rename|renameat2?|unlink|unlinkat|rmdir|mkdir|mkdirat|link|linkat|symlink")
set(FORBIDDEN
  "(^|[^A-Za-z0-9_>])::(${names}|f?truncate|f?chmod|f?chown|mkd?s?temp|copy_file_range|sendfile|fallocate)\\("
  "(^|[^A-Za-z0-9_>])::open(at)?\\("
  "(fs|filesystem)::(remove|remove_all|rename|create_[a-z_]+|copy|copy_file|permissions|resize_file|last_write_time)\\("
  "std::(remove|rename|tmpfile|freopen)\\([^,)]*(path|file|name|\\.c_str)|[^i]fstream [a-z]|ofstream|[^_]fopen\\(")
file(GLOB_RECURSE sources ${FOLDER}/*.cpp ${FOLDER}/*.h)
if(NOT sources)
  message(FATAL_ERROR "no sources in ${FOLDER}")
endif()
list(FILTER sources EXCLUDE REGEX "/core/writing\\.cpp$")
foreach(source ${sources})
  file(STRINGS ${source} lines REGEX "::|fstream|fopen")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "//.*" "" code "${line}")
    foreach(pattern IN LISTS FORBIDDEN)
      if(code MATCHES "${pattern}" AND NOT code MATCHES "::open\\(.*O_RDONLY|::write\\(STDERR_FILENO")
        message(SEND_ERROR "${source}: ${line}")
      endif()
    endforeach()
  endforeach()
endforeach()
