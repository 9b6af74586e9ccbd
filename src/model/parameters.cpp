#include "bertune/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

#include "bertune/error.h"
#include "kernels/buffer.h"

namespace bertune {

namespace {

// Ranges that lie next to one another become one.
void append(std::vector<Parameters::Range>& ranges, const Parameters::Range& range) {
  if (!ranges.empty() && ranges.back().offset + ranges.back().size == range.offset)
    ranges.back().size += range.size;
  else
    ranges.push_back(range);
}

}  // namespace

struct Parameters::Storage {
  std::shared_ptr<kernels::Buffer<float>> values;  // shared with snapshots
  kernels::Buffer<float> gradients;
  // An odd version has changed since version() was last asked, which makes it the next even number. It is
  // asked of const parameters, and so perhaps by several threads at once.
  std::atomic<std::uint64_t> version = 0;
  std::unordered_map<std::string_view, std::size_t> by_name;  // views into layout_
  std::optional<std::size_t> few_rows;                        // place in layout_
  Part part;
  std::size_t bucket_size = kBucketNumbers;
  bool rows_are_tracked = false;
  std::vector<std::int32_t> marked_rows;

  void raise_version() {
    if (version.load(std::memory_order_relaxed) % 2 == 0) version.fetch_or(1);
  }
};

Parameters::Parameters(std::vector<Parameter> layout)
    : layout_(std::move(layout)), storage_(std::make_unique<Storage>()) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < layout_.size(); ++i) {
    Parameter& parameter = layout_[i];
    parameter.offset = total;
    parameter.size = 1;
    for (const std::int64_t extent : parameter.shape) parameter.size *= static_cast<std::size_t>(extent);
    total += parameter.size;
    storage_->by_name.emplace(parameter.name, i);
    if (parameter.few_rows) storage_->few_rows = i;
  }
  storage_->values = std::make_shared<kernels::Buffer<float>>(total);
}

Parameters::Parameters(Parameters&&) noexcept = default;
Parameters& Parameters::operator=(Parameters&&) noexcept = default;
Parameters::~Parameters() = default;

std::size_t Parameters::sparse_prefix() const {
  return few_rows() != nullptr && few_rows()->offset == 0 ? few_rows()->size : 0;
}

std::size_t Parameters::count() const { return storage_->values->size(); }

std::span<float> Parameters::values() {
  mark_changed();
  return storage_->values->span();
}
std::span<const float> Parameters::values() const { return std::as_const(*storage_->values).span(); }

std::uint64_t Parameters::version() const {
  std::uint64_t seen = storage_->version.load();
  while (seen % 2 == 1 && !storage_->version.compare_exchange_weak(seen, seen + 1)) {
  }
  return seen + seen % 2;
}

void Parameters::mark_changed() {
  std::shared_ptr<kernels::Buffer<float>>& values = storage_->values;
  if (values.use_count() > 1) {
    auto own = std::make_shared<kernels::Buffer<float>>(values->size());
    kernels::ops().copy(
        {.size = static_cast<std::int64_t>(values->size()), .to = own->data(), .from = values->data()});
    values = std::move(own);
  }
  storage_->raise_version();
}

std::shared_ptr<const float> Parameters::snapshot() const {
  return {storage_->values, storage_->values->data()};
}

void Parameters::set_trainable(std::size_t index, bool trainable) {
  layout_.at(index).trainable = trainable;
  storage_->raise_version();
}
void Parameters::set_learning_rate_scale(std::size_t index, double scale) {
  layout_.at(index).learning_rate_scale = scale;
}
std::size_t Parameters::trainable_count() const {
  std::size_t total = 0;
  for (const Parameter& parameter : layout_) total += parameter.trainable ? parameter.size : 0;
  return total;
}

std::size_t Parameters::trainable_before(std::size_t offset) const {
  std::size_t total = 0;
  for (const Parameter& parameter : layout_) {
    if (parameter.offset >= offset) break;
    if (parameter.trainable) total += std::min(parameter.size, offset - parameter.offset);
  }
  return total;
}

