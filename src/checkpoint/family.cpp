#include "checkpoint/family.h"

#include <algorithm>
#include <array>

namespace bertune::checkpoint {
namespace {

float no_dropout(const BertConfig&) { return 0; }
float hidden_dropout(const BertConfig& config) { return config.hidden_dropout_prob; }
float classifier_dropout(const BertConfig& config) {
  return config.classifier_dropout.value_or(config.hidden_dropout_prob);
}
float summary_dropout(const BertConfig& config) { return config.summary_last_dropout; }

std::string_view gelu(const BertConfig&) { return "gelu"; }
std::string_view relu(const BertConfig&) { return "relu"; }
std::string_view tanh_activation(const BertConfig&) { return "tanh"; }
std::string_view hidden_activation(const BertConfig& config) { return config.hidden_act; }
std::string_view summary_activation(const BertConfig& config) { return config.summary_activation; }

constexpr std::string_view kPooler = "bert.pooler.dense";
constexpr PooledHead kBertPooledHead{kPooler, "classifier", tanh_activation, no_dropout, classifier_dropout};

constexpr std::string_view kWords = "bert.embeddings.word_embeddings.weight";

constexpr std::array<Rename, 2> kBertTied{{
    {"cls.predictions.decoder.weight", kWords},
    {"cls.predictions.decoder.bias", "cls.predictions.bias"},
}};

constexpr std::string_view kBertKeys =
    R"({"add_cross_attention": false, "bos_token_id": null, "eos_token_id": null, "is_decoder": false,
        "use_cache": true})";

Family bert() {
  return {
      .name = "bert",
      .class_prefix = "Bert",
      .prefix = "bert.",
      .names = {},
      .tied = kBertTied,
      .keys = {},
      .defaults = [] { return BertConfig{}; },
      .other_keys = kBertKeys,
      .sequence_classification = kBertPooledHead,
      .multiple_choice = kBertPooledHead,
      .token_classification_dropout = classifier_dropout,
      .masked_lm_activation = hidden_activation,
      // Transformers has no dropout between pooler and this head.
      .next_sentence = PooledHead{kPooler, "cls.seq_relationship", tanh_activation, no_dropout, no_dropout}};
}

constexpr std::array<Rename, 12> kDistilBertNames{{
    {"encoder.layer.", "transformer.layer."},
    {"attention.self.query", "attention.q_lin"},
    {"attention.self.key", "attention.k_lin"},
    {"attention.self.value", "attention.v_lin"},
    {"attention.output.dense", "attention.out_lin"},
    {"attention.output.LayerNorm", "sa_layer_norm"},
    {"intermediate.dense", "ffn.lin1"},
    {"output.dense", "ffn.lin2"},
    {"output.LayerNorm", "output_layer_norm"},
    {"cls.predictions.transform.dense", "vocab_transform"},
    {"cls.predictions.transform.LayerNorm", "vocab_layer_norm"},
    {"cls.predictions.bias", "vocab_projector.bias"},
}};
constexpr std::array<Rename, 1> kDistilBertTied{{{"vocab_projector.weight", kWords}}};

BertConfig distilbert_defaults() {
  BertConfig config;
  config.num_hidden_layers = 6, config.type_vocab_size = 0;
  config.classifier_dropout = 0.2F, config.qa_dropout = 0.1F;
  return config;
}

Family distilbert() {
  constexpr PooledHead kHead{"pre_classifier", "classifier", relu, no_dropout, classifier_dropout};
  return {.name = "distilbert",
          .class_prefix = "DistilBert",
          .prefix = "distilbert.",
          .names = kDistilBertNames,
          .tied = kDistilBertTied,
          .keys = {.hidden_size = "dim",
                   .num_hidden_layers = "n_layers",
                   .num_attention_heads = "n_heads",
                   .intermediate_size = "hidden_dim",
                   .hidden_act = "activation",
                   .hidden_dropout_prob = "dropout",
                   .attention_probs_dropout_prob = "attention_dropout",
                   .classifier_dropout = "seq_classif_dropout",
                   .type_vocab_size = nullptr,
                   .layer_norm_eps = nullptr,
                   .qa_dropout = "qa_dropout",
                   .sinusoidal_pos_embds = "sinusoidal_pos_embds"},
          .defaults = distilbert_defaults,
          .other_keys = R"({"bos_token_id": null, "eos_token_id": null})",
          .dropout_after_attention = false,
          .sequence_classification = kHead,
          .multiple_choice = kHead,
          .token_classification_dropout = hidden_dropout,
          .masked_lm_activation = hidden_activation};
}

