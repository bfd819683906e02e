#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace meerkat {

struct AwsKeys {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // "": none
};

// The headers that AWS Signature Version 4 adds to a POST without query: X-Amz-Date,
// X-Amz-Security-Token where there is a session, Authorization. `headers` are those the request has
// already, without Host; all of them are signed.
std::vector<std::pair<std::string, std::string>> SignAwsPost(
    std::string_view url, const std::vector<std::pair<std::string, std::string>>& headers,
    std::string_view body, const AwsKeys& keys, std::string_view region, std::string_view service,
    Timestamp now);

}  // namespace meerkat
