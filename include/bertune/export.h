// Marks the classes and functions that a shared library exports: those of the public headers.
#pragma once

#define BERTUNE_EXPORT __attribute__((visibility("default")))
