#pragma once

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
inline constexpr FlagRule kClientFlags[] = {
    {"alertmanager.url"},   {"output", 'o'}, {"timeout"},
    {"http.config.file"},   {"date.format"}, {"version-check", '\0', false},
    {"verbose", 'v', false}};
// Those and `more`.
std::vector<FlagRule> WithClientFlags(std::initializer_list<FlagRule> more);

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
