#include "server/discovery/ec2_discovery.h"

#include <cstdlib>
#include <map>
#include <utility>

#include "base/aws_signature.h"
#include "server/discovery/dns_discovery.h"
#include "server/discovery/docker_labels.h"
#include "server/discovery/group_json.h"
#include "server/discovery/xml.h"
#include "server/net/url.h"

namespace meerkat::discovery {
namespace {

const std::string kPrefix = "__meta_ec2_";  // NOLINT(cert-err58-cpp): cannot throw in practice

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): never set
  return value == nullptr ? "" : value;
}

constexpr std::size_t kMostInterfaces = 64;

// ",a,b," as upstream joins lists, "" for none.
std::string Joined(const std::vector<std::string>& items) {
  if (items.empty()) return "";
  std::string out = ",";
  for (const std::string& item : items) out += item + ",";
  return out;
}

void AddInterfaces(LabelMap& labels, const XmlNode& instance) {
  std::vector<std::string> subnets;
  std::vector<std::string> addresses;
  std::vector<std::string> primary;
  for (const XmlNode& interface : instance["networkInterfaceSet"].children) {
    const std::string& subnet = interface["subnetId"].text;
    if (subnet.empty()) continue;
    bool known = false;
    for (const std::string& other : subnets) known = known || other == subnet;
    if (!known) subnets.push_back(subnet);
    for (const XmlNode& address : interface["ipv6AddressesSet"].children) {
      addresses.push_back(address["ipv6Address"].text);
      if (address["isPrimaryIpv6"].text != "true") continue;
      // Its place in the list is the interface's; interfaces without one leave theirs empty.
      const std::size_t device =
          std::strtoull(interface["attachment"]["deviceIndex"].text.c_str(), nullptr, 10);
      if (device >= kMostInterfaces) continue;
      if (primary.size() <= device) primary.resize(device + 1);
      primary[device] = addresses.back();
    }
  }
  labels[kPrefix + "primary_subnet_id"] = instance["subnetId"].text;
  labels[kPrefix + "subnet_id"] = Joined(subnets);
  labels[kPrefix + "ipv6_addresses"] = Joined(addresses);
  labels[kPrefix + "primary_ipv6_addresses"] = Joined(primary);
}

}  // namespace

Ec2Page Ec2Targets(const Ec2Sd& config, const std::map<std::string, std::string>& zone_ids,
                   std::string_view xml) {
  Ec2Page page;
  const XmlNode root = ParseXml(xml);
  page.next_token = root["nextToken"].text;
  for (const XmlNode& reservation : root["reservationSet"].children) {
    for (const XmlNode& instance : reservation["instancesSet"].children) {
      const std::string& private_ip = instance["privateIpAddress"].text;
      if (private_ip.empty()) continue;
      const std::string& zone = instance["placement"]["availabilityZone"].text;
      LabelMap labels;
      labels["__address__"] = JoinHostPort(private_ip, static_cast<std::uint64_t>(config.port));
      labels[kPrefix + "instance_id"] = instance["instanceId"].text;
      labels[kPrefix + "region"] = config.region;
      labels[kPrefix + "owner_id"] = reservation["ownerId"].text;
      labels[kPrefix + "private_ip"] = private_ip;
      labels[kPrefix + "private_dns_name"] = instance["privateDnsName"].text;
      labels[kPrefix + "public_ip"] = instance["ipAddress"].text;
      labels[kPrefix + "public_dns_name"] = instance["dnsName"].text;
      labels[kPrefix + "ami"] = instance["imageId"].text;
      labels[kPrefix + "architecture"] = instance["architecture"].text;
      labels[kPrefix + "availability_zone"] = zone;
      if (const auto id = zone_ids.find(zone); id != zone_ids.end()) {
        labels[kPrefix + "availability_zone_id"] = id->second;
      }
      labels[kPrefix + "instance_state"] = instance["instanceState"]["name"].text;
      labels[kPrefix + "instance_type"] = instance["instanceType"].text;
      labels[kPrefix + "instance_lifecycle"] = instance["instanceLifecycle"].text;
      labels[kPrefix + "platform"] = instance["platform"].text;
      labels[kPrefix + "default_ipv6_address"] = instance["ipv6Address"].text;
      labels[kPrefix + "vpc_id"] = instance["vpcId"].text;
      if (!instance["vpcId"].text.empty()) AddInterfaces(labels, instance);
      for (const XmlNode& tag : instance["tagSet"].children) {
        labels[kPrefix + "tag_" + SanitizeLabelName(tag["key"].text)] = tag["value"].text;
      }
      page.targets.push_back(ToLabels(labels));
    }
  }
  return page;
}

