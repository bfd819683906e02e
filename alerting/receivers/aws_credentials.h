#pragma once

#include <string>
#include <string_view>

#include "alerting/message.h"
#include "alerting/receiver_config.h"
#include "base/aws_signature.h"
#include "base/result.h"

// Where the keys come from that sign requests to AWS.
namespace meerkat::alerting {

// The request to STS that gives keys of `config.role_arn` for an hour, signed with `keys`.
HttpRequest AssumeRoleRequest(const Sigv4Config& config, const AwsKeys& keys,
                              std::string_view region, Timestamp now);

struct LentKeys {
  AwsKeys keys;
  Timestamp expires;
};
// What STS answered. kInvalid: no keys in it.
Result<LentKeys> ReadAssumedRole(std::string_view xml);

}  // namespace meerkat::alerting
