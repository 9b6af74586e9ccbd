# cmake -DFROM=page.html -DTO=page.cpp -DHEADER=serve/page.h -DFUNCTION=bertune::serve::page -P EmbedFile.cmake
# A file as a function of the program that returns its bytes.
file(READ ${FROM} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${TO} "#include \"${HEADER}\"\n\nnamespace {\nconstexpr char kBytes[] = {${bytes}'\\0'};\n}  // namespace\n\n"
  "std::string_view ${FUNCTION}() { return {kBytes, ${size}}; }\n")
