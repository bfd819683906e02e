#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "server/net/client_config.h"
#include "server/net/web_config.h"

// TLS contexts from configuration; private to server/net. Everything here reads files: run it on a
// pool.
namespace meerkat::net {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

// The whole file; the error speaks as Go's os.ReadFile does: `open PATH: no such file or
// directory`.
Result<std::string> ReadFile(const std::string& path);
// A secret's text now: in place, or the file without trailing white space.
Result<std::string> Read(const SecretSource& source);

// Makes contexts for one configuration and keeps the last: as long as no file changes, the same
// context comes back, and with it resumed sessions. Threads: one at a time.
class ClientTls {
 public:
  explicit ClientTls(TlsConfig config) : config_(std::move(config)) {}
  Result<TlsContext> Current();
  const TlsConfig& config() const { return config_; }

 private:
  TlsConfig config_;
  std::string made_from_;
  TlsContext context_;
};

class ServerTls {
 public:
  Result<TlsContext> Current(const WebTlsConfig& config);

 private:
  std::string made_from_;
  TlsContext context_;
};

// For one connection, before its handshake: whose certificate is expected.
void ExpectServer(void* ssl, const std::string& host, bool insecure_skip_verify);
// Why a handshake failed, in Go's words: "tls: failed to verify certificate: x509: certificate
// signed by unknown authority".
std::string HandshakeFailure(void* ssl, const std::string& host, const std::string& fallback);

}  // namespace meerkat::net
