// HTTPS, with a certificate that the test signs itself.
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

#include "bertune/error.h"
#include "serve/connection.h"
#include "serve/served.h"
#include "serve/server.h"
#include "serve/tls.h"

namespace bertune {
namespace {

template <auto free>
struct Free {
  void operator()(auto* one) const { free(one); }
};
template <typename One, auto free>
using Owned = std::unique_ptr<One, Free<free>>;

struct Pair {
  std::filesystem::path certificate, key;
};

// A certificate for localhost, and its key.
Pair write_pair(const std::filesystem::path& folder, const std::string& name) {
  Pair pair{folder / (name + ".pem"), folder / (name + ".key")};
  const Owned<EVP_PKEY, ::EVP_PKEY_free> key(EVP_EC_gen("P-256"));
  const Owned<X509, ::X509_free> certificate(::X509_new());
  ::X509_set_version(certificate.get(), X509_VERSION_3);
  ::X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  ::X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  ::X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* owner = ::X509_get_subject_name(certificate.get());
  ::X509_NAME_add_entry_by_txt(owner, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"),
                               -1, -1, 0);
  ::X509_set_issuer_name(certificate.get(), owner);
  ::X509_sign(certificate.get(), key.get(), ::EVP_sha256());
  const Owned<std::FILE, std::fclose> certificate_file(std::fopen(pair.certificate.c_str(), "w"));
  const Owned<std::FILE, std::fclose> key_file(std::fopen(pair.key.c_str(), "w"));
  ::PEM_write_X509(certificate_file.get(), certificate.get());
  ::PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return pair;
}

class Https : public ::testing::Test {
 protected:
  Https() { server.load(); }

  // The answer, to the last brace of its body.
  std::string ask(SSL* ssl, const std::string& request) const {
    ::SSL_write(ssl, request.data(), static_cast<int>(request.size()));
    std::string answer, part(16384, '\0');
    while (!answer.ends_with("}}") && !answer.ends_with("}]}")) {
      const int got = ::SSL_read(ssl, part.data(), static_cast<int>(part.size()));
      if (got <= 0) break;
      answer.append(part, 0, static_cast<std::size_t>(got));
    }
    return answer;
  }

  testing::TemporaryDirectory files;
  Pair pair = write_pair(files.path(), "mine");
  serve::Server server{
      {.port = 0, .certificate = pair.certificate, .private_key = pair.key},
      {{"classes", testing::write_model(files.path() / "model", testing::head_named("classes"))}},
      {}};
  std::uint16_t port =
      static_cast<std::uint16_t>(std::stoi(server.url().substr(server.url().rfind(':') + 1)));
};

TEST_F(Https, AnswersWhoTrustsTheCertificate) {
  EXPECT_THAT(server.url(), ::testing::StartsWith("https://127.0.0.1:"));
  const Owned<SSL_CTX, ::SSL_CTX_free> context(::SSL_CTX_new(::TLS_client_method()));
  ASSERT_EQ(::SSL_CTX_load_verify_file(context.get(), pair.certificate.c_str()), 1);
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const testing::Connection connection(port);
  const Owned<SSL, ::SSL_free> ssl(::SSL_new(context.get()));
  ::SSL_set1_host(ssl.get(), "localhost");
  ::SSL_set_fd(ssl.get(), connection.descriptor());
  ASSERT_EQ(::SSL_connect(ssl.get()), 1);
  const std::string request = testing::http_post("/v1/predict", R"({"inputs": "good"})");
  for (int i = 0; i < 2; ++i) {  // on one connection
    const std::string answer = ask(ssl.get(), request);
    EXPECT_THAT(answer, ::testing::StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, ::testing::HasSubstr(R"("results":[{"label":)"));
  }
  // More than a record of TLS, and more than a socket takes at once.
  const std::string large =
      testing::http_post("/v1/tokenize", R"({"inputs": ")" + std::string(300'000, 'x') + R"("})");
  EXPECT_THAT(ask(ssl.get(), large), ::testing::StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(Https, EndsAConnectionThatSpeaksPlainly) {
  const testing::Connection plain(port);
  plain.send(testing::http_post("/v1/predict", R"({"inputs": "good"})"));
  EXPECT_THAT(plain.receive_all(), ::testing::Not(::testing::HasSubstr("HTTP/1.1")));
}

TEST_F(Https, WantsTheCertificatesOwnKey) {
  const Pair other = write_pair(files.path(), "other");
  const auto error = [](const Pair& tried) -> std::string {
    try {
      const serve::TlsContext context(tried.certificate, tried.key);
    } catch (const Error& caught) {
      return caught.what();
    }
    return "";
  };
  EXPECT_EQ(error(pair), "");
  EXPECT_THAT(error({pair.certificate, other.key}),
              ::testing::HasSubstr("other.key: is no PEM file of the key of"));
  EXPECT_THAT(error({pair.key, pair.key}), ::testing::HasSubstr("is no PEM file of a certificate"));
}

}  // namespace
}  // namespace bertune