constexpr std::array<Rename, 3> kRobertaNames{{
    {"cls.predictions.transform.dense", "lm_head.dense"},
    {"cls.predictions.transform.LayerNorm", "lm_head.layer_norm"},
    {"cls.predictions.bias", "lm_head.bias"},
}};
constexpr std::array<Rename, 2> kRobertaTied{
    {{"lm_head.decoder.weight", kWords}, {"lm_head.decoder.bias", "cls.predictions.bias"}}};

Family roberta() {
  return {.name = "roberta",
          .class_prefix = "Roberta",
          .prefix = "roberta.",
          .names = kRobertaNames,
          .tied = kRobertaTied,
          .keys = {},
          .defaults =
              [] {
                BertConfig config;
                config.vocab_size = 50265, config.pad_token_id = 1;
                return config;
              },
          .other_keys =
              R"({"add_cross_attention": false, "bos_token_id": 0, "eos_token_id": 2, "is_decoder": false,
                  "use_cache": true})",
          .positions_after_padding = true,
          .sequence_classification = {"classifier.dense", "classifier.out_proj", tanh_activation,
                                      classifier_dropout, classifier_dropout},
          .multiple_choice = {kPooler, "classifier", tanh_activation, no_dropout, hidden_dropout},
          .token_classification_dropout = classifier_dropout,
          .masked_lm_activation = gelu};
}

Family xlm_roberta() {
  Family family = roberta();
  family.name = "xlm-roberta", family.class_prefix = "XLMRoberta";
  family.defaults = [] {
    BertConfig config;
    config.pad_token_id = 1;
    return config;
  };
  return family;
}

BertConfig electra_defaults() {
  BertConfig config;
  config.embedding_size = 128, config.hidden_size = 256, config.intermediate_size = 1024;
  config.num_attention_heads = 4;
  return config;
}

// The discriminator: its generator's masked language model is another class, of another head.
Family electra() {
  return {.name = "electra",
          .class_prefix = "Electra",
          .prefix = "electra.",
          .names = {},
          .tied = {},
          .keys = {.embedding_size = "embedding_size", .summary = true},
          .defaults = electra_defaults,
          .other_keys =
              R"({"add_cross_attention": false, "bos_token_id": null, "eos_token_id": null,
                  "is_decoder": false, "summary_type": "first", "summary_use_proj": true,
                  "use_cache": true})",
          .sequence_classification = {"classifier.dense", "classifier.out_proj", gelu, classifier_dropout,
                                      classifier_dropout},
          .multiple_choice = {"sequence_summary.summary", "classifier", summary_activation, no_dropout,
                              summary_dropout},
          .token_classification_dropout = classifier_dropout,
          .masked_lm_activation = nullptr};
}

// The families, in the order of ModelType.
const std::array<Family, 5>& families() {
  static const std::array<Family, 5> kFamilies{bert(), distilbert(), roberta(), xlm_roberta(), electra()};
  return kFamilies;
}

}  // namespace

const Family& family_of(ModelType type) { return families().at(static_cast<std::size_t>(type)); }

std::optional<ModelType> find_model_type(std::string_view name) {
  const auto found = std::ranges::find(families(), name, &Family::name);
  if (found == families().end()) return std::nullopt;
  return static_cast<ModelType>(found - families().begin());
}

std::vector<std::string> model_types() {
  std::vector<std::string> names;
  for (const Family& family : families()) names.emplace_back(family.name);
  return names;
}

}  // namespace bertune::checkpoint
