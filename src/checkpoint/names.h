// The one name a tensor has here, whatever a checkpoint calls it: that of a model with a head as Transformers
// saves it ("bert.embeddings.word_embeddings.weight", "distilbert.transformer.layer.0.ffn.lin1.weight").
// These are the names of Parameters, too. The code of the model says BERT's, whatever the family.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bertune/config.h"

namespace bertune::checkpoint {

enum class NameKind {
  weight,     // a tensor of the model
  buffer,     // computed, not learnt (position_ids): ignored
  tied_copy,  // cls.predictions.decoder.* and the like: another tensor again, the one that `name` says
};

struct CanonicalName {
  std::string name;
  NameKind kind = NameKind::weight;
};

// Undoes what tools do to names: a leading "module.", "model." or "0.auto_model." (DataParallel, training
// scripts, the modules of sentence-transformers), the missing "bert." of a bare BertModel, LayerNorm.gamma
// and .beta of converted TensorFlow checkpoints.
CanonicalName canonical_name(std::string_view stored, ModelType type = ModelType::bert);

// Returns this family's name of the tensor that has the name `bert` in BERT.
std::string own_name(ModelType type, std::string_view bert);

// The layer that a tensor of any family belongs to: 3 of "distilbert.transformer.layer.3.ffn.lin1.weight".
std::optional<std::int64_t> layer_number(std::string_view name);

}  // namespace bertune::checkpoint
