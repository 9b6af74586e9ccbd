// Tokens of texts while they are being encoded. Memory is kept from text to text and never cleared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "bertune/tokenizer.h"

namespace bertune::text {

class TokenBuffer {
 public:
  // Empties it. Without spans, only ids are kept.
  void clear(bool with_spans = false) {
    if (with_spans && !with_spans_) capacity_ = 0;  // there is no memory for them yet
    with_spans_ = with_spans;
    size_ = 0;
  }
  bool with_spans() const { return with_spans_; }
  std::size_t size() const { return size_; }
  std::int32_t* ids() { return ids_.get(); }
  Span* spans() { return spans_.get(); }
  std::int32_t* words() { return words_.get(); }
  const std::int32_t* ids() const { return ids_.get(); }
  const Span* spans() const { return spans_.get(); }          // in bytes
  const std::int32_t* words() const { return words_.get(); }  // the word that a token is part of

  // Room for `more` tokens behind size().
  void reserve_more(std::size_t more) {
    if (size_ + more > capacity_) grow(size_ + more);
  }
  void set_size(std::size_t size) { size_ = size; }
  void push(std::int32_t id, Span span, std::int32_t word) {
    reserve_more(1);
    ids_[size_] = id;
    if (with_spans_) {
      spans_[size_] = span;
      words_[size_] = word;
    }
    ++size_;
  }
  void append(std::span<const std::int32_t> ids) {  // without spans
    reserve_more(ids.size());
    std::copy(ids.begin(), ids.end(), ids_.get() + size_);
    size_ += ids.size();
  }

  // Gives back what an unusually long text took.
  void shrink() {
    if (capacity_ > (std::size_t{1} << 18)) *this = TokenBuffer();
  }

 private:
  void grow(std::size_t least) {
    const std::size_t capacity = std::max(least, capacity_ + capacity_ / 2);
    grow_one(ids_, capacity);
    if (with_spans_) {
      grow_one(spans_, capacity);
      grow_one(words_, capacity);
    }
    capacity_ = capacity;
  }
  template <typename T>
  void grow_one(std::unique_ptr<T[]>& values, std::size_t capacity) {
    auto larger = std::make_unique_for_overwrite<T[]>(capacity);
    if (size_ > 0) std::memcpy(static_cast<void*>(larger.get()), values.get(), size_ * sizeof(T));
    values = std::move(larger);
  }

  std::unique_ptr<std::int32_t[]> ids_, words_;
  std::unique_ptr<Span[]> spans_;
  std::size_t size_ = 0, capacity_ = 0;
  bool with_spans_ = false;
};

}  // namespace bertune::text
