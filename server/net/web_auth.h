#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "server/net/http.h"
#include "server/net/web_config.h"

namespace meerkat::net {

// Checks basic auth against the users of a web configuration. A bcrypt comparison is dear on
// purpose; its verdict is remembered under a digest of user, password and hash, so that a scraper
// that comes each second pays it once. An unknown user costs the same as a wrong password.
// Threads: any; blocks for the time of a comparison.
class WebAuth {
 public:
  // nullopt: come in (the name is then in request.user); else the 401, or the 429 of a rate limit.
  std::optional<Response> Admit(Request& request, const WebConfig& config) EXCLUDES(mu_);

 private:
  static constexpr std::size_t kRemembered = 1000;
  bool Matches(const std::string& user, const std::string& password, const std::string& hash)
      EXCLUDES(mu_);

  bool WithinRate(const WebConfig& config) EXCLUDES(mu_);

  Mutex mu_;
  // The token bucket of the rate limit.
  double tokens_ GUARDED_BY(mu_) = 0;
  std::chrono::steady_clock::time_point filled_ GUARDED_BY(mu_){};
  std::map<std::string, bool> verdicts_ GUARDED_BY(mu_);
};

}  // namespace meerkat::net
