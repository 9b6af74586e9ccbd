// The pickles of torch.save, read without executing them. A pickle is a program for a stack machine
// that can call any Python function; this reader runs the few instructions that build a table of tensors,
// knows the handful of names that torch.save writes for one, and refuses everything else by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/dtype.h"

namespace bertune::checkpoint {

struct PickledTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // in elements, one a dimension, not negative
  std::uint64_t offset = 0;           // of the first element, in elements of the storage
  std::string storage;                // its name: the entry data/<storage> of an archive
  std::uint64_t storage_bytes = 0;    // as the pickle says
};

// A storage of the format before torch 1.6, whose bytes follow the pickles.
struct PickledStorage {
  std::string name;
  std::uint64_t elements = 0;
  std::size_t width = 0;  // bytes of an element
};

// The contents of the pickles in a file of torch before 1.6, which come before its numbers.
struct PickledFile {
  std::vector<PickledTensor> tensors;
  std::vector<PickledStorage> storages;  // in the order of their bytes, each name once
  std::size_t end = 0;                   // of the pickles: where the first storage begins
};

// The tensors of a pickled state dict (a dict or OrderedDict of names to tensors), in its order. Every tensor
// lies inside its storage as declared. Throws Error, naming `where`, when the pickle is damaged, is no state
// dict, or wants anything that is no part of one.
std::vector<PickledTensor> read_state_dict(std::span<const std::byte> pickle, const std::string& where);

// The number that the format before torch 1.6 begins with, as the end of a pickle of protocol 2 to 5; the
// bytes of that pickle, or 0 when `file` begins otherwise.
std::size_t legacy_magic_bytes(std::span<const std::byte> file);

// Reads such a file's pickles: the number, the version of the format, the machine that wrote it, the state
// dict, the names of the storages. Every tensor's storage is among those of the result. Throws Error as
// read_state_dict, and for another version, and for numbers that are not little endian.
PickledFile read_legacy_pickles(std::span<const std::byte> file, const std::string& where);

}  // namespace bertune::checkpoint
