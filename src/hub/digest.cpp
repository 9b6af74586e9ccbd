#include "hub/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "bertune/error.h"
#include "core/file.h"
#include "hub/loaded_library.h"

namespace bertune::hub {
namespace {

#define BERTUNE_STRING_OF(macro) #macro
#define BERTUNE_STRING(macro) BERTUNE_STRING_OF(macro)

// The functions of libcrypto that are used here.
struct Crypto {
  decltype(::EVP_MD_CTX_new)* context_new;
  decltype(::EVP_MD_CTX_free)* context_free;
  decltype(::EVP_DigestInit_ex)* init;
  decltype(::EVP_DigestUpdate)* update;
  decltype(::EVP_DigestFinal_ex)* final;
  decltype(::EVP_sha1)* sha1;
  decltype(::EVP_sha256)* sha256;
};

Crypto load_crypto() {
  const LoadedLibrary library("libcrypto.so." BERTUNE_STRING(OPENSSL_SHLIB_VERSION),
                              "libssl" BERTUNE_STRING(OPENSSL_SHLIB_VERSION));
  Crypto crypto{};
  library.find(crypto.context_new, "EVP_MD_CTX_new");
  library.find(crypto.context_free, "EVP_MD_CTX_free");
  library.find(crypto.init, "EVP_DigestInit_ex");
  library.find(crypto.update, "EVP_DigestUpdate");
  library.find(crypto.final, "EVP_DigestFinal_ex");
  library.find(crypto.sha1, "EVP_sha1");
  library.find(crypto.sha256, "EVP_sha256");
  return crypto;
}

const Crypto& crypto() {
  static const Crypto kCrypto = load_crypto();
  return kCrypto;
}

class Digest {
 public:
  explicit Digest(const EVP_MD* algorithm) : context_(crypto().context_new()) {
    require(context_ != nullptr && crypto().init(context_.get(), algorithm, nullptr) == 1);
  }
  void add(const void* bytes, std::size_t count) {
    require(crypto().update(context_.get(), bytes, count) == 1);
  }
  std::string hexadecimal() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned count = 0;
    require(crypto().final(context_.get(), bytes.data(), &count) == 1);
    std::string text;
    for (unsigned i = 0; i < count; ++i) text += fmt::format("{:02x}", bytes.at(i));
    return text;
  }

 private:
  static void require(bool done) {
    if (!done) throw Error("libcrypto cannot compute a checksum (is SHA-1 or SHA-256 switched off in it?)");
  }
  struct Free {
    void operator()(EVP_MD_CTX* context) const { crypto().context_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

std::string digest_of(const fs::path& path, const EVP_MD* algorithm, bool with_git_header,
                      const std::function<bool()>& interrupted) {
  constexpr std::size_t kStep = std::size_t{16} << 20;
  const MappedFile file(path);
  Digest digest(algorithm);
  if (with_git_header) {
    const std::string header = fmt::format("blob {}", file.bytes().size());
    digest.add(header.c_str(), header.size() + 1);
  }
  for (auto rest = file.bytes(); !rest.empty(); rest = rest.subspan(std::min(kStep, rest.size()))) {
    if (interrupted && interrupted()) throw Interrupted("interrupted");
    digest.add(rest.data(), std::min(kStep, rest.size()));
  }
  return digest.hexadecimal();
}

}  // namespace

std::string sha256_of(const fs::path& file, const std::function<bool()>& interrupted) {
  return digest_of(file, crypto().sha256(), false, interrupted);
}

std::string git_blob_of(const fs::path& file, const std::function<bool()>& interrupted) {
  return digest_of(file, crypto().sha1(), true, interrupted);
}

}  // namespace bertune::hub
