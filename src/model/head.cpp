#include "model/head.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "model/language_model_heads.h"
#include "model/pooled_heads.h"
#include "model/token_heads.h"

namespace bertune {
namespace {

constexpr std::array<std::pair<Architecture, std::string_view>, 7> kNames = {
    {{Architecture::sequence_classification, "BertForSequenceClassification"},
     {Architecture::token_classification, "BertForTokenClassification"},
     {Architecture::question_answering, "BertForQuestionAnswering"},
     {Architecture::multiple_choice, "BertForMultipleChoice"},
     {Architecture::next_sentence_prediction, "BertForNextSentencePrediction"},
     {Architecture::masked_lm, "BertForMaskedLM"},
     {Architecture::pretraining, "BertForPreTraining"}}};

}  // namespace

std::string_view to_string(Architecture architecture) {
  return kNames[static_cast<std::size_t>(architecture)].second;
}

Architecture architecture_from_string(std::string_view name) {
  std::vector<std::string_view> known;
  for (const auto& [architecture, text] : kNames) {
    if (text == name) return architecture;
    known.push_back(text);
  }
  throw Error(
      fmt::format("architecture \"{}\" is not supported; the choices are {}", name, fmt::join(known, ", ")));
}

namespace model {

std::unique_ptr<Head> make_head(Architecture architecture, const BertConfig& config) {
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
  }
  throw Error("unknown architecture");
}

}  // namespace model
}  // namespace bertune