void Parameters::set_bucket_size(std::size_t least) { storage_->bucket_size = least; }
void Parameters::set_part(Part part) { storage_->part = part; }
Part Parameters::part() const { return storage_->part; }

std::vector<Parameters::Range> Parameters::Bucket::ranges_of(Part part) const {
  std::size_t blocks = 0;
  for (const Range& range : ranges) blocks += blocks_of(range.size);
  const auto border = [&](std::int64_t index) {
    return blocks * static_cast<std::size_t>(index) / static_cast<std::size_t>(part.count);
  };
  const std::size_t first = border(part.index), end = border(part.index + 1);
  std::vector<Range> own;
  std::size_t before = 0;  // blocks of the ranges before this one
  for (const Range& range : ranges) {
    const std::size_t size = blocks_of(range.size);
    const std::size_t from = std::clamp(first, before, before + size) - before;
    const std::size_t to = std::clamp(end, before, before + size) - before;
    if (from < to) {
      const std::size_t begin = from * kPartBlock;
      own.push_back({range.offset + begin, std::min(to * kPartBlock, range.size) - begin});
    }
    before += size;
  }
  return own;
}

std::size_t Parameters::Bucket::size() const {
  std::size_t numbers = 0;
  for (const Range& range : ranges) numbers += range.size;
  return numbers;
}

// A block of several parameters has the smallest of their depths, for it is complete when all of them are.
std::vector<std::int64_t> Parameters::depths_of_blocks(const Range& range) const {
  std::vector<std::int64_t> depths(blocks_of(range.size), std::numeric_limits<std::int64_t>::max());
  for (const Parameter& parameter : layout_) {
    if (parameter.offset < range.offset || parameter.offset >= range.offset + range.size) continue;
    const std::size_t begin = parameter.offset - range.offset;
    for (std::size_t block = begin / kPartBlock; block < blocks_of(begin + parameter.size); ++block)
      depths[block] = std::min(depths[block], parameter.depth);
  }
  return depths;
}

// Backward goes from the last layer to the first, and buckets are made in its order.
std::vector<Parameters::Bucket> Parameters::buckets() const {
  std::vector<Bucket> buckets;
  std::vector<Range> ranges = trainable_ranges();
  std::ranges::reverse(ranges);
  for (const Range& range : ranges) {
    const std::vector<std::int64_t> depths = depths_of_blocks(range);
    for (std::size_t end = depths.size(), begin = end; end > 0; end = begin) {
      while (begin > 0 && depths[begin - 1] == depths[end - 1]) --begin;
      if (buckets.empty() || buckets.back().size() >= storage_->bucket_size)
        buckets.push_back({depths[begin], {}});
      Bucket& bucket = buckets.back();
      bucket.depth = std::min(bucket.depth, depths[begin]);
      const std::size_t offset = range.offset + begin * kPartBlock;
      const std::size_t size = std::min(end * kPartBlock, range.size) - begin * kPartBlock;
      if (!bucket.ranges.empty() && bucket.ranges.back().offset == offset + size) {
        bucket.ranges.back() = {offset, bucket.ranges.back().size + size};
      } else {
        bucket.ranges.push_back({offset, size});
      }
    }
  }
  for (Bucket& bucket : buckets) std::ranges::reverse(bucket.ranges);
  std::ranges::reverse(buckets);
  return buckets;
}

std::vector<Parameters::Range> Parameters::ranges_of(Part part) const {
  std::vector<Range> ranges;
  for (const Bucket& bucket : buckets())
    for (const Range& range : bucket.ranges_of(part)) append(ranges, range);
  return ranges;
}

std::vector<Parameters::Range> Parameters::trainable_ranges() const {
  const Parameter* apart = tracked_rows();
  std::vector<Range> ranges;
  for (const Parameter& parameter : layout_) {
    if (!parameter.trainable || &parameter == apart) continue;
    append(ranges, {parameter.offset, parameter.size});
  }
  return ranges;
}

