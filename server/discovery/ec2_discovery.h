#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/discovery/aws_credentials.h"
#include "server/discovery/refresher.h"
#include "server/net/http_client.h"

namespace meerkat::discovery {

// Instances of a region of EC2 (or of something that speaks its query API), by DescribeInstances.
class Ec2Discovery : public Refresher {
 public:
  Ec2Discovery(const DiscoveryContext& context, Ec2Sd config, const std::string& name);

 protected:
  net::Awaitable<Result<std::vector<TargetGroup>>> Refresh() override;

 private:
  net::Awaitable<Result<std::string>> Call(std::string query);
  net::Awaitable<void> FindZoneIds();

  Ec2Sd config_;  // its region is filled in when it is known
  AwsCredentials credentials_;
  net::HttpClient client_;
  std::map<std::string, std::string> zone_ids_;  // zone name to zone id
};

struct Ec2Page {
  std::vector<Labels> targets;
  std::string next_token;  // "": the last page
};
// Pure, for tests: what one answer of DescribeInstances says.
Ec2Page Ec2Targets(const Ec2Sd& config, const std::map<std::string, std::string>& zone_ids,
                   std::string_view xml);

}  // namespace meerkat::discovery
