#include "model/heads/head.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "checkpoint/family.h"
#include "model/heads/language_model_heads.h"
#include "model/heads/pooled_heads.h"
#include "model/heads/sentence_embedding_head.h"
#include "model/heads/token_heads.h"

namespace bertune {
namespace {

constexpr std::string_view kBert = "Bert";
// The class names, in the order of Architecture.
constexpr std::array<std::string_view, 8> kNames = {"BertForSequenceClassification",
                                                    "BertForTokenClassification",
                                                    "BertForQuestionAnswering",
                                                    "BertForMultipleChoice",
                                                    "BertForNextSentencePrediction",
                                                    "BertForMaskedLM",
                                                    "BertForPreTraining",
                                                    "BertModel"};

// Returns the part of the class name after the family's prefix: "ForMaskedLM".
std::string_view class_suffix(Architecture architecture) {
  return kNames[static_cast<std::size_t>(architecture)].substr(kBert.size());
}

bool has_head(const checkpoint::Family& family, Architecture architecture) {
  switch (architecture) {
    case Architecture::masked_lm:
      return family.masked_lm_activation != nullptr;
    case Architecture::next_sentence_prediction:
    case Architecture::pretraining:
      return family.next_sentence.has_value();
    default:
      return true;
  }
}

// Says which families have this head, and what else can be done.
std::string_view advice(Architecture architecture) {
  switch (architecture) {
    case Architecture::masked_lm:
      return "it was not trained to predict masked words; take a checkpoint of model_type bert, distilbert, "
             "roberta or xlm-roberta";
    case Architecture::pretraining:
      return "only bert is trained on next sentences; train on masked words alone (`objective=mlm`), or "
             "take a checkpoint of model_type bert";
    default:
      return "only bert is trained on next sentences; take a checkpoint of model_type bert";
  }
}

}  // namespace

std::string_view to_string(Architecture architecture) {
  return kNames[static_cast<std::size_t>(architecture)];
}

std::string class_name(ModelType type, Architecture architecture) {
  const checkpoint::Family& family = checkpoint::family_of(type);
  const std::string name = fmt::format("{}{}", family.class_prefix, class_suffix(architecture));
  if (has_head(family, architecture)) return name;
  throw UsageError(
      fmt::format("model_type \"{}\" has no {} here: {}", family.name, name, advice(architecture)));
}

Architecture architecture_from_string(std::string_view name) {
  for (const std::string& type : checkpoint::model_types()) {
    const checkpoint::Family& family = checkpoint::family_of(*checkpoint::find_model_type(type));
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      const auto architecture = static_cast<Architecture>(i);
      const bool is_class = name.starts_with(family.class_prefix) &&
                            name.substr(family.class_prefix.size()) == class_suffix(architecture);
      if (is_class && has_head(family, architecture)) return architecture;
    }
  }
  throw Error(
      fmt::format("architecture \"{}\" is not supported; the choices are {}", name, fmt::join(kNames, ", ")));
}

namespace model {

std::unique_ptr<Head> make_head(Architecture architecture, const BertConfig& config) {
  class_name(config.model_type, architecture);  // throws where the family has none
  switch (architecture) {
    case Architecture::sequence_classification:
      return std::make_unique<SequenceClassificationHead>(config);
    case Architecture::token_classification:
      return std::make_unique<TokenClassificationHead>(config);
    case Architecture::question_answering:
      return std::make_unique<QuestionAnsweringHead>(config);
    case Architecture::multiple_choice:
      return std::make_unique<MultipleChoiceHead>(config);
    case Architecture::next_sentence_prediction:
      return std::make_unique<NextSentenceHead>(config);
    case Architecture::masked_lm:
      return std::make_unique<MaskedLMHead>(config);
    case Architecture::pretraining:
      return std::make_unique<PreTrainingHead>(config);
    case Architecture::sentence_embedding:
      return std::make_unique<SentenceEmbeddingHead>(config);
  }
  throw Error("unknown architecture");
}

}  // namespace model
}  // namespace bertune
