// What a shared library shows: all that the public headers declare. Nothing where the library is static.
#pragma once

#define BERTUNE_EXPORT __attribute__((visibility("default")))
