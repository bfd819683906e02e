#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "server/scrape/scrape_pool.h"

namespace meerkat::scrape {

// One target and what it says its metrics are.
struct TargetMetadata {
  std::shared_ptr<const Target> target;
  std::vector<FamilyMetadata> families;  // in name order
};

// Every scrape job. A new configuration touches only the jobs that changed.
class ScrapeManager {
 public:
  // Everything in `context` and the fetchers' pools outlive the manager.
  ScrapeManager(ScrapeContext context, FetcherFactory fetchers);
  ~ScrapeManager();

  // Reads the certificates and secrets the jobs name, to refuse a configuration before anything is
  // changed. Blocks. Threads: any but the io thread.
  static Result<> Check(const std::vector<ScrapeConfig>& configs);

  // Threads: all three on the io thread.
  void Apply(std::vector<ScrapeConfig> configs);
  // All groups of one job; of unknown jobs they are kept until the job comes.
  void UpdateTargets(const std::string& job, std::vector<discovery::TargetGroup> groups);
  // Stops scraping without marking series as ended: the server goes down.
  void Stop();

  // Threads: these from any. Pools in name order, targets of a pool by their labels.
  std::vector<std::string> PoolNames() const EXCLUDES(mu_);
  std::vector<PoolSnapshot> Targets(std::string_view pool) const EXCLUDES(mu_);  // "": of all
  std::vector<TargetMetadata> Metadata() const EXCLUDES(mu_);
  // Null when there is no such pool.
  std::shared_ptr<const ScrapeConfig> PoolConfig(std::string_view pool) const EXCLUDES(mu_);

 private:
  FailureLog FailureLogFor(const ScrapeConfig& config);
  std::vector<std::shared_ptr<ScrapePool>> Pools() const EXCLUDES(mu_);

  const ScrapeContext context_;
  const FetcherFactory fetchers_;
  std::map<std::string, std::vector<discovery::TargetGroup>> groups_;  // io thread
  mutable Mutex mu_;
  std::map<std::string, std::shared_ptr<ScrapePool>, std::less<>> pools_ GUARDED_BY(mu_);
};

// From the host's name and the external labels, as part of each target's offset.
std::uint64_t OffsetSeed(const Labels& external_labels);

}  // namespace meerkat::scrape
