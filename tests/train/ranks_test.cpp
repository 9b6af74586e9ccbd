// Ranks train to the bits of one process with as many shards: for every head and optimizer, whatever their
// number, from scratch or resumed by another number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <numeric>
#include <variant>

#include "bertune/error.h"
#include "core/file.h"
#include "distributed/thread_ranks.h"
#include "kernels/context.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"
#include "train/checkpoints.h"
#include "train/evaluation.h"
#include "train/gradient_sum.h"
#include "train/made_task.h"
#include "train/step_batches.h"
#include "train/trainer.h"

namespace bertune::train::ranks_test {
namespace {

using ::testing::HasSubstr;
using testing::Kind;
using testing::MadeExamples;
using testing::MadeTask;

struct Recorded : Observer {
  std::vector<double> losses;
  std::vector<std::string> notes;
  std::stop_source stop;
  std::int64_t stop_at = -1;
  void on(const Event& event) override {
    if (const auto* note = std::get_if<Note>(&event)) notes.push_back(note->text);
    if (const auto* step = std::get_if<StepEvent>(&event)) {
      losses.push_back(step->loss);
      if (step->step == stop_at) stop.request_stop();
    }
  }
};

struct Trained {
  std::vector<float> weights;
  std::vector<double> losses;
  std::vector<std::string> notes;
  bool operator==(const Trained& other) const { return weights == other.weights && losses == other.losses; }
};

// 29 rows: the last step has fewer rows than shards.
Trained train(const Kind& kind, const TrainingArguments& given, std::int64_t stop_at = -1,
              std::int64_t rows_in_all = 29) {
  BertPreTrainedModel model = testing::make_model(kind);
  model.parameters().set_bucket_size(1);  // each layer leaves on its own
  TrainingArguments arguments = given;
  arguments.train_batch_size = 12;
  arguments.precision = Precision::fp32;
  MadeExamples rows(kind, rows_in_all), validation(kind, 5);
  const MadeTask task(kind);
  const BertTokenizer tokenizer = testing::tiny_tokenizer();
  Recorded recorded;
  recorded.stop_at = stop_at;
  Trainer trainer(model, tokenizer, arguments, recorded, task, [](std::int64_t) { return "row"; });
  trainer.train(rows, &validation, recorded.stop.get_token());
  const auto values = std::as_const(model).parameters().values();
  return {{values.begin(), values.end()}, recorded.losses, recorded.notes};
}

// Trains on so many ranks; all must have the same weights. 1: in this thread, without ranks.
Trained train_on(int size, const Kind& kind, const TrainingArguments& arguments) {
  if (size == 1) return train(kind, arguments);
  std::mutex mutex;
  std::map<int, Trained> of_rank;
  distributed::run_as_threads(size, [&](distributed::Ranks& ranks) {
    Trained trained = train(kind, arguments);
    const std::lock_guard lock(mutex);
    of_rank[ranks.rank()] = std::move(trained);
  });
  for (const auto& [rank, trained] : of_rank) EXPECT_TRUE(trained == of_rank[0]) << "rank " << rank;
  return of_rank[0];
}

// Trains on so many ranks, of which one alone is asked to stop after a step: all of them do.
struct Stop {
  int rank;
  std::int64_t step;
};
void train_until(Stop stop, int size, const Kind& kind, const TrainingArguments& arguments) {
  const auto body = [&](distributed::Ranks& ranks) {
    train(kind, arguments, ranks.rank() == stop.rank ? stop.step : -1);
  };
  EXPECT_THROW(distributed::run_as_threads(size, body), Interrupted);
}

// Bytes that this thread's operations have allocated and not released.
thread_local std::size_t counted_bytes = 0;

kernels::OpTable counting_table() {
  kernels::OpTable table = kernels::machine_ops();
  table.allocate = [](std::size_t bytes, std::size_t sparse) {
    counted_bytes += bytes;
    return kernels::machine_ops().allocate(bytes, sparse);
  };
  table.release = [](void* memory, std::size_t bytes) {
    counted_bytes -= bytes;
    kernels::machine_ops().release(memory, bytes);
  };
  return table;
}

class RanksTraining : public ::testing::Test {
 protected:
  TrainingArguments arguments(const char* output, const std::string& optimizer = "adamw") {
    TrainingArguments given;
    given.output_dir = folder_.path() / output;
    given.num_train_epochs = 1;
    given.shards = 4;
    given.optimizer = optimizer;
    given.learning_rate = optimizer == "sgd" ? 0.1 : 1e-3;
    if (optimizer == "lbfgs") given.optim_args = {{"max_iter", "2"}, {"line_search_fn", "strong_wolfe"}};
    return given;
  }
  TrainingArguments divided(const char* output, const std::string& optimizer = "adamw") {
    TrainingArguments given = arguments(output, optimizer);
    given.shard_optimizer = true;
    return given;
  }
  fs::path path(const char* name) const { return folder_.path() / name; }

