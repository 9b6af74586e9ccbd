#include "serve/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/opensslv.h>
#include <openssl/ssl.h>

#include <array>

#include "bertune/error.h"
#include "hub/loaded_library.h"

#define BERTUNE_TEXT(text) #text
#define BERTUNE_STRING(text) BERTUNE_TEXT(text)

namespace bertune::serve {
namespace {

// What is used of libssl and libcrypto, which a server without TLS does not load.
struct Functions {
  decltype(&::TLS_server_method) server_method;
  decltype(&::SSL_CTX_new) new_context;
  decltype(&::SSL_CTX_free) free_context;
  decltype(&::SSL_CTX_ctrl) control;
  decltype(&::SSL_CTX_use_certificate_chain_file) use_certificate;
  decltype(&::SSL_CTX_use_PrivateKey_file) use_key;
  decltype(&::SSL_CTX_check_private_key) check_key;
  decltype(&::SSL_new) new_session;
  decltype(&::SSL_free) free_session;
  decltype(&::SSL_set_bio) set_bios;
  decltype(&::SSL_set_accept_state) be_server;
  decltype(&::SSL_read) read;
  decltype(&::SSL_write) write;
  decltype(&::SSL_get_error) error_of;
  decltype(&::BIO_new) new_bio;
  decltype(&::BIO_s_mem) memory;
  decltype(&::BIO_read) take;
  decltype(&::BIO_write) give;
  decltype(&::ERR_get_error) last_error;
  decltype(&::ERR_error_string_n) error_text;
  decltype(&::ERR_clear_error) clear_errors;

  Functions() {
    const hub::LoadedLibrary crypto("libcrypto.so." BERTUNE_STRING(OPENSSL_SHLIB_VERSION),
                                    "libssl" BERTUNE_STRING(OPENSSL_SHLIB_VERSION));
    const hub::LoadedLibrary ssl("libssl.so." BERTUNE_STRING(OPENSSL_SHLIB_VERSION),
                                 "libssl" BERTUNE_STRING(OPENSSL_SHLIB_VERSION));
    ssl.find(server_method, "TLS_server_method");
    ssl.find(new_context, "SSL_CTX_new");
    ssl.find(free_context, "SSL_CTX_free");
    ssl.find(control, "SSL_CTX_ctrl");
    ssl.find(use_certificate, "SSL_CTX_use_certificate_chain_file");
    ssl.find(use_key, "SSL_CTX_use_PrivateKey_file");
    ssl.find(check_key, "SSL_CTX_check_private_key");
    ssl.find(new_session, "SSL_new");
    ssl.find(free_session, "SSL_free");
    ssl.find(set_bios, "SSL_set_bio");
    ssl.find(be_server, "SSL_set_accept_state");
    ssl.find(read, "SSL_read");
    ssl.find(write, "SSL_write");
    ssl.find(error_of, "SSL_get_error");
    crypto.find(new_bio, "BIO_new");
    crypto.find(memory, "BIO_s_mem");
    crypto.find(take, "BIO_read");
    crypto.find(give, "BIO_write");
    crypto.find(last_error, "ERR_get_error");
    crypto.find(error_text, "ERR_error_string_n");
    crypto.find(clear_errors, "ERR_clear_error");
  }
};

const Functions& functions() {
  static const Functions loaded;
  return loaded;
}

std::string last_error() {
  std::array<char, 256> text{};
  functions().error_text(functions().last_error(), text.data(), text.size());
  return text.data();
}

class Session : public TlsSession {
 public:
  explicit Session(SSL_CTX* context)
      : ssl_(functions().new_session(context)),
        in_(functions().new_bio(functions().memory())),
        out_(functions().new_bio(functions().memory())) {
    if (ssl_ == nullptr || in_ == nullptr || out_ == nullptr) throw std::bad_alloc();
    functions().set_bios(ssl_, in_, out_);  // which are the session's from here on
    functions().be_server(ssl_);
  }
  ~Session() override { functions().free_session(ssl_); }

  bool receive(std::string_view bytes, std::string& text, std::string& out) override {
    functions().clear_errors();
    if (functions().give(in_, bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size()))
      return false;
    std::array<char, 16384> part;
    int got = 0;
    while ((got = functions().read(ssl_, part.data(), static_cast<int>(part.size()))) > 0)
      text.append(part.data(), static_cast<std::size_t>(got));
    const int why = functions().error_of(ssl_, got);
    take_out(out);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
  }

  bool send(std::string_view text, std::string& out) override {
    functions().clear_errors();
    const bool done = text.empty() || functions().write(ssl_, text.data(), static_cast<int>(text.size())) ==
                                          static_cast<int>(text.size());
    take_out(out);
    return done;
  }

 private:
  void take_out(std::string& out) {
    std::array<char, 16384> part;
    int got = 0;
    while ((got = functions().take(out_, part.data(), static_cast<int>(part.size()))) > 0)
      out.append(part.data(), static_cast<std::size_t>(got));
  }

  SSL* ssl_;
  BIO *in_, *out_;
};

}  // namespace

struct TlsContext::Implementation {
  SSL_CTX* context = functions().new_context(functions().server_method());
  Implementation() = default;
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;
  ~Implementation() { functions().free_context(context); }
};

TlsContext::TlsContext(const std::filesystem::path& certificate, const std::filesystem::path& private_key)
    : implementation_(std::make_unique<Implementation>()) {
  SSL_CTX* context = implementation_->context;
  if (context == nullptr) throw Error(fmt::format("TLS cannot be set up: {}", last_error()));
  functions().control(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
  functions().control(context, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, nullptr);
  if (functions().use_certificate(context, certificate.c_str()) != 1) {
    throw Error(fmt::format("{}: is no PEM file of a certificate that can be used: {}", certificate.string(),
                            last_error()));
  }
  if (functions().use_key(context, private_key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      functions().check_key(context) != 1) {
    throw Error(fmt::format("{}: is no PEM file of the key of {}: {}", private_key.string(),
                            certificate.string(), last_error()));
  }
}
TlsContext::~TlsContext() = default;

std::unique_ptr<TlsSession> TlsContext::session() const {
  return std::make_unique<Session>(implementation_->context);
}

}  // namespace bertune::serve
