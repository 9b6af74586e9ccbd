# Every library that Bertune links, and nothing else. The Debian package of each is in packages.txt.
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(nlohmann_json REQUIRED)   # config.json, tokenizer.json, results
find_package(fmt REQUIRED)             # messages
find_package(CLI11 REQUIRED)           # the command line
find_package(PkgConfig REQUIRED)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip)  # pytorch_model.bin is a zip
