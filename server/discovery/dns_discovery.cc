#include "server/discovery/dns_discovery.h"

#include <utility>

#include "server/discovery/dns_lookup.h"

namespace meerkat::discovery {
namespace {

TargetGroup MakeGroup(const DnsSd& config, const std::string& name,
                      const std::vector<DnsRecord>& records) {
  TargetGroup group;
  group.source = name;
  for (const DnsRecord& record : records) {
    std::string host = record.host;
    while (host.ends_with('.')) host.pop_back();
    std::string port;
    std::vector<Label> labels = {{"__meta_dns_name", name}};
    switch (config.type) {
      case DnsSd::Type::kSrv:
        port = std::to_string(record.port);
        labels.push_back({"__meta_dns_srv_record_target", record.host});
        labels.push_back({"__meta_dns_srv_record_port", port});
        break;
      case DnsSd::Type::kMx:
        labels.push_back({"__meta_dns_mx_record_target", record.host});
        break;
      case DnsSd::Type::kNs:
        labels.push_back({"__meta_dns_ns_record_target", record.host});
        break;
      default:
        break;
    }
    const auto number =
        config.type == DnsSd::Type::kSrv ? record.port : static_cast<std::uint16_t>(config.port);
    const std::string address = JoinHostPort(host, number);
    labels.push_back({"__address__", address});
    group.targets.push_back(Labels::From(std::move(labels)));
  }
  return group;
}

}  // namespace

std::string JoinHostPort(std::string_view host, std::uint64_t port) {
  const bool brackets = host.find(':') != std::string_view::npos;
  std::string out = brackets ? "[" + std::string(host) + "]" : std::string(host);
  return out + ":" + std::to_string(port);
}

DnsDiscovery::DnsDiscovery(const DiscoveryContext& context, DnsSd config, const std::string& name)
    : Refresher(context, "dns", name, config.refresh_interval), config_(std::move(config)) {}

net::Awaitable<Result<std::vector<TargetGroup>>> DnsDiscovery::Refresh() {
  Counter& lookups = context().registry.counter("prometheus_sd_dns_lookups_total",
                                                "The number of DNS-SD lookups.");
  Counter& failures = context().registry.counter("prometheus_sd_dns_lookup_failures_total",
                                                 "The number of DNS-SD lookup failures.");
  for (const std::string& name : config_.names) {
    auto work = [name, type = config_.type, options = context().dns] {
      return LookupDns(name, type, options);
    };
    lookups.Add();
    auto records = co_await net::Offload(context().blocking, std::move(work));
    if (stopped()) break;
    if (records) {
      groups_[name] = MakeGroup(config_, name, *records);
    } else {
      failures.Add();
      context().log.Error("Error refreshing DNS targets",
                          {{"discovery", "dns"}, {"err", records.error().message()}});
    }
  }
  std::vector<TargetGroup> groups;
  for (const auto& [name, group] : groups_) groups.push_back(group);
  co_return groups;
}

}  // namespace meerkat::discovery
