#include "checkpoint/names.h"

#include <gtest/gtest.h>

namespace bertune::checkpoint {
namespace {

TEST(Names, AreThoseOfAModelWithAHead) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"bert.embeddings.word_embeddings.weight", "bert.embeddings.word_embeddings.weight"},
      {"embeddings.word_embeddings.weight", "bert.embeddings.word_embeddings.weight"},
      {"encoder.layer.11.output.dense.bias", "bert.encoder.layer.11.output.dense.bias"},
      {"pooler.dense.weight", "bert.pooler.dense.weight"},
      {"module.bert.pooler.dense.weight", "bert.pooler.dense.weight"},
      {"model.embeddings.LayerNorm.gamma", "bert.embeddings.LayerNorm.weight"},
      {"module.model.module.encoder.layer.0.output.LayerNorm.beta",
       "bert.encoder.layer.0.output.LayerNorm.bias"},
      {"0.auto_model.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.weight"},
      {"0.auto_model.encoder.layer.0.output.dense.bias", "bert.encoder.layer.0.output.dense.bias"},
      {"0.auto_model.", "0.auto_model."},
      {"classifier.weight", "classifier.weight"},
      {"module.classifier.bias", "classifier.bias"},
      {"qa_outputs.weight", "qa_outputs.weight"},
      {"cls.predictions.transform.LayerNorm.gamma", "cls.predictions.transform.LayerNorm.weight"},
      {"bert.gamma", "bert.gamma"},
      {"module.", "module."},
      {"", ""},
  };
  for (const auto& [stored, canonical] : cases) {
    EXPECT_EQ(canonical_name(stored).name, canonical) << stored;
    EXPECT_EQ(canonical_name(stored).kind, NameKind::weight) << stored;
  }
}

TEST(Names, KnowBuffersAndTiedCopies) {
  EXPECT_EQ(canonical_name("embeddings.position_ids").kind, NameKind::buffer);
  EXPECT_EQ(canonical_name("module.bert.embeddings.position_ids").kind, NameKind::buffer);
  EXPECT_EQ(canonical_name("cls.predictions.decoder.weight").kind, NameKind::tied_copy);
  EXPECT_EQ(canonical_name("cls.predictions.decoder.weight").name, "bert.embeddings.word_embeddings.weight");
  EXPECT_EQ(canonical_name("cls.predictions.decoder.bias").name, "cls.predictions.bias");
}

}  // namespace
}  // namespace bertune::checkpoint
