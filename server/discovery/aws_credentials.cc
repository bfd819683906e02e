#include "server/discovery/aws_credentials.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/aws_profile.h"
#include "base/rfc3339.h"
#include "base/trim.h"
#include "server/discovery/json_client.h"
#include "server/discovery/xml.h"
#include "server/net/offload.h"
#include "server/net/url.h"

namespace meerkat::discovery {
namespace {

// New ones are asked for while the old ones still serve.
constexpr Millis kBeforeTheEnd = std::chrono::minutes(5);
constexpr Millis kPatience = std::chrono::seconds(5);
constexpr std::uint64_t kLongest = 1 << 20;

Result<AwsLoan> NoKeys(const std::string& where) {
  return Error(Code::kInvalid, where + ": the answer has no credentials");
}

// What containers' agents and machines answer.
Result<AwsLoan> ReadLoan(const std::string& text, const std::string& where) {
  const Json json = Json::parse(text, nullptr, false);
  AwsLoan loan{{Text(json, "AccessKeyId"), Text(json, "SecretAccessKey"), Text(json, "Token")}};
  if (loan.keys.access_key.empty() || loan.keys.secret_key.empty()) return NoKeys(where);
  if (const auto expires = ParseRfc3339(Text(json, "Expiration"))) loan.expires = *expires;
  return loan;
}

}  // namespace

AwsCredentials::AwsCredentials(const DiscoveryContext& context, AwsIdentity identity,
                               Environment environment)
    : context_(context),
      identity_(std::move(identity)),
      environment_(std::move(environment)),
      client_(context.io, context.blocking, {}) {}

net::Awaitable<Result<AwsKeys>> AwsCredentials::Keys() {
  if (loan_ && context_.clock.Now() + kBeforeTheEnd < loan_->expires) co_return loan_->keys;
  Loan loan = co_await Find();
  if (loan && !identity_.role_arn.empty()) {
    AwsKeys keys = loan->keys;
    loan = co_await Assume(std::move(keys));
  }
  if (!loan) co_return std::move(loan).error();
  // Files may change at any time.
  loan_.reset();
  if (loan->expires != kMaxTime) loan_ = *loan;
  co_return loan->keys;
}

net::Awaitable<AwsCredentials::Loan> AwsCredentials::Find() {
  if (!identity_.access_key.empty()) {
    co_return AwsLoan{{identity_.access_key, identity_.secret_key, ""}};
  }
  std::string profile = identity_.profile.empty() ? environment_("AWS_PROFILE") : identity_.profile;
  const bool profile_wanted = !profile.empty();
  if (identity_.profile.empty()) {
    AwsKeys keys{environment_("AWS_ACCESS_KEY_ID"), environment_("AWS_SECRET_ACCESS_KEY"),
                 environment_("AWS_SESSION_TOKEN")};
    if (!keys.access_key.empty() && !keys.secret_key.empty()) co_return AwsLoan{std::move(keys)};
    if (!environment_("AWS_WEB_IDENTITY_TOKEN_FILE").empty()) {
      Loan loan = co_await FromWebIdentity();
      co_return loan;
    }
  }
  if (!profile_wanted) profile = "default";
  auto keys = co_await FromProfile(profile);
  if (keys) co_return AwsLoan{*std::move(keys)};
  if (profile_wanted) {
    co_return Error(Code::kInvalid, "profile " + profile + " has no keys in the credentials file");
  }
  const std::string relative = environment_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  std::string agent = relative.empty() ? environment_("AWS_CONTAINER_CREDENTIALS_FULL_URI")
                                       : "http://169.254.170.2" + relative;
  if (!agent.empty()) {
    Loan loan = co_await FromContainer(std::move(agent));
    co_return loan;
  }
  if (environment_("AWS_EC2_METADATA_DISABLED") == "true") {
    co_return Error(Code::kInvalid, "no AWS credentials found");
  }
  Loan loan = co_await FromMachine();
  if (!loan) co_return std::move(loan).error().Within("no AWS credentials found");
  co_return loan;
}

net::Awaitable<AwsCredentials::Loan> AwsCredentials::FromWebIdentity() {
  std::string path = environment_("AWS_WEB_IDENTITY_TOKEN_FILE");
  auto token = co_await File(std::move(path));
  if (!token) co_return std::move(token).error();
  const std::string session = environment_("AWS_ROLE_SESSION_NAME");
  net::Params form;
  form.Add("Action", "AssumeRoleWithWebIdentity");
  form.Add("RoleArn", environment_("AWS_ROLE_ARN"));
  form.Add("RoleSessionName", session.empty() ? "meerkat" : session);
  form.Add("Version", "2011-06-15");
  form.Add("WebIdentityToken", std::string(Trim(*token)));
  net::ClientRequest request;
  request.body = form.Encode();
  request.headers.Set("Content-Type", "application/x-www-form-urlencoded");
  co_return co_await AskSts(std::move(request));
}

net::Awaitable<std::optional<AwsKeys>> AwsCredentials::FromProfile(std::string profile) {
  std::string path = environment_("AWS_SHARED_CREDENTIALS_FILE");
  if (path.empty()) path = environment_("HOME") + "/.aws/credentials";
  auto file = co_await File(std::move(path));
  if (!file) co_return std::nullopt;
  co_return AwsKeysOfProfile(*file, profile);
}

net::Awaitable<AwsCredentials::Loan> AwsCredentials::FromContainer(std::string url) {
  net::ClientRequest request;
  request.url = url;
  std::string token = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const std::string path = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
      !path.empty()) {
    auto text = co_await File(path);
    if (!text) co_return std::move(text).error();
    token = Trim(*text);
  }
  if (!token.empty()) request.headers.Set("Authorization", token);
  auto answer = co_await Fetch(std::move(request));
  if (!answer) co_return std::move(answer).error();
  co_return ReadLoan(*answer, url);
}

