// The activations of heads between hidden states and logits, and what backward needs: memory of a workspace,
// so that heads themselves never change. Each head takes the parts that it has.
#pragma once

namespace bertune::model {

struct PoolerActivations {                      // [sequences,H]
  const float* input = nullptr;                 // of the dense layer
  float* dropped_input = nullptr;               // where it is not the hidden state
  float* dense_output = nullptr;                // before the activation
  float *pooled = nullptr, *dropped = nullptr;  // after it, and after dropout
  float* d_pooled = nullptr;                    // where the gradient of the features goes before backward()
  float* partial_sums = nullptr;
};

struct OutputActivations {
  const float* features = nullptr;               // [rows,in]
  float *logits = nullptr, *d_logits = nullptr;  // [rows,outputs]
};

// Texts that are read in windows; OutputActivations are the windows of the batch among them.
struct WindowActivations {
  float *logits = nullptr, *d_logits = nullptr;            // [windows,outputs]
  float *text_logits = nullptr, *d_text_logits = nullptr;  // [texts,outputs]
};

struct MaskedLMActivations {                                              // P predictions
  float *input = nullptr, *dense_output = nullptr, *activated = nullptr;  // [P,H]
  float *normalized = nullptr, *mean = nullptr, *rstd = nullptr;          // [P,H], [P], [P]
  float *logits = nullptr, *d_logits = nullptr;                           // [P, vocab_size]
  float *d_rows = nullptr, *partial_sums = nullptr;
};

// The first or the second texts of a batch's pairs, or all of its texts, normalized.
struct PairSideActivations {
  float *unit = nullptr, *d_unit = nullptr, *norms = nullptr;  // [pairs,H], [pairs,H], [pairs]
};

struct SentenceEmbeddingActivations {
  const float *hidden = nullptr, *pooled = nullptr;  // what forward read, and made of it [sequences,H]
  float* pooled_rows = nullptr;                      // where that lies when it is not the hidden state
  float *embeddings = nullptr, *norms = nullptr;     // where they are normalized: [sequences,H], [sequences]
  PairSideActivations first, second;
  PairSideActivations all;  // where each text is compared with each [sequences,...]
  // [pairs,pairs]; [pairs] with targets; [sequences,sequences] with a target for each two texts
  float *similarities = nullptr, *d_similarities = nullptr;
  float* d_pooled = nullptr;  // [sequences,H]
};

struct HeadActivations {
  PoolerActivations pooler;
  OutputActivations output;
  WindowActivations windows;
  MaskedLMActivations masked_lm;
  SentenceEmbeddingActivations sentence_embedding;
  float* dropped_hidden = nullptr;                           // [tokens,H], of heads over every token
  float *first_hidden = nullptr, *d_first_hidden = nullptr;  // [sequences,H], where a pooler reads all tokens
};

}  // namespace bertune::model
