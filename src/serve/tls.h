// TLS between bytes and bytes: the network is its caller's.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace bertune::serve {

// One connection's.
class TlsSession {
 public:
  TlsSession() = default;
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  virtual ~TlsSession() = default;
  // Of what arrived, the text goes to `text`, and what is to be sent for it to `out`. False: the connection
  // is at its end.
  virtual bool receive(std::string_view bytes, std::string& text, std::string& out) = 0;
  virtual bool send(std::string_view text, std::string& out) = 0;
};

class TlsContext {
 public:
  // PEM files. libssl is loaded when this is first made. Throws Error for files that are no pair of a
  // certificate and its key, and where there is no libssl.
  TlsContext(const std::filesystem::path& certificate, const std::filesystem::path& private_key);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  std::unique_ptr<TlsSession> session() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace bertune::serve
