#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/net/client_config.h"
#include "server/net/io.h"
#include "server/net/offload.h"

namespace meerkat::net {

// One mail to one smarthost. The message is ready: headers, blank line, body, with LF or CRLF
// lines; dot stuffing and CRLF are done here.
struct SmtpRequest {
  std::string host;
  std::string port;   // "465" speaks TLS from the first byte unless implicit_tls says otherwise
  std::string hello;  // EHLO name; "": localhost
  std::string from;   // envelope address
  std::vector<std::string> to;  // envelope addresses
  std::string message;

  std::string auth_username;
  SecretSource auth_password;
  std::string auth_identity;
  SecretSource auth_secret;  // for CRAM-MD5

  bool require_tls = true;  // STARTTLS must be offered
  std::optional<bool> implicit_tls;
  TlsConfig tls;
  Millis timeout = std::chrono::seconds(30);
};

// Sends and says how it went. Errors: kUnavailable is worth another try, kInvalid is not (5xx,
// no way to authenticate). Their texts are those of upstream's e-mail receiver.
Awaitable<Result<>> SendMail(IoThread& io, ThreadPool& blocking, SmtpRequest request);

}  // namespace meerkat::net