net::Awaitable<AwsCredentials::Loan> AwsCredentials::FromMachine() {
  std::string path = "/latest/meta-data/iam/security-credentials/";
  auto roles = co_await Machine(path);
  if (!roles) co_return std::move(roles).error();
  const std::string role(Trim(std::string_view(*roles).substr(0, roles->find('\n'))));
  if (role.empty()) co_return Error(Code::kInvalid, "the machine has no role");
  path += role;
  auto answer = co_await Machine(std::move(path));
  if (!answer) co_return std::move(answer).error();
  co_return ReadLoan(*answer, "metadata service");
}

net::Awaitable<Result<std::string>> AwsCredentials::Machine(std::string path) {
  std::string base = environment_("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) base = "http://169.254.169.254";
  while (base.ends_with('/')) base.pop_back();
  net::ClientRequest ask;
  ask.method = "PUT";
  ask.url = base + "/latest/api/token";
  ask.headers.Set("X-aws-ec2-metadata-token-ttl-seconds", "60");
  auto token = co_await Fetch(std::move(ask));
  if (!token) co_return std::move(token).error();
  net::ClientRequest request;
  request.url = base + path;
  request.headers.Set("X-aws-ec2-metadata-token", std::string(Trim(*token)));
  auto answer = co_await Fetch(std::move(request));
  co_return answer;
}

net::Awaitable<AwsCredentials::Loan> AwsCredentials::Assume(AwsKeys keys) {
  auto region = co_await Region();
  if (!region) co_return std::move(region).error();
  net::Params form;
  form.Add("Action", "AssumeRole");
  form.Add("DurationSeconds", "3600");
  if (!identity_.external_id.empty()) form.Add("ExternalId", identity_.external_id);
  form.Add("RoleArn", identity_.role_arn);
  form.Add("RoleSessionName", "meerkat");
  form.Add("Version", "2011-06-15");
  net::ClientRequest request;
  request.body = form.Encode();
  request.headers.Set("Content-Type", "application/x-www-form-urlencoded");
  for (auto& [name, value] : SignAwsPost(StsUrl(), request.headers.fields(), request.body, keys,
                                         *region, "sts", context_.clock.Now())) {
    request.headers.Set(name, std::move(value));
  }
  co_return co_await AskSts(std::move(request));
}

std::string AwsCredentials::StsUrl() const {
  std::string url = environment_("AWS_ENDPOINT_URL_STS");
  if (url.empty()) {
    url = identity_.region.empty() ? "https://sts.amazonaws.com"
                                   : "https://sts." + identity_.region + ".amazonaws.com";
  }
  if (!url.ends_with('/')) url += '/';
  return url;
}

net::Awaitable<AwsCredentials::Loan> AwsCredentials::AskSts(net::ClientRequest request) {
  request.method = "POST";
  request.url = StsUrl();
  auto answer = co_await Fetch(std::move(request));
  if (!answer) co_return std::move(answer).error().Within("assuming a role");
  const XmlNode root = ParseXml(*answer);
  for (const char* const result : {"AssumeRoleResult", "AssumeRoleWithWebIdentityResult"}) {
    const XmlNode& lent = root[result]["Credentials"];
    const auto expires = ParseRfc3339(lent["Expiration"].text);
    if (lent["AccessKeyId"].text.empty() || !expires) continue;
    co_return AwsLoan{
        {lent["AccessKeyId"].text, lent["SecretAccessKey"].text, lent["SessionToken"].text},
        *expires};
  }
  co_return NoKeys("assuming a role");
}

net::Awaitable<Result<std::string>> AwsCredentials::Region() {
  for (const char* const name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (identity_.region.empty()) identity_.region = environment_(name);
  }
  if (identity_.region.empty()) {
    std::string path = "/latest/meta-data/placement/region";
    auto region = co_await Machine(std::move(path));
    if (!region) co_return std::move(region).error().Within("no AWS region is known");
    identity_.region = Trim(*region);
  }
  co_return identity_.region;
}

net::Awaitable<Result<std::string>> AwsCredentials::File(std::string path) {
  auto work = [path = std::move(path)]() -> Result<std::string> {
    std::ifstream in(path, std::ios::binary);
    if (!in) return Error(Code::kNotFound, "open " + path + ": cannot be read");
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  co_return co_await net::Offload(context_.blocking, std::move(work));
}

net::Awaitable<Result<std::string>> AwsCredentials::Fetch(net::ClientRequest request) {
  const std::string url = request.url;
  request.timeout = kPatience;
  request.max_body_bytes = kLongest;
  auto response = co_await client_.Fetch(std::move(request));
  if (!response) co_return std::move(response).error();
  if (response->status != 200) {
    co_return Error(Code::kUnavailable, url + ": HTTP status " + response->StatusLine());
  }
  co_return std::move(response->body);
}

}  // namespace meerkat::discovery
