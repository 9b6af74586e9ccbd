// The one name a tensor of BERT has here, whatever a checkpoint calls it: that of a model with a head as
// Transformers saves it ("bert.embeddings.word_embeddings.weight", "classifier.weight").
#pragma once

#include <string>
#include <string_view>

namespace bertune::checkpoint {

enum class NameKind {
  weight,     // a tensor of the model
  buffer,     // computed, not learnt (position_ids): ignored
  tied_copy,  // cls.predictions.decoder.*: another tensor again, the one that `name` says
};

struct CanonicalName {
  std::string name;
  NameKind kind = NameKind::weight;
};

// Undoes what tools do to names: a leading "module." or "model." (DataParallel, training scripts), the
// missing "bert." of a bare BertModel, LayerNorm.gamma and .beta of converted TensorFlow checkpoints.
CanonicalName canonical_name(std::string_view stored);

}  // namespace bertune::checkpoint
