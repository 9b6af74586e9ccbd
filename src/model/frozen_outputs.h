// The outputs of an encoder's frozen bottom are the same in every epoch, as long as no dropout is in it: they
// are computed once per text and kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bertune::model {

// Hidden states by the tokens that they are of, as f32. Nothing else goes into them: positions count from the
// start of the sequence.
class FrozenOutputs {
 public:
  struct Sequence {
    const std::int32_t *input_ids = nullptr, *token_type_ids = nullptr;
    std::int64_t tokens = 0;
  };

  FrozenOutputs(std::int64_t width, std::size_t most_bytes) : width_(width), most_bytes_(most_bytes) {}

  const float* find(const Sequence& sequence);  // [tokens, width], or nullptr
  // Copies the rows, unless there is no room left.
  void keep(const Sequence& sequence, const float* rows);

 private:
  // Returns the key of a sequence; valid until the next call.
  const std::string& key_of(const Sequence& sequence);

  std::int64_t width_;
  std::size_t most_bytes_, bytes_ = 0;
  std::string key_;
  std::unordered_map<std::string, std::vector<float>> outputs_;
};

}  // namespace bertune::model
