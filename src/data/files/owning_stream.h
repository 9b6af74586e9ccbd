// A stream that owns its buffer, and throws what the buffer throws.
#pragma once

#include <istream>
#include <memory>
#include <streambuf>
#include <utility>

namespace bertune::data {

class OwningStream final : public std::istream {
 public:
  explicit OwningStream(std::unique_ptr<std::streambuf> buffer)
      : std::istream(buffer.get()), buffer_(std::move(buffer)) {
    exceptions(std::ios::badbit);
  }

 private:
  std::unique_ptr<std::streambuf> buffer_;
};

}  // namespace bertune::data
