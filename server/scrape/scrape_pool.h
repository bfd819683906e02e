#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "server/discovery/sd_config.h"
#include "server/scrape/fetcher.h"
#include "server/scrape/scrape_loop.h"
#include "server/scrape/target.h"

namespace meerkat::scrape {

struct ActiveTarget {
  std::shared_ptr<const Target> target;
  TargetStatus status;
};

// What the targets page and API show of one job.
struct PoolSnapshot {
  std::string job;
  std::vector<ActiveTarget> active;
  std::vector<Labels> dropped;  // discovered labels, at most keep_dropped_targets of them
  std::uint64_t dropped_count = 0;
};

// All targets of one scrape job. Threads: on the io thread, but for what says otherwise.
class ScrapePool : public std::enable_shared_from_this<ScrapePool> {
 public:
  // `before`, if any, is the pool of the same job by another configuration, done with from now on.
  // Its loops run until the first sync shows which targets are still there: what would be scraped
  // in the very same way goes on, the others are followed by loops that know what they knew.
  ScrapePool(const ScrapeContext& context, ScrapeConfig config, const FetcherFactory& fetchers,
             FailureLog failures, ScrapePool* before = nullptr);

  const ScrapeConfig& config() const { return *config_; }
  const std::shared_ptr<const ScrapeConfig>& shared_config() const { return config_; }

  // The job's target groups, all of them. Relabeling runs on a worker; of several syncs in a row
  // the last one counts.
  void Sync(std::vector<discovery::TargetGroup> groups);
  // Ends every loop. `mark_end`: the job was removed, its series end.
  void Stop(bool mark_end);

  // Threads: any.
  PoolSnapshot Snapshot() const EXCLUDES(mu_);
  // Metadata by target, active ones only.
  std::vector<std::pair<std::shared_ptr<const Target>, std::vector<FamilyMetadata>>> Metadata()
      const EXCLUDES(mu_);

 private:
  using Loops = std::unordered_map<std::uint64_t, std::shared_ptr<ScrapeLoop>>;  // by target hash
  struct Made {
    std::vector<Target> targets;
    std::vector<Labels> dropped;
    std::uint64_t dropped_count = 0;
    std::vector<std::string> errors;
  };
  static net::Awaitable<void> SyncOnce(std::shared_ptr<ScrapePool> self);
  static Made MakeTargets(const ScrapeConfig& config,
                          const std::vector<discovery::TargetGroup>& groups);
  void Apply(Made made) EXCLUDES(mu_);
  // Gives away the loops, running.
  Loops Retire() EXCLUDES(mu_);
  class Heirs;
  void RegisterMetadataGauges();
  TargetWriter::MetadataSize metadata_size() const EXCLUDES(mu_);

  const ScrapeContext& context_;
  const std::shared_ptr<const ScrapeConfig> config_;
  const std::shared_ptr<Fetcher> fetcher_;
  const FailureLog failures_;

  // Touched on the io thread alone.
  std::vector<discovery::TargetGroup> pending_;
  bool has_pending_ = false;
  bool syncing_ = false;
  bool stopped_ = false;
  bool gauges_registered_ = false;
  Loops inherited_;  // until the first sync

  mutable Mutex mu_;
  Loops loops_ GUARDED_BY(mu_);
  std::vector<Labels> dropped_ GUARDED_BY(mu_);
  std::uint64_t dropped_count_ GUARDED_BY(mu_) = 0;
};

}  // namespace meerkat::scrape
