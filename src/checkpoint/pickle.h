// The pickle inside pytorch_model.bin, read without executing it. A pickle is a program for a stack machine
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
  std::string storage;                // the entry data/<storage> of the archive
  std::uint64_t storage_bytes = 0;    // as the pickle says
};

// The tensors of a pickled state dict (a dict or OrderedDict of names to tensors), in its order. Every tensor
// lies inside its storage as declared. Throws Error, naming `where`, when the pickle is damaged, is no state
// dict, or wants anything that is no part of one.
std::vector<PickledTensor> read_state_dict(std::span<const std::byte> pickle, const std::string& where);

}  // namespace bertune::checkpoint
