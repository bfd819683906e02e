#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/commands/command.h"
#include "server/net/http_client.h"
#include "server/net/url.h"

namespace meerkat::commands {

// Flags of all commands that ask a server.
inline constexpr FlagRule kHttpConfigFlag{"http.config.file", '\0', true, "FILE",
                                          "How to reach the server: TLS, users, proxies."};

// A Prometheus server as a command asks it. Blocks; one thread.
class ApiClient {
 public:
  // `config_file`: of --http.config.file, "" for none. `headers`: "Name=value" as --header gives
  // them. `timeout`: of one request.
  static Result<std::unique_ptr<ApiClient>> Make(const std::string& server,
                                                 const std::string& config_file,
                                                 const std::vector<std::string>& headers,
                                                 Millis timeout = std::chrono::minutes(2));
  ~ApiClient();

  // The `data` of /api/v1/<path>. Errors are `type: text`, as promtool shows them; warnings are
  // kept in `warnings`.
  Result<nlohmann::ordered_json> Api(std::string_view path, const net::Params& form,
                                     std::vector<std::string>& warnings);
  // What the server said when the last Api() failed by its status alone.
  const std::string& detail() const { return detail_; }
  // Any page below the server's address.
  Result<net::ClientResponse> Fetch(std::string_view method, std::string_view path,
                                    std::string body = "", net::Headers headers = {});
  const std::string& server() const { return server_; }

 private:
  struct Parts;  // io thread, pool, client
  ApiClient(std::string server, net::Headers headers, Millis timeout, std::unique_ptr<Parts> parts);
  const std::string server_;
  const net::Headers headers_;
  const Millis timeout_;
  const std::unique_ptr<Parts> parts_;
  std::string detail_;
};

}  // namespace meerkat::commands
