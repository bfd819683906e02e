#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace meerkat::alerting {

// Text that is never shown, in place or in a file that is read anew at each use.
struct Secret {
  std::string value;
  std::string file;

  bool empty() const { return value.empty() && file.empty(); }
  bool operator==(const Secret&) const = default;
};

// Names an http_config or tls_config among those that came with the configuration: the Transport
// knows what stands behind the number, nobody in alerting/ does.
enum class ClientId : std::size_t {};

struct HttpRequest {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  ClientId client{};
  Millis timeout{0};  // 0: as long as the flush may take
};

struct HttpResponse {
  int status = 0;
  std::string content_type;
  std::string body;
};

struct Email {
  std::string host;
  std::string port;
  std::string hello;
  std::string from;             // envelope address
  std::vector<std::string> to;  // envelope addresses
  std::string message;          // headers, blank line and body with CRLF lines

  std::string auth_username;
  Secret auth_password;
  Secret auth_secret;
  std::string auth_identity;
  bool require_tls = true;
  std::optional<bool> implicit_tls;  // nullopt: by port
  ClientId client{};
};

using Message = std::variant<HttpRequest, Email>;

// Delivers messages; the only thing in alerting/ that reaches the world. Threads: any.
class Transport {
 public:
  virtual ~Transport() = default;
  // `done` runs exactly once, later and on another stack than Send, on any thread. Any answer of an
  // HTTP server, whatever its status, is a value; an Error means that there was none (kInvalid:
  // another try is useless). An e-mail gives an empty response.
  virtual void Send(Message message, std::function<void(Result<HttpResponse>)> done) = 0;
};

// Gives the content of a secret's file without surrounding white space. Threads: any.
using SecretReader = std::function<Result<std::string>(const std::string& file)>;

}  // namespace meerkat::alerting
