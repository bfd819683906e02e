#include "alerting/receivers/aws_credentials.h"

#include "alerting/receivers/payload.h"
#include "base/rfc3339.h"

namespace meerkat::alerting {
namespace {

// The text of the first element of that name; "" when there is none. Keys hold nothing that XML
// would escape.
std::string Element(std::string_view xml, const std::string& name) {
  const std::string open = "<" + name + ">";
  const auto begin = xml.find(open);
  if (begin == std::string_view::npos) return "";
  const auto end = xml.find("</" + name + ">", begin);
  if (end == std::string_view::npos) return "";
  return std::string(xml.substr(begin + open.size(), end - begin - open.size()));
}

}  // namespace

HttpRequest AssumeRoleRequest(const Sigv4Config& config, const AwsKeys& keys,
                              std::string_view region, Timestamp now) {
  std::vector<std::pair<std::string, std::string>> form = {{"Action", "AssumeRole"},
                                                           {"DurationSeconds", "3600"}};
  if (!config.external_id.empty()) form.emplace_back("ExternalId", config.external_id);
  form.emplace_back("RoleArn", config.role_arn);
  form.emplace_back("RoleSessionName", "meerkat");
  form.emplace_back("Version", "2011-06-15");
  HttpRequest request;
  request.url = "https://" + std::string(config.fips_sts ? "sts-fips." : "sts.") +
                std::string(region) + ".amazonaws.com";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = EncodeForm(form);
  for (auto& header :
       SignAwsPost(request.url, request.headers, request.body, keys, region, "sts", now)) {
    request.headers.push_back(std::move(header));
  }
  return request;
}

Result<LentKeys> ReadAssumedRole(std::string_view xml) {
  LentKeys lent;
  lent.keys = {Element(xml, "AccessKeyId"), Element(xml, "SecretAccessKey"),
               Element(xml, "SessionToken")};
  const auto expires = ParseRfc3339(Element(xml, "Expiration"));
  if (lent.keys.access_key.empty() || lent.keys.secret_key.empty() || !expires)
    return Error(Code::kInvalid, "the answer has no credentials");
  lent.expires = *expires;
  return lent;
}

}  // namespace meerkat::alerting
