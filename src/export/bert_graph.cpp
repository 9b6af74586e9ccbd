#include "export/bert_graph.h"

#include <string>
#include <vector>

#include "checkpoint/family.h"
#include "export/layers.h"

namespace bertune::onnx {
namespace {

constexpr std::string_view kBatch = "batch_size", kSequence = "sequence_length", kChoices = "num_choices";

class BertGraph {
 public:
  BertGraph(const BertConfig& config, Architecture architecture)
      : config_(config), architecture_(architecture), layers_(graph_, config) {}

  Graph make() {
    const std::string hidden = encode();
    graph_.enter("head");
    switch (architecture_) {
      case Architecture::sequence_classification:
        pooled(family_.sequence_classification, hidden, "logits", config_.num_labels());
        break;
      case Architecture::multiple_choice:
        multiple_choice(hidden);
        break;
      case Architecture::next_sentence_prediction:
        pooled(*family_.next_sentence, hidden, "logits", 2);
        break;
      case Architecture::token_classification:
        token_classification(hidden);
        break;
      case Architecture::question_answering:
        question_answering(hidden);
        break;
      case Architecture::masked_lm:
        masked_lm(hidden);
        break;
      case Architecture::pretraining:
        masked_lm(hidden);
        pooled(*family_.next_sentence, hidden, "seq_relationship_logits", 2);
        break;
      case Architecture::sentence_embedding:
        sentence_embedding(hidden);
        break;
    }
    return std::move(graph_);
  }

 private:
  bool chooses() const { return architecture_ == Architecture::multiple_choice; }

  // Adds an input; returns its name, or that of its rows where questions have several choices.
  std::string input(const char* name) {
    const Dimensions shape =
        chooses() ? Dimensions{kBatch, kChoices, kSequence} : Dimensions{kBatch, kSequence};
    graph_.input(name, DataType::int64, shape);
    return chooses() ? graph_.add("Reshape", {name, rows_of(name, 2)}) : name;
  }

  // The shape [-1, n], n being the size of a dimension of an input.
  std::string rows_of(const std::string& of, std::int64_t dimension) {
    const std::string size = graph_.add("Shape", {of}, {{"start", dimension}, {"end", dimension + 1}});
    return graph_.add("Concat", {graph_.integers({-1}), size}, {{"axis", 0}});
  }

  std::string encode() {
    graph_.enter("inputs");
    const std::string ids = input(kInputIds), mask = input(kAttentionMask),
                      types = config_.type_vocab_size > 1 ? input(kTokenTypeIds) : "";
    return layers_.encoder(ids, mask, types);
  }

  std::string first_token(const std::string& hidden) {
    return graph_.add("Gather", {hidden, graph_.integer(0)}, {{"axis", 1}});
  }

  std::string pooled_logits(const checkpoint::PooledHead& head, const std::string& hidden,
                            std::int64_t outputs, const std::vector<std::string>& names) {
    const std::int64_t h = config_.hidden_size;
    const std::string dense = layers_.gemm(first_token(hidden), std::string(head.dense), h, h);
    return layers_.gemm(layers_.activation(dense, head.activation(config_)), std::string(head.output), h,
                        outputs, names);
  }

  void pooled(const checkpoint::PooledHead& head, const std::string& hidden, const char* output,
              std::int64_t outputs) {
    pooled_logits(head, hidden, outputs, {output});
    graph_.output(output, DataType::float32, {kBatch, outputs});
  }

  void multiple_choice(const std::string& hidden) {
    const std::string logits = pooled_logits(family_.multiple_choice, hidden, 1, {});
    graph_.add("Reshape", {logits, rows_of(kInputIds, 1)}, {}, {"logits"});
    graph_.output("logits", DataType::float32, {kBatch, kChoices});
  }

  void token_classification(const std::string& hidden) {
    layers_.linear(hidden, "classifier", config_.hidden_size, config_.num_labels(), {"logits"});
    graph_.output("logits", DataType::float32, {kBatch, kSequence, config_.num_labels()});
  }

