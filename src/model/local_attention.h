// A beginning for models that have little text to learn from: heads that look at the tokens beside each one.
//
// With normal(0, initializer_range) everywhere, attention is flat at first, and that neighbors matter has to
// be found out position by position, which takes BERT's usual recipe tens of millions of tokens. Here
// position embeddings begin as sinusoids (Vaswani et al. 2017), and to the random queries and keys of every
// head a multiple of the identity is added, keys turned so that a head's score is highest for the token one
// before, one behind, two before, ... (the idea of Trockman and Kolter 2023, "Mimetic Initialization of
// Self-Attention Layers"). All of it is learnt from there on, and nothing else about the model differs.
#pragma once

#include <cstdint>

#include "bertune/config.h"
#include "bertune/parameters.h"

namespace bertune::model {

// Initializes local attention on top of initialize(). Head h of every layer looks at distance -1, 1, -2, 2,
// ... A function of the configuration and seed. Throws Error when heads have an odd size, or embeddings
// another width than layers.
void initialize_local_attention(const BertConfig& config, Parameters& parameters, std::uint64_t seed);

}  // namespace bertune::model
