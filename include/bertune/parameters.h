// Parameters holds every trainable value of a model in one flat buffer and its gradient in another: clipping,
// an optimizer step or a checkpoint is one pass over contiguous memory. A tensor is a named range of both.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/export.h"

namespace bertune {

struct Parameter {
  std::string name;  // as in the checkpoint: "bert.encoder.layer.0.attention.self.query.weight"
  std::vector<std::int64_t> shape;  // linear weights are [out, in]
  std::size_t offset = 0;           // into values() and gradients()
  std::size_t size = 0;             // product of shape; tensors follow one another without gaps
  bool weight_decay = true;         // false for biases and LayerNorm, as the Trainer groups them
  bool few_rows =
      false;  // a matrix of which a batch reads few rows (word embeddings); at most one of a model
  std::int64_t depth = 0;          // 0: embeddings; i + 1: layer i of the encoder; after the last: the head
  bool head = false;               // whether it belongs to the head
  bool trainable = true;           // false: frozen, it gets no gradient and no update
  double learning_rate_scale = 1;  // times the optimizer's learning rate
};

// Is called when the gradients of all parameters of this Parameter::depth and deeper ones are complete.
using GradientsReached = std::function<void(std::int64_t depth)>;

// One of several equal parts.
struct Part {
  std::int64_t index = 0, count = 1;

  bool is_all() const { return count == 1; }
  bool has_row(std::int64_t row) const { return row % count == index; }  // of few_rows(): in turn
  std::int64_t rows(std::int64_t of) const { return (of - index + count - 1) / count; }
};

class BERTUNE_EXPORT Parameters {
 public:
  explicit Parameters(
      std::vector<Parameter> layout);  // name, shape and weight_decay; offsets are assigned here
  Parameters(Parameters&&) noexcept;
  Parameters& operator=(Parameters&&) noexcept;
  ~Parameters();

  const std::vector<Parameter>& layout() const { return layout_; }
  std::size_t count() const;          // of values
  std::size_t sparse_prefix() const;  // of them, how many at the start belong to the matrix with few_rows

  // Values lie in memory of the operations that compute with them: on a CPU, in the host's own.
  std::span<float> values();  // counts as a change, for version()
  std::span<const float> values() const;
  std::span<float> gradients();              // zeros, allocated by the first call
  std::span<const float> gradients() const;  // empty until then

  // Returns a number that changes after values(), value() or set_trainable() allowed a change, and after
  // every step of an optimizer: anything computed from values of an older version is stale. A write through a
  // span that was kept from earlier is not noticed: call mark_changed() after it, or values() again.
  std::uint64_t version() const;
  void mark_changed();
  // Returns the values as they are now, for as long as the pointer is held. This call makes no copy: the
  // parameters copy themselves when values() (not const) or mark_changed() is next called while it is held.
  std::shared_ptr<const float> snapshot() const;

  // Set whether a parameter is trained, and its learning rate's factor. Requires: call them before an
  // optimizer is made, whose state is laid out for the trainable parameters, and before the model's train().
  void set_trainable(std::size_t index, bool trainable);  // of layout()
  void set_learning_rate_scale(std::size_t index, double scale);
  std::size_t trainable_count() const;  // of values

  // Sets the part of the trainable values that this process updates, where others update the rest (ZeRO-1):
  // an optimizer has the states of this part alone. Requires: as set_trainable().
  void set_part(Part part);
  Part part() const;

  const Parameter* find(std::string_view name) const;  // nullptr when there is none
  std::span<float> value(std::string_view name);       // throws Error when there is none
  std::span<const float> value(std::string_view name) const;
  std::span<float> gradient(std::string_view name);

  void zero_grad();

  // Tracks the rows of the matrix with `few_rows`, if there is one. From then on its gradient is zero except
  // in rows that mark_rows() was given since the last zero_grad(), and only these may be written; zeroing,
  // clipping and optimizers skip the others.
  void track_rows();
  bool rows_are_tracked() const;
  const Parameter* few_rows() const;                   // nullptr when there is none, or it is frozen
  const Parameter* tracked_rows() const;               // few_rows() once rows are tracked, else nullptr
  void mark_rows(std::span<const std::int32_t> rows);  // no effect unless tracked
  std::span<const std::int32_t> marked_rows() const;   // ascending, each once

  // A range of values. trainable_ranges() returns those that are trainable, neighbors together, without those
  // of few_rows() once rows are tracked.
  struct Range {
    std::size_t offset = 0, size = 0;
  };
  std::vector<Range> trainable_ranges() const;
  // Returns the ranges where gradients may be nonzero: trainable_ranges(), and each marked row once rows are
  // tracked.
  std::vector<Range> gradient_ranges() const;
  // Some of trainable_ranges(), in whole blocks of kPartBlock numbers, counted from where a range begins.
  // Their gradients are complete once backward() has come to `depth`.
  struct Bucket {
    std::int64_t depth = 0;
    std::vector<Range> ranges;

    std::size_t size() const;                       // numbers
    std::vector<Range> ranges_of(Part part) const;  // whole blocks
  };
  // Returns trainable_ranges() in buckets of whole layers, in the order of places. All but the first have
  // as many numbers as set_bucket_size() says, at least. Requires: it is set before an optimizer is made.
  std::vector<Bucket> buckets() const;
  void set_bucket_size(std::size_t least);
  static constexpr std::size_t kBucketNumbers = std::size_t{1} << 20;  // by default
  // Returns a part's ranges of all buckets. All parts together are trainable_ranges().
  std::vector<Range> ranges_of(Part part) const;
  static constexpr std::size_t kPartBlock = 1024;
  static constexpr std::size_t blocks_of(std::size_t size) { return (size + kPartBlock - 1) / kPartBlock; }
  // Returns the number of trainable values that lie before this place.
  std::size_t trainable_before(std::size_t offset) const;

 private:
  std::vector<std::int64_t> depths_of_blocks(const Range& range) const;

  struct Storage;
  std::vector<Parameter> layout_;
  std::unique_ptr<Storage> storage_;
};

}  // namespace bertune