  void question_answering(const std::string& hidden) {
    const std::string logits = layers_.linear(hidden, "qa_outputs", config_.hidden_size, 2);
    graph_.add("Split", {logits, graph_.integers({1, 1})}, {{"axis", -1}}, {"/head/starts", "/head/ends"});
    for (const auto& [from, to] :
         {std::pair{"/head/starts", "start_logits"}, std::pair{"/head/ends", "end_logits"}}) {
      graph_.add("Squeeze", {from, graph_.integers({-1})}, {}, {to});
      graph_.output(to, DataType::float32, {kBatch, kSequence});
    }
  }

  // The decoder is the table of the word embeddings, which is in the file once.
  void masked_lm(const std::string& hidden) {
    const std::int64_t h = config_.hidden_size, words = config_.vocab_size;
    const std::string dense = layers_.linear(hidden, "cls.predictions.transform.dense", h, h);
    const std::string features =
        layers_.layer_norm(layers_.activation(dense, family_.masked_lm_activation(config_)),
                           "cls.predictions.transform.LayerNorm", h);
    const std::string decoder =
        graph_.add("Transpose", {layers_.tensor("bert.embeddings.word_embeddings.weight", {words, h})},
                   {{"perm", Shape{1, 0}}});
    graph_.add("Add",
               {graph_.add("MatMul", {features, decoder}), layers_.tensor("cls.predictions.bias", {words})},
               {}, {"logits"});
    graph_.output("logits", DataType::float32, {kBatch, kSequence, words});
  }

  std::string pool(const std::string& hidden) {
    const Pooling pooling = config_.sentence_embedding.pooling;
    if (pooling == Pooling::cls) return first_token(hidden);
    const std::string column = graph_.add("Unsqueeze", {kAttentionMask, graph_.integers({-1})});
    if (pooling == Pooling::max) {
      const std::string is_token =
          graph_.add("Cast", {column}, {{"to", static_cast<int>(DataType::boolean)}});
      const std::string tokens = graph_.add("Where", {is_token, hidden, graph_.number(-1e9F)});
      return graph_.add("ReduceMax", {tokens}, {{"axes", Shape{1}}, {"keepdims", 0}});
    }
    const std::string weights = graph_.add("Cast", {column}, {{"to", static_cast<int>(DataType::float32)}});
    const auto sum = [&](const std::string& of) {
      return graph_.add("ReduceSum", {of, graph_.integers({1})}, {{"keepdims", 0}});
    };
    std::string count = graph_.add("Max", {sum(weights), graph_.number(1e-9F)});
    if (pooling == Pooling::mean_sqrt_len_tokens) count = graph_.add("Sqrt", {count});
    return graph_.add("Div", {sum(graph_.add("Mul", {hidden, weights})), count});
  }

  void sentence_embedding(const std::string& hidden) {
    graph_.add("Identity", {hidden}, {}, {"last_hidden_state"});
    graph_.output("last_hidden_state", DataType::float32, {kBatch, kSequence, config_.hidden_size});
    std::string embedding = pool(hidden);
    if (config_.sentence_embedding.normalize) {
      const std::string length = graph_.add("ReduceL2", {embedding}, {{"axes", Shape{-1}}, {"keepdims", 1}});
      embedding = graph_.add("Div", {embedding, graph_.add("Max", {length, graph_.number(1e-12F)})});
    }
    graph_.add("Identity", {embedding}, {}, {"sentence_embedding"});
    graph_.output("sentence_embedding", DataType::float32, {kBatch, config_.hidden_size});
  }

  const BertConfig& config_;
  const checkpoint::Family& family_ = checkpoint::family_of(config_);
  Architecture architecture_;
  Graph graph_;
  Layers layers_;
};

}  // namespace

Graph bert_graph(const BertConfig& config, Architecture architecture) {
  class_name(config.model_type, architecture);  // throws where the family has none
  return BertGraph(config, architecture).make();
}

}  // namespace bertune::onnx
