#include "server/scrape/scrape_manager.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/duration.h"
#include "server/scrape/failure_log.h"

namespace meerkat::scrape {

ScrapeManager::ScrapeManager(ScrapeContext context, FetcherFactory fetchers)
    : context_(std::move(context)), fetchers_(std::move(fetchers)) {}

ScrapeManager::~ScrapeManager() = default;

Result<> ScrapeManager::Check(const std::vector<ScrapeConfig>& configs) {
  for (const ScrapeConfig& config : configs) {
    if (auto checked = net::HttpClient::Check(config.http); !checked) {
      return std::move(checked).error().Within("error creating HTTP client: scrape job " +
                                               config.job_name);
    }
  }
  return {};
}

FailureLog ScrapeManager::FailureLogFor(const ScrapeConfig& config) {
  if (config.scrape_failure_log_file.empty()) return nullptr;
  auto file = OpenFailureLog(config.scrape_failure_log_file, config.job_name, context_.clock,
                             context_.workers);
  if (file) return *std::move(file);
  context_.log.Error("Could not open scrape failure log file",
                     {{"err", file.error().message()}, {"file", config.scrape_failure_log_file}});
  return nullptr;
}

void ScrapeManager::Apply(std::vector<ScrapeConfig> configs) {
  std::map<std::string, std::shared_ptr<ScrapePool>, std::less<>> old;
  {
    const MutexLock lock(mu_);
    old.swap(pools_);
  }
  std::map<std::string, std::shared_ptr<ScrapePool>, std::less<>> pools;
  std::vector<std::shared_ptr<ScrapePool>> fresh;
  std::vector<std::string> reloaded;  // intervals of the jobs that are scraped in another way
  const auto started = std::chrono::steady_clock::now();
  for (ScrapeConfig& config : configs) {
    const std::string name = config.job_name;
    const auto known = old.find(name);
    if (known != old.end() && known->second->config() == config) {
      pools.insert(old.extract(known));
      continue;
    }
    std::shared_ptr<ScrapePool> before;
    if (known != old.end()) {
      before = known->second;
      old.erase(known);
      context_.metrics.pool_reloads.Add();
      reloaded.push_back(FormatDuration(config.scrape_interval));
    }
    FailureLog failures = FailureLogFor(config);
    auto pool = std::make_shared<ScrapePool>(context_, std::move(config), fetchers_,
                                             std::move(failures), before.get());
    fresh.push_back(pool);
    pools.emplace(name, std::move(pool));
  }
  for (const auto& [name, gone] : old) {
    gone->Stop(true);
    groups_.erase(name);
  }
  {
    const MutexLock lock(mu_);
    pools_ = std::move(pools);
  }
  for (const auto& pool : fresh) {
    const auto known = groups_.find(pool->config().job_name);
    if (known != groups_.end()) pool->Sync(known->second);
  }
  for (const std::string& interval : reloaded) {
    context_.metrics.registry
        .summary("prometheus_target_reload_length_seconds",
                 "Actual interval to reload the scrape pool with a given configuration.",
                 Labels{{"interval", interval}})
        .Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  }
}

void ScrapeManager::UpdateTargets(const std::string& job,
                                  std::vector<discovery::TargetGroup> groups) {
  std::shared_ptr<ScrapePool> pool;
  {
    const MutexLock lock(mu_);
    const auto known = pools_.find(job);
    if (known != pools_.end()) pool = known->second;
  }
  auto& kept = groups_[job];
  kept = std::move(groups);
  if (pool != nullptr) pool->Sync(kept);
}

void ScrapeManager::Stop() {
  for (const auto& pool : Pools()) pool->Stop(false);
}

std::vector<std::shared_ptr<ScrapePool>> ScrapeManager::Pools() const {
  const MutexLock lock(mu_);
  std::vector<std::shared_ptr<ScrapePool>> list;
  for (const auto& [name, pool] : pools_) list.push_back(pool);
  return list;
}

std::vector<std::string> ScrapeManager::PoolNames() const {
  const MutexLock lock(mu_);
  std::vector<std::string> names;
  for (const auto& [name, pool] : pools_) names.push_back(name);
  return names;
}

std::vector<PoolSnapshot> ScrapeManager::Targets(std::string_view pool) const {
  std::vector<PoolSnapshot> list;
  for (const auto& each : Pools()) {
    if (!pool.empty() && each->config().job_name != pool) continue;
    list.push_back(each->Snapshot());
    std::ranges::sort(list.back().active, [](const ActiveTarget& a, const ActiveTarget& b) {
      return a.target->all < b.target->all;
    });
  }
  return list;
}

std::vector<TargetMetadata> ScrapeManager::Metadata() const {
  std::vector<TargetMetadata> list;
  for (const auto& pool : Pools()) {
    const std::size_t first = list.size();
    for (auto& [target, families] : pool->Metadata()) {
      list.push_back({std::move(target), std::move(families)});
    }
    std::sort(list.begin() + static_cast<std::ptrdiff_t>(first), list.end(),
              [](const TargetMetadata& a, const TargetMetadata& b) {
                return a.target->all < b.target->all;
              });
  }
  return list;
}

std::shared_ptr<const ScrapeConfig> ScrapeManager::PoolConfig(std::string_view pool) const {
  const MutexLock lock(mu_);
  const auto found = pools_.find(pool);
  return found == pools_.end() ? nullptr : found->second->shared_config();
}

std::uint64_t OffsetSeed(const Labels& external_labels) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return std::hash<std::string_view>()(host.data()) ^ external_labels.hash();
}

}  // namespace meerkat::scrape
