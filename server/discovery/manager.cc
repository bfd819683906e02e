#include "server/discovery/manager.h"

#include <algorithm>
#include <utility>

namespace meerkat::discovery {

Manager::Manager(DiscoveryContext context, std::string name, Update update)
    : context_(std::move(context)),
      name_(std::move(name)),
      update_(std::move(update)),
      alive_(std::make_shared<bool>(true)) {
  // Known from the start, so that rates over them never lack their first increase.
  const Labels labels{{"name", name_}};
  context_.registry
      .gauge("prometheus_sd_failed_configs",
             "Current number of service discovery configurations that failed to load.", labels)
      .Set(0);
  context_.registry.counter("prometheus_sd_received_updates_total",
                            "Total number of update events received from the SD providers.",
                            labels);
  context_.registry.counter("prometheus_sd_updates_total",
                            "Total number of update events sent to the SD consumers.", labels);
  context_.registry.counter("prometheus_sd_updates_delayed_total",
                            "Total number of update events that couldn't be sent immediately.",
                            labels);
}

Manager::~Manager() {
  *alive_ = false;
}

void Manager::Apply(const std::map<std::string, SdConfigs>& sets) {
  std::map<std::string, Set> old = std::exchange(sets_, {});
  std::vector<std::pair<std::string, std::shared_ptr<Source>>> fresh;
  for (const auto& [name, configs] : sets) {
    Set& set = sets_[name];
    auto& before = old[name].sources;
    for (const SdConfig& config : configs) {
      const auto known = std::ranges::find_if(
          before, [&](const auto& source) { return source->config == config; });
      if (known != before.end()) {
        set.sources.push_back(*known);
        before.erase(known);
        continue;
      }
      auto source = std::make_shared<Source>();
      source->config = config;
      set.sources.push_back(source);
      fresh.emplace_back(name, std::move(source));
    }
  }
  for (auto& [name, set] : old) {
    for (const auto& gone : set.sources) gone->provider->Stop();
    // Sets that merely lost a source are told at once; new sources will speak for themselves.
    if (!set.sources.empty() && sets_.contains(name)) Publish(name);
    if (!sets_.contains(name)) {
      context_.registry.Remove("prometheus_sd_discovered_targets",
                               Labels{{"name", name_}, {"config", name}});
    }
  }
  for (const auto& [name, configs] : sets) {
    if (configs.empty()) Publish(name);
  }
  for (const auto& [name, source] : fresh) Start(name, source);
}

void Manager::Start(const std::string& name, const std::shared_ptr<Source>& source) {
  source->provider = NewProvider(context_, source->config, name);
  source->provider->Start([this, alive = alive_, name,
                           weak = std::weak_ptr<Source>(source)](std::vector<TargetGroup> groups) {
    const auto known = weak.lock();
    if (!*alive || known == nullptr) return;
    context_.registry
        .counter("prometheus_sd_received_updates_total",
                 "Total number of update events received from the SD providers.",
                 Labels{{"name", name_}})
        .Add();
    if (std::exchange(known->known, true) && known->groups == groups) return;
    known->groups = std::move(groups);
    Publish(name);
  });
}

void Manager::Publish(const std::string& name) {
  const auto set = sets_.find(name);
  if (set == sets_.end()) return;
  std::vector<TargetGroup> groups;
  std::size_t targets = 0;
  for (const auto& source : set->second.sources) {
    for (const TargetGroup& group : source->groups) {
      targets += group.targets.size();
      groups.push_back(group);
    }
  }
  const Labels labels{{"name", name_}, {"config", name}};
  context_.registry
      .gauge("prometheus_sd_discovered_targets", "Current number of discovered targets.", labels)
      .Set(static_cast<double>(targets));
  context_.registry
      .counter("prometheus_sd_updates_total",
               "Total number of update events sent to the SD consumers.", Labels{{"name", name_}})
      .Add();
  context_.registry
      .gauge("prometheus_sd_last_update_timestamp_seconds",
             "Timestamp of the last update sent to the SD consumers.", labels)
      .Set(static_cast<double>(ToMillis(context_.clock.Now())) / 1000);
  update_(name, std::move(groups));
}

void Manager::Stop() {
  for (const auto& [name, set] : sets_) {
    for (const auto& source : set.sources) {
      if (source->provider != nullptr) source->provider->Stop();
    }
  }
  sets_.clear();
}

}  // namespace meerkat::discovery
