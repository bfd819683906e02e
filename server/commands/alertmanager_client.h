#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/commands/arguments.h"
#include "server/commands/command.h"

namespace meerkat::commands {

// The flags that every command which talks to an alert manager takes.
inline constexpr std::array<FlagRule, 7> kClientFlags = {{
    {"alertmanager.url", '\0', true, "http://localhost:9093", "The alert manager to ask."},
    {"output", 'o', true, "simple", "How to print: simple, extended or json."},
    {"timeout", '\0', true, "30s", "Longest time to wait for an answer."},
    {"http.config.file", '\0', true, "FILE", "How to connect: users, TLS, proxies."},
    {"date.format", '\0', true, "LAYOUT",
     "Accepted; times are printed as 2006-01-02 15:04:05 UTC."},
    {"version-check", '\0', false, "", "Accepted; any version will do."},
    {"verbose", 'v', false, "", "Accepted; there is nothing more to say."},
}};
// Those of one command in front of them.
template <std::size_t N>
constexpr std::array<FlagRule, N + kClientFlags.size()> WithClientFlags(const FlagRule (&own)[N]) {
  std::array<FlagRule, N + kClientFlags.size()> all{};
  std::copy(own, own + N, all.begin());
  std::copy(kClientFlags.begin(), kClientFlags.end(), all.begin() + N);
  return all;
}

// Asks an alert manager over its API, version 2. Blocks; one thread.
class AlertmanagerClient {
 public:
  // From --alertmanager.url (http://localhost:9093), --timeout, --http.config.file.
  static Result<std::unique_ptr<AlertmanagerClient>> Make(const Arguments& arguments);
  ~AlertmanagerClient();

  using Query = std::vector<std::pair<std::string, std::string>>;
  // `path` behind /api/v2. An answer that is no success is an error, in the words of upstream's
  // client: `[GET /alerts][400] getAlertsBadRequest …`. JSON keeps the order of the answer.
  Result<nlohmann::ordered_json> Get(std::string_view path, const Query& query = {});
  Result<nlohmann::ordered_json> Post(std::string_view path, const nlohmann::ordered_json& body);
  Result<> Delete(std::string_view path);

 private:
  struct Connection;
  explicit AlertmanagerClient(std::unique_ptr<Connection> connection);
  Result<std::string> Ask(std::string method, std::string_view path, const Query& query,
                          std::string body);
  std::unique_ptr<Connection> connection_;
};

// Matchers as the tool takes them: a first word without operator is the alert's name.
Result<std::vector<std::string>> MatcherWords(const std::vector<std::string>& words);

// Columns of equal width, two spaces between them, one line for each row.
void PrintTable(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

// 2026-11-20T12:17:36.264Z as the tool shows it: 2026-11-20 12:17:36 UTC.
std::string ShowTime(const std::string& rfc3339);

// A time of the command line, or what Go says is wrong with it.
Result<Timestamp> GoTime(const std::string& text);

// Prints `amtool`'s kind of refusal and gives 1.
int Refuse(Streams streams, const Error& error);

}  // namespace meerkat::commands
