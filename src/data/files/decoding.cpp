#include "data/files/decoding.h"

#include <fmt/format.h>
#include <iconv.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <span>
#include <streambuf>
#include <utility>

#include "bertune/error.h"
#include "core/arriving_lines.h"
#include "data/files/owning_stream.h"

namespace bertune::data {
namespace {

using namespace std::string_view_literals;

// Gives what a conversion makes of the bytes of another stream, a block at a time.
class ConvertingBuffer : public std::streambuf {
 public:
  ConvertingBuffer(std::unique_ptr<std::istream> source, std::string path)
      : path_(std::move(path)), source_(std::move(source)) {}

 protected:
  int_type underflow() override {
    std::size_t made = 0;
    while (made == 0) {
      if (taken_ == held_ && !ended_) read_more();
      if (taken_ == held_ && ended_ && at_end()) return traits_type::eof();
      made = convert(output_);
    }
    setg(output_.data(), output_.data(), output_.data() + made);
    return traits_type::to_int_type(output_[0]);
  }

  // Makes output of unread(), says by take() how much of it was used, and returns the size of the output;
  // where nothing can be made without more input, it calls read_more() itself.
  virtual std::size_t convert(std::span<char> output) = 0;
  // Returns, when nothing is left to read, whether nothing is left to give either. Throws Error where the end
  // comes too early.
  virtual bool at_end() { return true; }

  std::string_view unread() const { return {input_.data() + taken_, held_ - taken_}; }
  void take(std::size_t bytes) { taken_ += bytes; }
  bool ended() const { return ended_; }

  // Adds to what is unread.
  void read_more() {
    std::copy(input_.data() + taken_, input_.data() + held_, input_.data());
    held_ -= std::exchange(taken_, 0);
    const std::size_t arrived = std::min(input_.size() - held_, bytes_arrived(*source_));
    source_->read(input_.data() + held_, static_cast<std::streamsize>(arrived));
    const auto got = static_cast<std::size_t>(source_->gcount());
    ended_ = got == 0;
    held_ += got;
  }

  std::string path_;

 private:
  std::unique_ptr<std::istream> source_;
  std::array<char, 1 << 16> input_;
  std::array<char, 1 << 16> output_;
  std::size_t taken_ = 0, held_ = 0;
  bool ended_ = false;
};

[[noreturn]] void refuse_damaged(const std::string& path, std::string_view how) {
  throw Error(fmt::format("{}: is damaged {} data", path, how));
}

[[noreturn]] void refuse_cut(const std::string& path, std::string_view how) {
  throw Error(
      fmt::format("{}: ends in the middle of its {} data; was it copied or downloaded whole?", path, how));
}

class GzipBuffer final : public ConvertingBuffer {
 public:
  GzipBuffer(std::unique_ptr<std::istream> source, std::string path)
      : ConvertingBuffer(std::move(source), std::move(path)) {
    constexpr int kLargestWindow = 15, kGzip = 16;
    if (inflateInit2(&state_, kLargestWindow + kGzip) != Z_OK) throw Error("zlib cannot start");
  }
  GzipBuffer(const GzipBuffer&) = delete;
  GzipBuffer& operator=(const GzipBuffer&) = delete;
  ~GzipBuffer() override { inflateEnd(&state_); }

 protected:
  std::size_t convert(std::span<char> output) override {
    // A file may be several gzip files, one behind the other.
    if (between_) inflateReset(&state_);
    between_ = false;
    const std::string_view input = unread();
    state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    state_.avail_in = static_cast<uInt>(input.size());
    state_.next_out = reinterpret_cast<Bytef*>(output.data());
    state_.avail_out = static_cast<uInt>(output.size());
    const int code = inflate(&state_, Z_NO_FLUSH);
    take(input.size() - state_.avail_in);
    between_ = code == Z_STREAM_END;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) refuse_damaged(path_, "gzip");
    const std::size_t made = output.size() - state_.avail_out;
    if (made == 0 && ended() && !between_) refuse_cut(path_, "gzip");
    return made;
  }
  bool at_end() override { return between_; }

 private:
  z_stream state_{};
  bool between_ = false;
};

class ZstdBuffer final : public ConvertingBuffer {
 public:
  using ConvertingBuffer::ConvertingBuffer;

 protected:
  std::size_t convert(std::span<char> output) override {
    const std::string_view input = unread();
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    left_ = ZSTD_decompressStream(state_.get(), &out, &in);
    if (ZSTD_getErrorCode(left_) == ZSTD_error_frameParameter_windowTooLarge) {
      throw Error(
          fmt::format("{}: was packed by zstd with a window of more than 128 MB, which unpacking would "
                      "need as memory; unpack it first",
                      path_));
    }
    if (ZSTD_isError(left_) != 0) refuse_damaged(path_, "zstd");
    take(in.pos);
    if (out.pos == 0 && ended() && left_ != 0) refuse_cut(path_, "zstd");
    return out.pos;
  }
  bool at_end() override { return left_ == 0; }

