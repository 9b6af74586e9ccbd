// Numbers that are appended one by one and then read: in memory, or in a file that is mapped in, so that
// memory does not grow with them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "core/file.h"

namespace bertune::data {

template <typename T>
class Column {
 public:
  // Sends what is appended to a file, which is there once finish() returns. Call it before the first.
  void write_to(fs::path path) {
    path_ = std::move(path);
    file_ = std::make_unique<AtomicFile>(path_);
  }
  void append(std::span<const T> values) {
    if (values.empty()) return;
    held_.insert(held_.end(), values.begin(), values.end());
    size_ += values.size();
    last_ = values.back();
    if (file_ && held_.size() * sizeof(T) >= kBlock) flush();
  }
  void push_back(const T& value) { append(std::span(&value, 1)); }
  // Values in memory, in place of those there are.
  void take(std::vector<T> values) {
    held_ = std::move(values);
    size_ = held_.size();
    if (size_ > 0) last_ = held_.back();
  }
  // Throws Error where the file cannot be written. Values of files can be read from here on.
  void finish() {
    if (!file_) return;
    flush();
    file_->commit();
    file_.reset();
    map(path_);
  }
  // The values of a file that was finished.
  void map(const fs::path& path) {
    mapped_ = std::make_unique<MappedFile>(path);
    size_ = mapped_->bytes().size() / sizeof(T);
    if (size_ > 0) last_ = (*this)[size_ - 1];
  }

  std::size_t size() const { return size_; }
  const T& back() const { return last_; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  std::span<const T> all() const { return {data(), size_}; }
  std::size_t memory_bytes() const { return held_.capacity() * sizeof(T); }
  // Gives back the memory that pages of the file took.
  void release_pages() const {
    if (mapped_) mapped_->release_pages();
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 20;

  const T* data() const {
    return mapped_ ? reinterpret_cast<const T*>(mapped_->bytes().data()) : held_.data();
  }
  void flush() {
    file_->write(std::as_bytes(std::span(held_)));
    held_.clear();
  }

  fs::path path_;
  std::unique_ptr<AtomicFile> file_;  // while it is written
  std::unique_ptr<MappedFile> mapped_;
  std::vector<T> held_;  // all, or the end that the file lacks
  std::size_t size_ = 0;
  T last_{};
};

}  // namespace bertune::data
