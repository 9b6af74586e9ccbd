# cmake -DFROM=page.html -DTO=page.cpp -DHEADER=serve/page.h -DFUNCTION=bertune::serve::page -P EmbedFile.cmake
# A file as a function of the program that returns its bytes.
file(READ ${FROM} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${TO} "#include \"${HEADER}\"\n\nstd::string_view ${FUNCTION}() {\n  static constexpr char kBytes[] = {${bytes}'\\0'};\n"
  "  return {kBytes, ${size}};\n}\n")
