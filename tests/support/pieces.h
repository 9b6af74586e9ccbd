// A stream that arrives bit by bit.
#pragma once

#include <cstddef>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

namespace bertune::testing {

// A pipe: every read gives one piece, however much was asked for.
class Pieces : public std::streambuf {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  std::size_t read() const { return next_; }

 private:
  int_type underflow() override {
    if (next_ == pieces_.size()) return traits_type::eof();
    std::string& piece = pieces_[next_++];
    setg(piece.data(), piece.data(), piece.data() + piece.size());
    return traits_type::to_int_type(piece.front());
  }
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
};

}  // namespace bertune::testing