Ec2Discovery::Ec2Discovery(const DiscoveryContext& context, Ec2Sd config, const std::string& name)
    : Refresher(context, "ec2", name, config.refresh_interval),
      config_(std::move(config)),
      credentials_(context,
                   {.access_key = config_.access_key,
                    .secret_key = config_.secret_key.Reveal(),
                    .profile = config_.profile,
                    .role_arn = config_.role_arn,
                    .external_id = config_.external_id,
                    .region = config_.region},
                   Environment),
      client_(context.io, context.blocking, config_.http) {}

net::Awaitable<Result<std::string>> Ec2Discovery::Call(std::string query) {
  auto region = co_await credentials_.Region();
  if (!region) co_return std::move(region).error();
  config_.region = *region;
  auto keys = co_await credentials_.Keys();
  if (!keys) co_return std::move(keys).error();
  net::ClientRequest request;
  request.method = "POST";
  request.url =
      config_.endpoint.empty() ? "https://ec2." + *region + ".amazonaws.com/" : config_.endpoint;
  if (request.url.find('/', request.url.find("://") + 3) == std::string::npos) request.url += '/';
  request.body = std::move(query);
  request.timeout = config_.refresh_interval;
  request.headers.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  for (auto& [name, value] : SignAwsPost(request.url, request.headers.fields(), request.body, *keys,
                                         *region, "ec2", context().clock.Now())) {
    request.headers.Set(name, std::move(value));
  }
  auto response = co_await client_.Fetch(std::move(request));
  if (!response) co_return std::move(response).error();
  if (response->status != 200) {
    const XmlNode error = ParseXml(response->body);
    const XmlNode& first = error["Errors"]["Error"];
    co_return Error(Code::kUnavailable, "HTTP status " + response->StatusLine() + ": " +
                                            first["Code"].text + ": " + first["Message"].text);
  }
  co_return std::move(response->body);
}

net::Awaitable<void> Ec2Discovery::FindZoneIds() {
  if (!zone_ids_.empty()) co_return;
  auto answer = co_await Call("Action=DescribeAvailabilityZones&Version=2016-11-15");
  if (!answer) {
    // Not everybody may ask for zones; their ids are then missing from the labels.
    context().log.Debug("Unable to describe availability zones",
                        {{"err", answer.error().message()}});
    co_return;
  }
  const XmlNode root = ParseXml(*answer);
  for (const XmlNode& zone : root["availabilityZoneInfo"].children) {
    zone_ids_[zone["zoneName"].text] = zone["zoneId"].text;
  }
}

net::Awaitable<Result<std::vector<TargetGroup>>> Ec2Discovery::Refresh() {
  co_await FindZoneIds();
  net::Params query;
  query.Add("Action", "DescribeInstances");
  query.Add("Version", "2016-11-15");
  for (std::size_t i = 0; i < config_.filters.size(); ++i) {
    const std::string filter = "Filter." + std::to_string(i + 1) + ".";
    query.Add(filter + "Name", config_.filters[i].first);
    const auto& values = config_.filters[i].second;
    for (std::size_t j = 0; j < values.size(); ++j) {
      query.Add(filter + "Value." + std::to_string(j + 1), values[j]);
    }
  }
  TargetGroup group;
  std::string token;
  do {
    if (!token.empty()) query.Set("NextToken", token);
    auto answer = co_await Call(query.Encode());
    if (!answer) co_return std::move(answer).error().Within("could not describe instances");
    Ec2Page page = Ec2Targets(config_, zone_ids_, *answer);
    group.targets.insert(group.targets.end(), page.targets.begin(), page.targets.end());
    token = std::move(page.next_token);
  } while (!token.empty() && !stopped());
  group.source = config_.region;
  co_return std::vector<TargetGroup>{std::move(group)};
}

}  // namespace meerkat::discovery
