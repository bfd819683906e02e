#include "server/net/web_auth.h"

#include <crypt.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/sha256.h"
#include "server/net/base64.h"

namespace meerkat::net {
namespace {

// Of no password anybody knows; keeps unknown users as slow as known ones.
constexpr std::string_view kNobody = "$2y$10$0123456789012345678901uvRkgMsqUCrx1AkTJZJbcIbXPcSBCiu";

}  // namespace

bool BcryptMatches(std::string_view password, std::string_view hash) {
  auto room = std::make_unique<crypt_data>();
  std::memset(room.get(), 0, sizeof(crypt_data));
  // bcrypt takes 72 bytes; Go refuses longer ones to compare, and so do we.
  if (password.size() > 72 || password.find('\0') != std::string_view::npos) return false;
  const std::string wanted(hash);
  const char* made = crypt_r(std::string(password).c_str(), wanted.c_str(), room.get());
  if (made == nullptr || std::strlen(made) != wanted.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    difference |= static_cast<unsigned>(made[i] ^ wanted[i]);
  }
  return difference == 0;
}

Result<> CheckBcrypt(std::string_view hash) {
  const auto fail = [](std::string_view why) {
    return Error(Code::kInvalid, "crypto/bcrypt: " + std::string(why));
  };
  if (hash.size() < 59) return fail("hashedSecret too short to be a bcrypted password");
  if (hash[0] != '$')
    return fail("bcrypt hashes must start with '$', but hashedSecret started with '" +
                std::string(1, hash[0]) + "'");
  if (hash[1] > '2')
    return fail("bcrypt algorithm version '" + std::string(1, hash[1]) +
                "' requested is newer than current version '2'");
  const auto cost_at = hash.find('$', 1);
  if (cost_at == std::string_view::npos || cost_at + 3 > hash.size()) {
    return fail("invalid cost");
  }
  const char tens = hash[cost_at + 1];
  const char ones = hash[cost_at + 2];
  if (tens < '0' || tens > '9' || ones < '0' || ones > '9') return fail("invalid cost");
  const int cost = (tens - '0') * 10 + (ones - '0');
  if (cost < 4 || cost > 31) {
    return fail("cost " + std::to_string(cost) + " is outside allowed inclusive range 4..31");
  }
  return {};
}

bool WebAuth::Matches(const std::string& user, const std::string& password,
                      const std::string& hash) {
  const std::string key = Sha256Hex(std::to_string(user.size()) + ":" + user + ":" +
                                    std::to_string(hash.size()) + ":" + hash + ":" + password);
  {
    MutexLock lock(mu_);
    if (const auto known = verdicts_.find(key); known != verdicts_.end()) return known->second;
  }
  const bool good = BcryptMatches(password, hash);
  MutexLock lock(mu_);
  if (verdicts_.size() >= kRemembered) verdicts_.erase(verdicts_.begin());
  verdicts_[key] = good;
  return good;
}

bool WebAuth::WithinRate(const WebConfig& config) {
  if (config.rate_limit_interval.count() <= 0) return true;
  const auto now = std::chrono::steady_clock::now();
  const double burst = static_cast<double>(std::max<std::int64_t>(1, config.rate_limit_burst));
  MutexLock lock(mu_);
  const std::chrono::duration<double> passed = now - filled_;
  const std::chrono::duration<double> interval = config.rate_limit_interval;
  tokens_ = std::min(burst, tokens_ + passed / interval);
  filled_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::optional<Response> WebAuth::Admit(Request& request, const WebConfig& config) {
  if (!WithinRate(config)) return Response::Failure(429, "Too Many Requests");
  if (config.basic_auth_users.empty()) return std::nullopt;
  const std::string_view header = request.headers.Get("Authorization");
  if (header.size() > 6 && EqualsIgnoreCase(header.substr(0, 6), "basic ")) {
    const auto decoded = Base64Decode(header.substr(6));
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon != std::string::npos) {
      const std::string user = decoded->substr(0, colon);
      const auto known = config.basic_auth_users.find(user);
      const bool exists = known != config.basic_auth_users.end();
      const std::string hash = exists ? known->second : std::string(kNobody);
      if (Matches(user, decoded->substr(colon + 1), hash) && exists) {
        request.user = user;
        return std::nullopt;
      }
    }
  }
  Response response = Response::Failure(401, "Unauthorized");
  response.headers.Set("WWW-Authenticate", "Basic");
  return response;
}

}  // namespace meerkat::net