std::vector<Parameters::Range> Parameters::gradient_ranges() const {
  std::vector<Range> ranges = trainable_ranges();
  const Parameter* apart = tracked_rows();
  if (apart == nullptr) return ranges;
  const auto width = static_cast<std::size_t>(apart->shape.back());
  for (const std::int32_t row : storage_->marked_rows)
    ranges.push_back({apart->offset + static_cast<std::size_t>(row) * width, width});
  return ranges;
}

// The gradients are allocated when first asked for: a model that only predicts has none.
std::span<float> Parameters::gradients() {
  if (storage_->gradients.size() == 0) storage_->gradients = kernels::Buffer<float>(count(), sparse_prefix());
  return storage_->gradients.span();
}
std::span<const float> Parameters::gradients() const { return std::as_const(storage_->gradients).span(); }

const Parameter* Parameters::find(std::string_view name) const {
  const auto found = storage_->by_name.find(name);
  return found == storage_->by_name.end() ? nullptr : &layout_[found->second];
}

namespace {

const Parameter& required(const Parameter* parameter, std::string_view name) {
  if (parameter == nullptr) throw Error(fmt::format("the model has no parameter \"{}\"", name));
  return *parameter;
}

}  // namespace

std::span<float> Parameters::value(std::string_view name) {
  const Parameter& parameter = required(find(name), name);
  return values().subspan(parameter.offset, parameter.size);
}
std::span<const float> Parameters::value(std::string_view name) const {
  const Parameter& parameter = required(find(name), name);
  return values().subspan(parameter.offset, parameter.size);
}
std::span<float> Parameters::gradient(std::string_view name) {
  const Parameter& parameter = required(find(name), name);
  return gradients().subspan(parameter.offset, parameter.size);
}

void Parameters::zero_grad() {
  float* all = gradients().data();
  std::vector<kernels::Segment> zeroed;
  for (const Range& range : gradient_ranges())
    zeroed.push_back({all + range.offset, static_cast<std::int64_t>(range.size)});
  kernels::ops().fill({.segments = zeroed.data(), .count = static_cast<std::int64_t>(zeroed.size())});
  storage_->marked_rows.clear();
}

void Parameters::track_rows() {
  if (few_rows() == nullptr || rows_are_tracked()) return;
  if (storage_->gradients.size() != 0) {
    const kernels::Segment table{gradients().data() + few_rows()->offset,
                                 static_cast<std::int64_t>(few_rows()->size)};
    kernels::ops().fill({.segments = &table, .count = 1});
  }
  storage_->rows_are_tracked = true;
}

bool Parameters::rows_are_tracked() const { return storage_->rows_are_tracked; }

const Parameter* Parameters::few_rows() const {
  return storage_->few_rows && layout_[*storage_->few_rows].trainable ? &layout_[*storage_->few_rows]
                                                                      : nullptr;
}

const Parameter* Parameters::tracked_rows() const { return rows_are_tracked() ? few_rows() : nullptr; }

void Parameters::mark_rows(std::span<const std::int32_t> rows) {
  if (!rows_are_tracked()) return;
  std::vector<std::int32_t>& marked = storage_->marked_rows;
  marked.insert(marked.end(), rows.begin(), rows.end());
  std::ranges::sort(marked);
  marked.erase(std::unique(marked.begin(), marked.end()), marked.end());
  const auto width = static_cast<std::size_t>(few_rows()->shape.back());
  float* first = gradients().data() + few_rows()->offset;
  const kernels::OpTable& ops = kernels::ops();
  for (const std::int32_t row : marked)
    ops.commit(first + static_cast<std::size_t>(row) * width, width * sizeof(float));
}

std::span<const std::int32_t> Parameters::marked_rows() const { return storage_->marked_rows; }

}  // namespace bertune
