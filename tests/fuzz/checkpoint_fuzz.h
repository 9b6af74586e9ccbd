// One run of a checkpoint reader over arbitrary bytes: it may refuse them with an Error, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "bertune/config.h"
#include "bertune/error.h"
#include "checkpoint/pickle.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/torch_archive.h"
#include "checkpoint/torch_stream.h"

namespace bertune::testing {

enum class CheckpointReader : std::uint8_t { safetensors, config, pickle, torch_archive, torch_stream };
inline constexpr std::uint8_t kCheckpointReaders = 5;

inline void read_every_tensor(const checkpoint::TensorSource& source) {
  constexpr std::uint64_t kMaxElements = 1 << 20;  // what a model of the tested size would ask for
  for (std::size_t index = 0; index < source.tensors().size(); ++index) {
    if (source.tensors()[index].elements > kMaxElements) continue;
    std::vector<float> values(static_cast<std::size_t>(source.tensors()[index].elements));
    try {
      source.read_f32(index, values);
    } catch (const Error&) {
    }
  }
}

// Returns whether the bytes were accepted. Any exception but Error escapes.
inline bool run_checkpoint_reader(CheckpointReader reader, std::span<const std::byte> bytes) {
  try {
    switch (reader) {
      case CheckpointReader::safetensors:
        read_every_tensor(checkpoint::SafetensorsFile(bytes, "fuzz"));
        break;
      case CheckpointReader::config: {
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        const BertConfig config = BertConfig::from_json(text, "fuzz");
        const std::string saved = config.to_json("BertForSequenceClassification");
        if (BertConfig::from_json(saved, "saved").to_json("BertForSequenceClassification") != saved) {
          throw std::logic_error("a saved configuration reads back differently");
        }
        break;
      }
      case CheckpointReader::pickle:
        checkpoint::read_state_dict(bytes, "fuzz");
        break;
      case CheckpointReader::torch_archive:
        read_every_tensor(checkpoint::TorchArchive(bytes, "fuzz"));
        break;
      case CheckpointReader::torch_stream:
        read_every_tensor(checkpoint::TorchStream(bytes, "fuzz"));
        break;
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace bertune::testing
