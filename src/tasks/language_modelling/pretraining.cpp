#include "tasks/language_modelling/pretraining.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "bertune/error.h"
#include "core/names.h"
#include "core/parallel.h"
#include "core/temporary_names.h"
#include "core/writing.h"

namespace bertune::tasks {
namespace {

// Streams of the seed's random numbers; those of core/random_streams.h are others.
constexpr std::uint32_t kRowStream = 0xDC000000, kMaskStream = 0xDD000000;

constexpr std::int64_t kLongestRow = 32768;
constexpr Names kNames(std::to_array<Named<Objective>>({{Objective::mlm_and_nsp, "mlm+nsp"},
                                                        {Objective::mlm, "mlm"}}));

std::int64_t special_tokens(Objective objective) { return objective == Objective::mlm ? 2 : 3; }

void check(const PretrainingOptions& options) {
  const std::int64_t shortest = options.objective == Objective::mlm ? 3 : 5;
  if (options.max_length < shortest || options.max_length > kLongestRow) {
    throw UsageError(
        "max_length",
        fmt::format("`max_length={}` is not between {} (special tokens and one token of each text) and {}",
                    options.max_length, shortest, kLongestRow));
  }
  if (!(options.short_seq_prob >= 0 && options.short_seq_prob <= 1)) {
    throw UsageError("short_seq_prob",
                     fmt::format("`short_seq_prob={}` is not between 0 and 1", options.short_seq_prob));
  }
}

}  // namespace

std::string_view to_string(Objective objective) { return kNames.of(objective); }

Objective objective_from_string(std::string_view name) {
  if (const auto objective = kNames.find(name)) return *objective;
  throw UsageError("objective",
                   fmt::format("unknown objective \"{}\"; choose {}", name, kNames.choices("or")));
}

std::int64_t PretrainingExamples::max_sentence_tokens(const PretrainingOptions& options) {
  check(options);
  if (options.objective == Objective::mlm) return data::TokenizedDocuments::kLongestSentence;
  return (options.max_length - special_tokens(options.objective)) / 2;
}

PretrainingExamples::PretrainingExamples(const data::TokenizedDocuments& documents,
                                         const BertTokenizer& tokenizer, const PretrainingOptions& options)
    : documents_(documents),
      options_((check(options), options)),
      masking_(tokenizer, options.masking),
      cls_(tokenizer.cls_token_id()),
      sep_(tokenizer.sep_token_id()) {
  if (documents.size() == 0) throw Error("there are no documents to train on");
  if (options.objective == Objective::mlm_and_nsp && tokenizer.second_token_type() == 0) {
    throw UsageError(
        "objective",
        "next-sentence prediction tells two texts apart by their token types, and this tokenizer, as "
        "RoBERTa's, gives both the same: train without it (`objective=mlm`)");
  }
  if (options.objective == Objective::mlm_and_nsp && documents.size() < 2) {
    throw Error(
        "next-sentence prediction takes wrong continuations from other documents, and the text is one "
        "document: add files, say what separates documents (`document_per=blank-line` or line), or train "
        "without it (`objective=mlm`)");
  }
}

std::int64_t PretrainingExamples::room() const {
  return options_.max_length - special_tokens(options_.objective);
}

// The rows of documents [first, end).
std::vector<RowTokens> PretrainingExamples::rows_of(std::int64_t epoch, std::int64_t first,
                                                    std::int64_t end) const {
  constexpr std::int64_t kDocuments = 64;  // a block
  const std::int64_t blocks = block_count(end - first, kDocuments);
  std::vector<std::vector<RowTokens>> parts(static_cast<std::size_t>(blocks));
  parallel_for(blocks, [&](std::int64_t block) {
    std::vector<RowTokens>& rows = parts[static_cast<std::size_t>(block)];
    const std::int64_t begin = first + block * kDocuments, last = std::min(end, begin + kDocuments);
    for (std::int64_t document = begin; document < last; ++document) {
      const Random random = random_for(options_.seed, kRowStream, static_cast<std::uint32_t>(epoch),
                                       static_cast<std::uint64_t>(document));
      if (options_.objective == Objective::mlm) {
        append_blocks(documents_, document, room(), random, rows);
      } else {
        append_sentence_pairs(documents_, document, room(), options_.short_seq_prob, random, rows);
      }
    }
  });
  std::size_t size = 0;
  for (const auto& part : parts) size += part.size();
  std::vector<RowTokens> rows;
  rows.reserve(size);
  for (auto& part : parts) {
    rows.insert(rows.end(), part.begin(), part.end());
    part = {};
  }
  return rows;
}

PretrainingExamples::Plan PretrainingExamples::make_plan(std::int64_t epoch) const {
  Plan plan{epoch, {}};
  if (documents_.folder().empty()) {
    plan.rows.take(rows_of(epoch, 0, documents_.size()));
    return plan;
  }
  // The file has no name once it is mapped in, and goes with the process.
  constexpr std::int64_t kWave = std::int64_t{1} << 16;
  const fs::path path = temporary_name(documents_.folder() / "rows");
  plan.rows.write_to(path);
  for (std::int64_t first = 0; first < documents_.size(); first += kWave) {
    plan.rows.append(rows_of(epoch, first, std::min(documents_.size(), first + kWave)));
    documents_.release_pages();
  }
  plan.rows.finish();
  writing::unlink(path);
  return plan;
}

std::shared_ptr<const PretrainingExamples::Plan> PretrainingExamples::plan(std::int64_t epoch) const {
  const std::scoped_lock lock(mutex_);
  if (!plan_ || plan_->epoch != epoch) {
    plan_.reset();  // not two of them at once
    plan_ = std::make_shared<const Plan>(make_plan(epoch));
  }
  return plan_;
}

std::int64_t PretrainingExamples::rows(std::int64_t epoch) const {
  return static_cast<std::int64_t>(plan(epoch)->rows.size());
}

void PretrainingExamples::row(std::int64_t epoch, std::int64_t index, PretrainingRow& row) const {
  const auto plan = this->plan(epoch);
  // Rows are drawn from all over the corpus: without this, all of its pages would be in memory in the end.
  constexpr std::int64_t kRelease = 64;
  if (!documents_.folder().empty() && ++drawn_ % kRelease == 0) {
    documents_.release_pages();
    plan->rows.release_pages();
  }
  if (index < 0 || index >= static_cast<std::int64_t>(plan->rows.size())) {
    throw Error(fmt::format("epoch {} has no row {}: there are {}", epoch, index, plan->rows.size()));
  }
  const RowTokens& tokens = plan->rows[static_cast<std::size_t>(index)];
  const std::size_t first = tokens.first_size, second = tokens.second_size;
  const std::size_t size = first + 2 + (second > 0 ? second + 1 : 0);
  row.input_ids.resize(size);
  row.token_type_ids.assign(size, 0);
  const std::span<std::int32_t> ids(row.input_ids);
  ids[0] = cls_;
  documents_.copy(tokens.first_begin, ids.subspan(1, first));
  ids[first + 1] = sep_;
  if (second > 0) {
    documents_.copy(tokens.second_begin, ids.subspan(first + 2, second));
    ids[size - 1] = sep_;
    std::fill(row.token_type_ids.begin() + static_cast<std::ptrdiff_t>(first + 2), row.token_type_ids.end(),
              1);
  }
  row.next_sentence_label = tokens.random_next ? 1 : 0;
  masking_.apply(row.input_ids, row.labels,
                 random_for(options_.seed, kMaskStream, static_cast<std::uint32_t>(epoch),
                            static_cast<std::uint64_t>(index)));
}

}  // namespace bertune::tasks