 private:
  struct Free {
    void operator()(ZSTD_DStream* state) const { ZSTD_freeDStream(state); }
  };
  std::unique_ptr<ZSTD_DStream, Free> state_{ZSTD_createDStream()};
  std::size_t left_ = 0;
};

// Names of Python that iconv does not know.
std::string iconv_name(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOthers = {
      {{"latin-1", "ISO-8859-1"},
       {"latin_1", "ISO-8859-1"},
       {"Latin-1", "ISO-8859-1"},
       {"iso8859_1", "ISO-8859-1"},
       {"utf_16", "UTF-16"},
       {"shift_jis", "SHIFT_JIS"},
       {"mac_roman", "MACINTOSH"}}};
  for (const auto& [known, standard] : kOthers)
    if (known == name) return std::string(standard);
  return name;
}

class EncodingBuffer final : public ConvertingBuffer {
 public:
  EncodingBuffer(std::unique_ptr<std::istream> source, const std::string& encoding, std::string path)
      : ConvertingBuffer(std::move(source), std::move(path)), encoding_(encoding) {
    state_ = iconv_open("UTF-8", iconv_name(encoding).c_str());
    if (state_ == reinterpret_cast<iconv_t>(-1)) {
      throw UsageError("encoding",
                       fmt::format("`encoding` is \"{}\", which is not known; usual ones are latin-1, "
                                   "cp1252, utf-16, cp1251, gb18030 and shift_jis",
                                   encoding));
    }
  }
  EncodingBuffer(const EncodingBuffer&) = delete;
  EncodingBuffer& operator=(const EncodingBuffer&) = delete;
  ~EncodingBuffer() override { iconv_close(state_); }

 protected:
  std::size_t convert(std::span<char> output) override {
    const std::string_view input = unread();
    char* in = const_cast<char*>(input.data());
    char* out = output.data();
    std::size_t in_left = input.size(), out_left = output.size();
    const std::size_t code = iconv(state_, &in, &in_left, &out, &out_left);
    const int error = code == static_cast<std::size_t>(-1) ? errno : 0;
    const std::size_t used = input.size() - in_left, made = output.size() - out_left;
    take(used);
    done_ += used;
    if (error == EILSEQ && made == 0) refuse();
    if (error == EINVAL && made == 0) {  // a character of which only the beginning is here
      read_more();
      if (ended()) refuse();
    }
    return made;
  }

 private:
  [[noreturn]] void refuse() const {
    throw Error(
        fmt::format("{}: is not {} text: byte {} begins no character of it", path_, encoding_, done_ + 1));
  }

  std::string encoding_;
  iconv_t state_;
  std::uint64_t done_ = 0;  // bytes
};

constexpr std::string_view kGzipMark = "\x1f\x8b"sv, kZstdMark = "\x28\xb5\x2f\xfd"sv;

// A stream of which some was taken, from its beginning again.
class OwnedReplay final : public ReplayedStream {
 public:
  OwnedReplay(std::string beginning, std::unique_ptr<std::istream> rest)
      : ReplayedStream(std::move(beginning), *rest), rest_(std::move(rest)) {}

 private:
  std::unique_ptr<std::istream> rest_;
};

}  // namespace

Packing packing_of(std::string_view head) {
  if (head.starts_with(kGzipMark)) return Packing::gzip;
  return head.starts_with(kZstdMark) ? Packing::zstd : Packing::none;
}

bool may_be_packed(std::string_view head) {
  return kGzipMark.starts_with(head.substr(0, kGzipMark.size())) ||
         kZstdMark.starts_with(head.substr(0, kZstdMark.size()));
}

std::unique_ptr<std::istream> unpacked_by_mark(std::unique_ptr<std::istream> source, std::string path) {
  std::string mark;
  while (packing_of(mark) == Packing::none) {
    const int next = source->peek();
    if (next == std::istream::traits_type::eof()) break;
    if (!may_be_packed(mark + static_cast<char>(next))) break;
    mark += static_cast<char>(source->get());
  }
  if (mark.empty()) return source;
  const Packing packing = packing_of(mark);
  return unpacked(std::make_unique<OwnedReplay>(std::move(mark), std::move(source)), packing,
                  std::move(path));
}

std::unique_ptr<std::istream> unpacked(std::unique_ptr<std::istream> source, Packing packing,
                                       std::string path) {
  switch (packing) {
    case Packing::gzip:
      return std::make_unique<OwningStream>(std::make_unique<GzipBuffer>(std::move(source), std::move(path)));
    case Packing::zstd:
      return std::make_unique<OwningStream>(std::make_unique<ZstdBuffer>(std::move(source), std::move(path)));
    case Packing::none:
      break;
  }
  return source;
}

std::unique_ptr<std::istream> decoded(std::unique_ptr<std::istream> source, const std::string& encoding,
                                      std::string path) {
  return std::make_unique<OwningStream>(
      std::make_unique<EncodingBuffer>(std::move(source), encoding, std::move(path)));
}

}  // namespace bertune::data
