#include "server/discovery/consul_discovery.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "server/discovery/dns_discovery.h"
#include "server/discovery/docker_labels.h"
#include "server/discovery/group_json.h"
#include "server/net/system_clock.h"
#include "server/net/url.h"

namespace meerkat::discovery {
namespace {

const std::string kPrefix = "__meta_consul_";  // NOLINT(cert-err58-cpp): cannot throw in practice

// How long a blocking query may block, and how long after a failure the next one is tried.
constexpr Millis kWait = std::chrono::minutes(2);
constexpr Millis kSlack = std::chrono::seconds(15);
constexpr Millis kRetry = std::chrono::seconds(15);

std::string HealthOf(const Json& checks) {
  bool maintenance = false;
  bool critical = false;
  bool warning = false;
  if (checks.is_array()) {
    for (const Json& check : checks) {
      const std::string id = Text(check, "CheckID");
      const std::string status = Text(check, "Status");
      maintenance =
          maintenance || id == "_node_maintenance" || id.starts_with("_service_maintenance:");
      critical = critical || status == "critical";
      warning = warning || status == "warning";
    }
  }
  return maintenance ? "maintenance" : critical ? "critical" : warning ? "warning" : "passing";
}

}  // namespace

bool ConsulWants(const ConsulSd& config, const std::string& service, const Json& tags) {
  if (!config.services.empty() &&
      std::ranges::find(config.services, service) == config.services.end()) {
    return false;
  }
  return std::ranges::all_of(config.tags, [&tags](const std::string& wanted) {
    return tags.is_array() && std::ranges::any_of(tags, [&wanted](const Json& tag) {
             return tag.is_string() && tag.get_ref<const std::string&>() == wanted;
           });
  });
}

TargetGroup ConsulTargets(const ConsulSd& config, const std::string& service,
                          const std::string& datacenter, const Json& entries) {
  TargetGroup group;
  group.source = service;
  group.labels = Labels{{"__meta_consul_service", service}, {"__meta_consul_dc", datacenter}};
  if (!entries.is_array()) return group;
  for (const Json& entry : entries) {
    const Json& node = Member(entry, "Node");
    const Json& instance = Member(entry, "Service");
    const std::string node_address = Text(node, "Address");
    const std::string own_address = Text(instance, "Address");
    const std::string port = Text(instance, "Port");
    LabelMap labels;
    std::string tags = config.tag_separator;
    if (const Json& list = Member(instance, "Tags"); list.is_array()) {
      for (const Json& tag : list) {
        if (tag.is_string()) tags += tag.get<std::string>() + config.tag_separator;
      }
    }
    if (tags == config.tag_separator) tags += config.tag_separator;
    labels["__address__"] = JoinHostPort(own_address.empty() ? node_address : own_address,
                                         std::strtoull(port.c_str(), nullptr, 10));
    labels[kPrefix + "address"] = node_address;
    labels[kPrefix + "node"] = Text(node, "Node");
    labels[kPrefix + "namespace"] = Text(instance, "Namespace");
    labels[kPrefix + "partition"] = Text(instance, "Partition");
    labels[kPrefix + "tags"] = tags;
    labels[kPrefix + "service_address"] = own_address;
    labels[kPrefix + "service_port"] = port;
    labels[kPrefix + "service_id"] = Text(instance, "ID");
    labels[kPrefix + "health"] = HealthOf(Member(entry, "Checks"));
    AddLabels(labels, kPrefix + "metadata_", Member(node, "Meta"));
    AddLabels(labels, kPrefix + "service_metadata_", Member(instance, "Meta"));
    AddLabels(labels, kPrefix + "tagged_address_", Member(node, "TaggedAddresses"));
    group.targets.push_back(ToLabels(labels));
  }
  return group;
}

ConsulDiscovery::ConsulDiscovery(const DiscoveryContext& context, ConsulSd config,
                                 const std::string& name)
    : context_(context),
      config_(std::move(config)),
      log_(context.log.With("discovery", "consul").With("config", name)),
      client_(context, config_.http, config_.scheme + "://" + config_.server + config_.path_prefix),
      gate_(context.io.context(), boost::asio::steady_timer::time_point::max()),
      datacenter_(config_.datacenter) {}

void ConsulDiscovery::Start(Sink sink) {
  sink_ = std::move(sink);
  context_.io.Spawn(WatchCatalog(shared_from_this()));
}

void ConsulDiscovery::Stop() {
  stopped_ = true;
  for (const auto& [name, service] : services_) service->wanted = false;
  gate_.cancel();
}

net::Awaitable<void> ConsulDiscovery::Pause(Millis duration) {
  const Timestamp until = context_.clock.Now() + duration;
  constexpr auto kToken = boost::asio::as_tuple(boost::asio::use_awaitable);
  // The gate is shared by all watches: whoever wakes too early goes back to sleep.
  while (!stopped_ && context_.clock.Now() < until) {
    const auto timer = context_.clock.CallAt(until, [this] { gate_.cancel(); });
    co_await gate_.async_wait(kToken);
  }
}

std::string ConsulDiscovery::QueryParameters(const std::string& index) const {
  net::Params params;
  if (!config_.datacenter.empty()) params.Add("dc", config_.datacenter);
  if (!config_.name_space.empty()) params.Add("ns", config_.name_space);
  if (!config_.partition.empty()) params.Add("partition", config_.partition);
  if (config_.allow_stale) params.Add("stale", "");
  if (!index.empty()) {
    params.Add("index", index);
    params.Add("wait", std::to_string(kWait.count()) + "ms");
  }
  for (const auto& [key, value] : config_.node_meta) params.Add("node-meta", key + ":" + value);
  return params.Encode();
}

net::Awaitable<Result<std::shared_ptr<const Json>>> ConsulDiscovery::Query(std::string path,
                                                                           std::string& index,
                                                                           std::string call) {
  const auto started = std::chrono::steady_clock::now();
  net::Headers headers;
  if (!config_.token.empty()) headers.Set("X-Consul-Token", config_.token.Reveal());
  auto answer = co_await client_.Get(std::move(path), kWait + kSlack, std::move(headers));
  Registry& registry = context_.registry;
  registry
      .summary("prometheus_sd_consul_rpc_duration_seconds",
               "The duration of a Consul RPC call in seconds.",
               Labels{{"endpoint", call == "services" ? "catalog" : "health"}, {"call", call}})
      .Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  if (!answer) {
    registry
        .counter("prometheus_sd_consul_rpc_failures_total",
                 "The number of Consul RPC call failures.")
        .Add();
    co_return std::move(answer).error();
  }
  const std::string next(answer->headers.Get("X-Consul-Index"));
  // An index that runs backwards means that the server lost its memory: begin anew.
  const auto number = [](const std::string& text) {
    return std::strtoull(text.c_str(), nullptr, 10);
  };
  index = number(next) < number(index) ? "" : next;
  co_return answer->json;
}

net::Awaitable<void> ConsulDiscovery::FindDatacenter() {
  while (datacenter_.empty() && !stopped_) {
    std::string index;
    auto self = co_await Query("/v1/agent/self", index, "self");
    if (self) datacenter_ = Text(Member(**self, "Config"), "Datacenter");
    if (!datacenter_.empty()) break;
    log_.Error("Error retrieving datacenter name",
               {{"err", self ? "invalid value from Consul" : self.error().message()}});
    co_await Pause(kRetry);
  }
}

net::Awaitable<void> ConsulDiscovery::WatchCatalog(std::shared_ptr<ConsulDiscovery> self) {
  ConsulDiscovery& consul = *self;
  co_await consul.FindDatacenter();
  std::string index;
  while (!consul.stopped_) {
    std::string path = "/v1/catalog/services?" + consul.QueryParameters(index);
    if (!consul.config_.filter.empty()) {
      path += "&filter=" + net::QueryEscape(consul.config_.filter);
    }
    auto services = co_await consul.Query(std::move(path), index, "services");
    if (consul.stopped_) break;
    if (services) {
      consul.TakeCatalog(**services);
      co_await consul.Pause(consul.config_.refresh_interval);
    } else {
      consul.log_.Error("Error refreshing service list", {{"err", services.error().message()}});
      co_await consul.Pause(kRetry);
    }
  }
}

void ConsulDiscovery::TakeCatalog(const Json& services) {
  std::set<std::string> wanted;
  if (services.is_object()) {
    for (const auto& [name, tags] : services.items()) {
      if (ConsulWants(config_, name, tags)) wanted.insert(name);
    }
  }
  bool lost = false;
  std::erase_if(services_, [&](const auto& item) {
    if (wanted.contains(item.first)) return false;
    item.second->wanted = false;
    lost = true;
    return true;
  });
  for (const std::string& name : wanted) {
    if (services_.contains(name)) continue;
    services_.emplace(name, std::make_shared<Service>());
    context_.io.Spawn(WatchService(shared_from_this(), name));
  }
  if (lost || wanted.empty()) Publish();
}

net::Awaitable<void> ConsulDiscovery::WatchService(std::shared_ptr<ConsulDiscovery> self,
                                                   std::string name) {
  ConsulDiscovery& consul = *self;
  const std::shared_ptr<Service> service = consul.services_.at(name);
  std::string index;
  while (service->wanted && !consul.stopped_) {
    std::string path =
        "/v1/health/service/" + net::PathEscape(name) + "?" + consul.QueryParameters(index);
    for (const std::string& tag : consul.config_.tags) path += "&tag=" + net::QueryEscape(tag);
    if (!consul.config_.health_filter.empty()) {
      path += "&filter=" + net::QueryEscape(consul.config_.health_filter);
    }
    const std::string before = index;
    auto entries = co_await consul.Query(std::move(path), index, "service");
    if (!service->wanted || consul.stopped_) break;
    if (!entries) {
      consul.log_.Error("Error refreshing service",
                        {{"service", name}, {"err", entries.error().message()}});
      co_await consul.Pause(kRetry);
      continue;
    }
    if (!service->known || index != before) {
      service->known = true;
      service->group = ConsulTargets(consul.config_, name, consul.datacenter_, **entries);
      consul.Publish();
    }
    // Without an index there is nothing to block on.
    if (index.empty()) co_await consul.Pause(consul.config_.refresh_interval);
  }
}

void ConsulDiscovery::Publish() {
  std::vector<TargetGroup> groups;
  for (const auto& [name, service] : services_) {
    if (service->known) groups.push_back(service->group);
  }
  sink_(std::move(groups));
}

}  // namespace meerkat::discovery
