#pragma once

#include <string>
#include <string_view>

#include "alerting/message.h"
#include "alerting/receiver_config.h"
#include "base/clock.h"

namespace meerkat::alerting {

// Adds X-Amz-Date and Authorization to a POST without query, as AWS Signature Version 4 wants them.
void SignV4(HttpRequest& request, const Sigv4Config& keys, std::string_view region,
            std::string_view service, Timestamp now);

}  // namespace meerkat::alerting
