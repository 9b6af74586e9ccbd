// Classifiers on mean-pooled hidden states as ordinary models of their family (MeanPooledClassifier).
#pragma once

#include "bertune/config.h"
#include "bertune/model.h"
#include "bertune/parameters.h"

namespace bertune::model {

// Returns the configuration of such a classifier on this encoder: one more layer, and the labels. Throws
// Error where the weights do not fit it.
BertConfig mean_pooled_config(const BertConfig& encoder, const MeanPooledClassifier& classifier);

// Fills all of `parameters`, whose configuration is `config`: the encoder's as they are, the layer that takes
// the mean, and the classifier.
void fill_mean_pooled(const BertConfig& config, const Parameters& encoder,
                      const MeanPooledClassifier& classifier, Parameters& parameters);

}  // namespace bertune::model
