#include "alerting/receivers/sigv4.h"

#include "base/aws_signature.h"

namespace meerkat::alerting {

void SignV4(HttpRequest& request, const Sigv4Config& keys, std::string_view region,
            std::string_view service, Timestamp now) {
  const AwsKeys aws{keys.access_key, keys.secret_key, keys.session_token};
  for (auto& header :
       SignAwsPost(request.url, request.headers, request.body, aws, region, service, now)) {
    request.headers.push_back(std::move(header));
  }
}

}  // namespace meerkat::alerting
