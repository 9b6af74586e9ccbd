# Every library that Bertune links, and nothing else. The Debian package of each is in packages.txt.
find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)   # config.json, tokenizer.json, results
find_package(fmt REQUIRED)             # messages
find_package(CLI11 REQUIRED)           # the command line
find_package(yaml-cpp REQUIRED)        # files of options
find_package(Boost 1.81 REQUIRED)      # Beast and Asio, headers alone: HTTP in src/serve
find_package(PkgConfig REQUIRED)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)         # train.csv.gz; checksums of pytorch_model.bin
pkg_check_modules(libzstd REQUIRED IMPORTED_TARGET libzstd)   # train.csv.zst
pkg_check_modules(libxxhash REQUIRED libxxhash)  # hashes of a checkpoint's files; compiled in, from its header
find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_builder.hpp REQUIRED)  # ONNX is protocol buffers; headers alone
# Downloads of models: libcurl, and libcrypto for their checksums, which libcurl4 of Debian brings along. Only their
# headers are needed here: a program loads them when it first downloads (src/hub/loaded_library.h).
pkg_check_modules(libcurl REQUIRED libcurl>=7.85)
pkg_check_modules(libcrypto REQUIRED libcrypto>=3)

# Several processes under mpirun or srun; without it, the program works in one (src/distributed/mpi).
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI QUIET COMPONENTS CXX)

# Arrow's C++ library reads Parquet files; without it, the program reads all others (src/data/files/parquet).
set(BERTUNE_ARROW "" CACHE PATH "Folder with Arrow's C++ library, such as that of Python's pyarrow; empty: where CMake finds it")
include(BertuneArrow)
