#include "data/files/packing.h"

#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <fstream>

#include "bertune/error.h"
#include "core/lower_case.h"

namespace bertune::data {
namespace {

class GzipPacker final : public Packer {
 public:
  GzipPacker() {
    constexpr int kLargestWindow = 15, kGzip = 16, kUsualMemory = 8;
    if (deflateInit2(&state_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kLargestWindow + kGzip, kUsualMemory,
                     Z_DEFAULT_STRATEGY) != Z_OK)
      throw Error("zlib cannot start");
  }
  GzipPacker(const GzipPacker&) = delete;
  GzipPacker& operator=(const GzipPacker&) = delete;
  ~GzipPacker() override { deflateEnd(&state_); }

  void add(std::string_view text, std::string& packed) override {
    constexpr std::size_t kMost = std::size_t{1} << 30;  // zlib counts in 32 bits
    for (; text.size() > kMost; text.remove_prefix(kMost)) run(text.substr(0, kMost), Z_NO_FLUSH, packed);
    run(text, Z_NO_FLUSH, packed);
  }
  void finish(std::string& packed) override { run({}, Z_FINISH, packed); }

 private:
  void run(std::string_view text, int flush, std::string& packed) {
    state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    state_.avail_in = static_cast<uInt>(text.size());
    do {
      state_.next_out = reinterpret_cast<Bytef*>(block_.data());
      state_.avail_out = static_cast<uInt>(block_.size());
      deflate(&state_, flush);
      packed.append(block_.data(), block_.size() - state_.avail_out);
    } while (state_.avail_out == 0);
  }

  z_stream state_{};
  std::array<char, 1 << 16> block_;
};

class ZstdPacker final : public Packer {
 public:
  // A sum behind the data shows where it was damaged.
  ZstdPacker() { ZSTD_CCtx_setParameter(state_.get(), ZSTD_c_checksumFlag, 1); }

  void add(std::string_view text, std::string& packed) override { run(text, ZSTD_e_continue, packed); }
  void finish(std::string& packed) override { run({}, ZSTD_e_end, packed); }

 private:
  void run(std::string_view text, ZSTD_EndDirective end, std::string& packed) {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    for (bool done = false; !done;) {
      ZSTD_outBuffer out{block_.data(), block_.size(), 0};
      const std::size_t left = ZSTD_compressStream2(state_.get(), &out, &in, end);
      if (ZSTD_isError(left) != 0) throw Error("zstd cannot pack");
      packed.append(block_.data(), out.pos);
      done = end == ZSTD_e_end ? left == 0 : in.pos == in.size;
    }
  }

  struct Free {
    void operator()(ZSTD_CCtx* state) const { ZSTD_freeCCtx(state); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> state_{ZSTD_createCCtx()};
  std::array<char, 1 << 16> block_;
};

}  // namespace

Packing packing_by_name(const fs::path& path) {
  const std::string extension = lower_case(path.extension().string());
  if (extension == ".gz") return Packing::gzip;
  return extension == ".zst" || extension == ".zstd" ? Packing::zstd : Packing::none;
}

fs::path unpacked_name(const fs::path& path) {
  return packing_by_name(path) == Packing::none ? path : fs::path(path).replace_extension();
}

bool is_packed(const fs::path& path) {
  if (struct stat status{}; ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  std::ifstream file(path, std::ios::binary);
  char head[4] = {};
  file.read(head, sizeof head);
  return packing_of({head, static_cast<std::size_t>(file.gcount())}) != Packing::none;
}

std::unique_ptr<Packer> make_packer(Packing packing) {
  switch (packing) {
    case Packing::gzip:
      return std::make_unique<GzipPacker>();
    case Packing::zstd:
      return std::make_unique<ZstdPacker>();
    case Packing::none:
      break;
  }
  return nullptr;
}

}  // namespace bertune::data
