#include "export/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "export/layers.h"
#include "train/model_folder.h"

namespace bertune::onnx {
namespace {

constexpr std::int64_t kChoicesAsked = 2;

// Two texts of random tokens, or a question with two choices, for both sides.
struct Texts {
  Batch batch;
  std::int64_t longest = 0;
  std::vector<std::int64_t> ids, mask, types;  // [texts, longest]

  explicit Texts(const BertConfig& config) {
    longest = std::min<std::int64_t>(config.max_length(), 12);
    std::uint32_t random = 1;
    for (const std::int64_t length : std::array{longest, longest / 2}) {
      for (std::int64_t t = 0; t < longest; ++t) {
        random = random * 1664525 + 1013904223;  // Numerical Recipes' generator
        const auto id =
            static_cast<std::int32_t>((random >> 8) % static_cast<std::uint32_t>(config.vocab_size));
        const bool is_token = t < length;
        const std::int32_t type = config.type_vocab_size > 1 && is_token && 2 * t >= length ? 1 : 0;
        ids.push_back(is_token ? id : std::max<std::int64_t>(config.pad_token_id, 0));
        mask.push_back(is_token ? 1 : 0), types.push_back(type);
        if (!is_token) continue;
        batch.input_ids.push_back(id), batch.token_type_ids.push_back(type);
      }
      batch.cu_seqlens.push_back(static_cast<std::int32_t>(batch.input_ids.size()));
    }
  }
};

// One output as each side has it: Bertune's without padding.
class Comparison {
 public:
  explicit Comparison(const Texts& texts) : texts_(texts) {}

  void texts(std::span<const float> ours, std::span<const float> theirs) {
    require(ours.size() == theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) add(ours[i], theirs[i]);
  }
  // `ours` [tokens, of], of which column `first` on; `theirs` [texts, longest, columns].
  void tokens(std::span<const float> ours, std::size_t of, std::size_t first, std::span<const float> theirs) {
    const std::size_t places = texts_.mask.size(), columns = theirs.size() / places;
    require(ours.size() == texts_.batch.input_ids.size() * of && first + columns <= of);
    std::size_t token = 0;
    for (std::size_t place = 0; place < places; ++place) {
      if (texts_.mask[place] == 0) continue;
      for (std::size_t c = 0; c < columns; ++c)
        add(ours[token * of + first + c], theirs[place * columns + c]);
      ++token;
    }
  }

  double largest = 0;

 private:
  static void require(bool fits) {
    if (!fits) throw Error("the exported model has outputs of another size than the model");
  }
  void add(float one, float other) {
    const double difference = std::abs(double{one} - other) / std::max(1.0, std::abs(double{one}));
    largest = std::isnan(difference) ? HUGE_VAL : std::max(largest, difference);
  }

  const Texts& texts_;
};

std::vector<const char*> output_names(Architecture architecture) {
  switch (architecture) {
    case Architecture::question_answering:
      return {"start_logits", "end_logits"};
    case Architecture::pretraining:
      return {"logits", "seq_relationship_logits"};
    case Architecture::sentence_embedding:
      return {"sentence_embedding"};
    default:
      return {"logits"};
  }
}

}  // namespace

double verify(const Runtime& runtime, const std::filesystem::path& file, const std::filesystem::path& model,
              const std::filesystem::path& base) {
  train::ModelFolder folder = train::ModelFolder::open(model, std::nullopt, base);
  const Architecture head = folder.model.architecture();
  const bool chooses = head == Architecture::multiple_choice,
             predicts_words = head == Architecture::masked_lm || head == Architecture::pretraining;
  Texts texts(folder.model.config());
  if (chooses) texts.batch.num_choices = kChoicesAsked;
  if (predicts_words) texts.batch.labels = texts.batch.input_ids;  // every token has logits
  if (head == Architecture::pretraining) texts.batch.next_sentence_labels = {0, 1};
  std::vector<std::int64_t> shape = {2, texts.longest};
  if (chooses) shape.insert(shape.begin(), 1);
  std::vector<std::pair<const char*, std::vector<std::int64_t>>> inputs = {{kInputIds, texts.ids},
                                                                           {kAttentionMask, texts.mask}};
  if (folder.model.config().type_vocab_size > 1) inputs.emplace_back(kTokenTypeIds, texts.types);
  const auto theirs = runtime.run(file, shape, inputs, output_names(head));
  const ModelOutput ours = folder.model.forward(texts.batch);
  Comparison comparison(texts);
  if (head == Architecture::question_answering) {
    for (std::size_t side = 0; side < 2; ++side) comparison.tokens(ours.logits, 2, side, theirs[side]);
  } else if (predicts_words || head == Architecture::token_classification) {
    comparison.tokens(ours.logits, ours.logits.size() / texts.batch.input_ids.size(), 0, theirs[0]);
  } else {
    comparison.texts(ours.logits, theirs[0]);
  }
  if (head == Architecture::pretraining) comparison.texts(ours.next_sentence_logits, theirs[1]);
  if (!(comparison.largest <= kLargestDifference))
    throw Error(fmt::format("{}: ONNX Runtime {} computes other outputs than Bertune (difference {:.1e})",
                            file.string(), runtime.version(), comparison.largest));
  return comparison.largest;
}

}  // namespace bertune::onnx
