#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/aws_signature.h"
#include "base/result.h"
#include "server/discovery/provider.h"
#include "server/net/http_client.h"
#include "server/net/io.h"

// Who asks AWS; private to server/discovery.
namespace meerkat::discovery {

// What a section says about it; all of it may be "".
struct AwsIdentity {
  std::string access_key;
  std::string secret_key;
  std::string profile;
  std::string role_arn;
  std::string external_id;
  std::string region;
};

// Keys that last until `expires`; kMaxTime: nobody takes them back.
struct AwsLoan {
  AwsKeys keys;
  Timestamp expires = kMaxTime;
};

// Finds keys where AWS's own tools look for them: the section, the environment, a web identity
// (AWS_WEB_IDENTITY_TOKEN_FILE), the shared credentials file, a container's agent, and the
// machine's metadata service (its second version); then, with a role, asks STS for keys of that
// role. Lent keys are kept until shortly before they end. Threads: the io thread.
class AwsCredentials {
 public:
  // `environment` gives a variable or "".
  using Environment = std::function<std::string(const char* name)>;

  AwsCredentials(const DiscoveryContext& context, AwsIdentity identity, Environment environment);

  net::Awaitable<Result<AwsKeys>> Keys();
  // Of the section, the environment or the machine.
  net::Awaitable<Result<std::string>> Region();

 private:
  using Loan = Result<AwsLoan>;

  net::Awaitable<Loan> Find();
  net::Awaitable<Loan> FromWebIdentity();
  net::Awaitable<std::optional<AwsKeys>> FromProfile(std::string profile);
  net::Awaitable<Loan> FromContainer(std::string url);
  net::Awaitable<Loan> FromMachine();
  net::Awaitable<Loan> Assume(AwsKeys keys);
  net::Awaitable<Loan> AskSts(net::ClientRequest request);
  net::Awaitable<Result<std::string>> Machine(std::string path);
  net::Awaitable<Result<std::string>> File(std::string path);
  net::Awaitable<Result<std::string>> Fetch(net::ClientRequest request);
  std::string StsUrl() const;

  const DiscoveryContext& context_;
  AwsIdentity identity_;
  const Environment environment_;
  net::HttpClient client_;
  std::optional<AwsLoan> loan_;
};

}  // namespace meerkat::discovery