  bertune::testing::TemporaryDirectory folder_;
};

TEST_F(RanksTraining, HasTheBitsOfOneProcessForEveryHead) {
  for (const Kind& kind : testing::every_kind()) {
    SCOPED_TRACE(kind.name);
    const Trained alone = train_on(1, kind, arguments("one"));
    EXPECT_TRUE(train_on(2, kind, arguments("two")) == alone);
    EXPECT_TRUE(train_on(3, kind, arguments("three")) == alone);
  }
}

TEST_F(RanksTraining, HasTheBitsOfOneProcessForEveryOptimizer) {
  const Kind kind = testing::every_kind().front();
  for (const optim::Algorithm& algorithm : optim::algorithms()) {
    SCOPED_TRACE(algorithm.name);
    const Trained alone = train_on(1, kind, arguments("one", algorithm.name));
    EXPECT_TRUE(train_on(4, kind, arguments("four", algorithm.name)) == alone);
  }
}

TEST_F(RanksTraining, HasTheBytesOfOneProcessInItsCheckpoints) {
  const Kind kind = testing::every_kind().front();
  for (const int size : {1, 2, 3, 4}) {
    TrainingArguments kept = arguments(std::to_string(size).c_str());
    kept.keep_checkpoints = true;
    train_on(size, kind, kept);
  }
  for (const char* file : {"model.safetensors", "optimizer.safetensors"}) {
    const std::string alone = read_file(path("1") / "checkpoint-3" / file);
    for (const char* ranks : {"2", "3", "4"})
      EXPECT_EQ(read_file(path(ranks) / "checkpoint-3" / file), alone) << ranks << " ranks, " << file;
  }
}

TEST_F(RanksTraining, HasTheSameBitsWithADividedOptimizerForEveryHead) {
  for (const Kind& kind : testing::every_kind()) {
    SCOPED_TRACE(kind.name);
    const Trained alone = train_on(1, kind, arguments("one"));
    EXPECT_TRUE(train_on(3, kind, divided("three")) == alone);
  }
}

TEST_F(RanksTraining, HasTheSameBitsWithADividedOptimizerOfEveryKind) {
  const Kind kind = testing::every_kind().front();
  for (const optim::Algorithm& algorithm : optim::algorithms()) {
    SCOPED_TRACE(algorithm.name);
    TrainingArguments given = divided("four", algorithm.name);
    if (algorithm.whole_tensors) {
      EXPECT_THROW(validate(given), UsageError);
      continue;
    }
    given.save_steps = 1;
    const Trained alone = train_on(1, kind, arguments("one", algorithm.name));
    EXPECT_TRUE(train_on(4, kind, given) == alone);
  }
}

TEST_F(RanksTraining, HasTheBytesOfOneProcessInCheckpointsOfADividedOptimizer) {
  const Kind kind = testing::every_kind().front();
  for (const char* optimizer : {"adamw", "sparse_adam"}) {
    for (const int size : {1, 2, 3}) {
      TrainingArguments kept = divided((optimizer + std::to_string(size)).c_str(), optimizer);
      kept.keep_checkpoints = true;
      train_on(size, kind, kept);
    }
    for (const char* file : {"model.safetensors", "optimizer.safetensors"}) {
      const auto bytes = [&](const char* size) {
        return read_file(folder_.path() / (std::string(optimizer) + size) / "checkpoint-3" / file);
      };
      EXPECT_EQ(bytes("2"), bytes("1")) << file;
      EXPECT_EQ(bytes("3"), bytes("1")) << file;
    }
  }
}

// Each leg has another number of ranks, and with and without the division.
TEST_F(RanksTraining, GoesOnWithAndWithoutADividedOptimizer) {
  const Kind kind = testing::every_kind().front();
  TrainingArguments whole = arguments("whole");
  whole.num_train_epochs = 3;
  const Trained expected = train_on(1, kind, whole);
  TrainingArguments parts = whole;
  parts.output_dir = path("parts");
  const auto leg = [&](int size, std::int64_t stop_at, bool is_divided) {
    parts.shard_optimizer = is_divided;
    train_until({.rank = 0, .step = stop_at}, size, kind, parts);
    parts.resume = true;
  };
  leg(3, 2, true);
  leg(2, 4, true);
  leg(2, 6, false);
  parts.shard_optimizer = true;
  EXPECT_EQ(train_on(4, kind, parts).weights, expected.weights);
}

TEST_F(RanksTraining, IsCloseWithGradientsOfHalfTheBytes) {
  const Kind kind = testing::every_kind().front();
  const Trained alone = train_on(1, kind, arguments("one"));
  TrainingArguments halves = arguments("halves");
  halves.communication_dtype = CommunicationDtype::bfloat16;
  const Trained rounded = train_on(2, kind, halves);
  EXPECT_NE(rounded.weights, alone.weights);
  ASSERT_EQ(rounded.losses.size(), alone.losses.size());
  EXPECT_EQ(rounded.losses.front(), alone.losses.front());
  for (std::size_t i = 0; i < alone.losses.size(); ++i) EXPECT_NEAR(rounded.losses[i], alone.losses[i], 0.01);
}

// Of what the table of operations has allocated, the states of the optimizer are divided by the ranks.
TEST_F(RanksTraining, KeepsAPartOfTheStatesOnEachRank) {
  const Kind kind = testing::every_kind().front();
  constexpr int kRanks = 3;
  const auto bytes_with = [&](bool is_divided) {
    std::mutex mutex;
    std::vector<double> bytes;
    distributed::run_as_threads(kRanks, [&](distributed::Ranks&) {
      const kernels::OpTable table = counting_table();
      const kernels::Context::Use use({.ops = &table});
      BertPreTrainedModel model = testing::make_model(kind);
      TrainingArguments given = is_divided ? divided("divided") : arguments("whole");
      const MadeTask task(kind);
      const BertTokenizer tokenizer = testing::tiny_tokenizer();
      Recorded recorded;
      const auto before = static_cast<double>(counted_bytes);
      const Trainer trainer(model, tokenizer, given, recorded, task, [](std::int64_t) { return "row"; });
      const std::lock_guard lock(mutex);
      bytes.push_back(static_cast<double>(counted_bytes) - before);
      const double saved = 12.0 * static_cast<double>(model.parameters().count());  // also of a part
      EXPECT_EQ(static_cast<double>(trainer.checkpoint_bytes()), saved);
      EXPECT_NEAR(static_cast<double>(trainer.optimizer_bytes()), bytes.back(), 1000);
    });
    return std::accumulate(bytes.begin(), bytes.end(), 0.0);
  };
  const double states = 8.0 * static_cast<double>(testing::make_model(kind).parameters().count());
  const double row = 4.0 * testing::make_model(kind).config().hidden_size;  // a gradient of zeros
  EXPECT_NEAR(bytes_with(false), kRanks * (states + row), 0.05 * states);
  EXPECT_NEAR(bytes_with(true), states + kRanks * row, 0.05 * states);
}

TEST_F(RanksTraining, GoesOnWithAnotherNumberOfRanks) {
  const Kind kind = testing::every_kind().front();
  TrainingArguments whole = arguments("whole");
  whole.num_train_epochs = 2;
  const Trained expected = train_on(1, kind, whole);
  TrainingArguments parts = whole;
  parts.output_dir = path("parts");
  train_until({.rank = 1, .step = 2}, 2, kind, parts);
  EXPECT_TRUE(fs::exists(path("parts") / "checkpoint-3"));  // the step after it
  parts.resume = true;
  parts.shards = 0;  // those of the run so far
  EXPECT_EQ(train_on(3, kind, parts).weights, expected.weights);
}

TEST_F(RanksTraining, SaysWhenItGoesOnWithOtherShards) {
  const Kind kind = testing::every_kind().front();
  TrainingArguments first = arguments("run");
  first.keep_checkpoints = true;
  train_on(1, kind, first);
  first.resume_from_checkpoint = path("run") / "checkpoint-3";
  first.resume = true;
  first.shards = 2;
  first.num_train_epochs = 1;
  const Trained resumed = train(kind, first);
  EXPECT_THAT(resumed.notes, ::testing::Contains(HasSubstr("`shards=4` so far and goes on with `shards=2`")));
}

TEST_F(RanksTraining, NeedsAShardForEachRank) {
  TrainingArguments few = arguments("few");
  few.shards = 2;
  EXPECT_EQ(shards_for(few, 2), 2);
  EXPECT_THROW(shards_for(few, 3), UsageError);
  few.shards = 0;
  EXPECT_EQ(shards_for(few, 1), 1);
  EXPECT_EQ(shards_for(few, 2), 8);
  EXPECT_EQ(shards_for(few, 12), 16);
  for (const std::int64_t wrong : {-1, 3, 12}) {
    few.shards = wrong;
    EXPECT_THROW(validate(few), UsageError) << wrong;
  }
}

TEST_F(RanksTraining, RefusesOtherDataOnOneRank) {
  const Kind kind = testing::every_kind().front();
  const auto body = [&](distributed::Ranks& ranks) {
    ranks.set_hosts({"one", "two"});
    TrainingArguments given = arguments("differs");
    if (ranks.rank() == 1) given.learning_rate = 0.5;
    train(ranks.rank() == 1 ? testing::every_kind()[1] : kind, given);
  };
  const std::string message =
      bertune::testing::message_of<Error>([&] { distributed::run_as_threads(2, body, {.grace = 0.1}); });
  EXPECT_THAT(message, HasSubstr("not those of rank 0 (one)"));
  EXPECT_THAT(message, HasSubstr("rank 1 (two): the training data"));
  EXPECT_THAT(message, HasSubstr("rank 1 (two): the arguments"));
}

// The blocks, their order and their outputs are those of one process.
TEST_F(RanksTraining, EvaluatesEachRowOnceAndInOrder) {
  for (const Kind& kind : {testing::every_kind().front(), testing::every_kind().back()}) {
    const MadeExamples examples(kind, 23);
    struct Seen {
      std::vector<std::int64_t> first;
      std::vector<float> numbers;
    };
    const auto look = [&](BertPreTrainedModel& model) {
      Seen seen;
      for_each_output(
          model, examples, 4, {}, [&](std::int64_t first, const Batch& batch, const ModelOutput& out) {
            seen.first.push_back(first);
            seen.numbers.insert(seen.numbers.end(), {out.loss, out.masked_lm_loss, out.next_sentence_loss,
                                                     static_cast<float>(batch.sequences())});
            seen.numbers.insert(seen.numbers.end(), out.logits.begin(), out.logits.end());
            seen.numbers.insert(seen.numbers.end(), out.next_sentence_logits.begin(),
                                out.next_sentence_logits.end());
          });
      return seen;
    };
    BertPreTrainedModel model = testing::make_model(kind);
    const Seen alone = look(model);
    EXPECT_EQ(alone.first, (std::vector<std::int64_t>{0, 4, 8, 12, 16, 20}));
    distributed::run_as_threads(4, [&](distributed::Ranks& ranks) {
      BertPreTrainedModel own = testing::make_model(kind);
      const Seen seen = look(own);
      EXPECT_EQ(seen.first, ranks.is_first() ? alone.first : std::vector<std::int64_t>());
      EXPECT_EQ(seen.numbers, ranks.is_first() ? alone.numbers : std::vector<float>());
    });
  }
}

// Of the word embeddings, only the rows that some shard reads are added up and sent.
TEST(GradientSum, SendsNoRowsThatNobodyReads) {
  const std::vector<std::int32_t> read = {3, 17};
  distributed::run_as_threads(2, [&](distributed::Ranks& ranks) {
    BertPreTrainedModel model = testing::make_model(testing::every_kind().front());
    Parameters& parameters = model.parameters();
    parameters.track_rows();
    ASSERT_NE(parameters.few_rows(), nullptr);
    const auto width = static_cast<std::size_t>(parameters.few_rows()->shape.back());
    const std::size_t words = parameters.few_rows()->offset, last = parameters.count() - 1;
    GradientSum sum(parameters, 2, &ranks);
    const auto gradient_of = [&](std::int64_t shard, const GradientsReached&) {
      parameters.mark_rows(std::span(read).subspan(static_cast<std::size_t>(shard), 1));
      const auto row = static_cast<std::size_t>(read[static_cast<std::size_t>(shard)]);
      parameters.gradients()[words + row * width] = static_cast<float>(shard + 1);
      parameters.gradients()[last] = 10.0F;
      return 0.5 + static_cast<double>(shard);
    };
    const GradientSum::Sum done = sum.add_up(read, ranks.rank() == 1, gradient_of);
    EXPECT_EQ(done.loss, 2.0);
    EXPECT_TRUE(done.stop);
    EXPECT_EQ(parameters.gradients()[words + 3 * width], 1);
    EXPECT_EQ(parameters.gradients()[words + 17 * width], 2);
    EXPECT_EQ(parameters.gradients()[last], 20);
    EXPECT_THAT(parameters.marked_rows(), ::testing::ElementsAre(3, 17));
    const std::size_t numbers = parameters.count() - parameters.few_rows()->size + read.size() * width;
    const double formula = 2.0 * (2 - 1) / 2 * static_cast<double>(numbers * sizeof(float));
    EXPECT_NEAR(static_cast<double>(ranks.bytes_sent()), formula, 0.01 * formula);
  });
}

// A rank fails while buckets are on their way: its error is the one that is told, and no rank waits for ever.
TEST(GradientSum, FailsWithTheErrorOfABackward) {
  const auto body = [](distributed::Ranks& ranks) {
    BertPreTrainedModel model = testing::make_model(testing::every_kind().front());
    Parameters& parameters = model.parameters();
    parameters.set_bucket_size(1);
    GradientSum sum(parameters, 2, &ranks);
    sum.add_up({}, false, [&](std::int64_t shard, const GradientsReached& reached) {
      for (const std::int64_t depth : {3, 2, 1}) reached(depth);
      if (shard == 1) throw Error("no room");
      return 0.5;
    });
  };
  const auto run = [&] { distributed::run_as_threads(2, body, {.grace = 0.05}); };
  EXPECT_EQ(bertune::testing::message_of<Error>(run), "no room");
}

TEST(DealOut, GivesEachShardAboutAsManyTokens) {
  std::vector<std::int64_t> tokens;
  for (std::int64_t row = 0; row < 64; ++row) tokens.push_back(5 + row * row % 120);
  const auto dealt = deal_out(tokens, 8);
  std::vector<std::int64_t> loads;
  std::vector<std::size_t> all;
  for (const std::vector<std::size_t>& items : dealt) {
    loads.push_back(0);
    for (const std::size_t item : items) loads.back() += tokens[item];
    EXPECT_TRUE(std::ranges::is_sorted(items));
    all.insert(all.end(), items.begin(), items.end());
  }
  std::ranges::sort(all);
  for (std::size_t row = 0; row < 64; ++row) EXPECT_EQ(all.at(row), row);
  const double mean = static_cast<double>(std::accumulate(loads.begin(), loads.end(), std::int64_t{0})) / 8;
  EXPECT_LE(static_cast<double>(std::ranges::max(loads)) / mean, 1.03);
}

TEST(DealOut, LeavesShardsEmptyWhereThereAreFewItems) {
  const std::vector<std::int64_t> tokens = {7, 9};
  EXPECT_EQ(deal_out(tokens, 4), (std::vector<std::vector<std::size_t>>{{1}, {0}, {}, {}}));
}

}  // namespace
}  // namespace bertune::train::ranks_test
