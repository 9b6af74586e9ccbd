// What a shared library shows: the classes and functions that the public headers mark.
#pragma once

#define BERTUNE_EXPORT __attribute__((visibility("default")))
