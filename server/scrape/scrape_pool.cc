#include "server/scrape/scrape_pool.h"

#include <chrono>
#include <unordered_set>
#include <utility>

#include "server/scrape/same_scraping.h"

namespace meerkat::scrape {

ScrapePool::ScrapePool(const ScrapeContext& context, ScrapeConfig config,
                       const FetcherFactory& fetchers, FailureLog failures, ScrapePool* before)
    : context_(context),
      config_(std::make_shared<const ScrapeConfig>(std::move(config))),
      fetcher_(before != nullptr && before->config().http == config_->http
                   ? before->fetcher_
                   : fetchers(config_->http, config_->job_name)),
      failures_(std::move(failures)) {
  context_.metrics.pools.Add();
  if (before != nullptr) inherited_ = before->Retire();
}

ScrapePool::Loops ScrapePool::Retire() {
  stopped_ = true;
  Loops loops = std::move(inherited_);
  const MutexLock lock(mu_);
  loops.merge(loops_);
  loops_.clear();
  return loops;
}

// The loops of the configuration before, to be found by what their targets are.
class ScrapePool::Heirs {
 public:
  Heirs(Loops loops, const ScrapeConfig& config) : loops_(std::move(loops)), config_(config) {
    for (const auto& [hash, loop] : loops_) {
      by_series_.emplace(Identity(loop->target()->labels, loop->target()->url), loop);
    }
  }

  // The loop that scrapes `target` already as it is to be scraped, which stays.
  std::shared_ptr<ScrapeLoop> Keep(const Target& target) {
    const auto found = loops_.find(target.hash);
    if (found == loops_.end()) return nullptr;
    Compare(found->second->config());
    if (!same_scraping_) return nullptr;
    std::shared_ptr<ScrapeLoop> loop = found->second;
    Forget(found);
    return loop;
  }
  // Ends the loop that scraped what `loop` is to scrape.
  void Replace(ScrapeLoop& loop) {
    const auto found = by_series_.find(Identity(loop.target()->labels, loop.target()->url));
    if (found == by_series_.end()) return;
    const std::shared_ptr<ScrapeLoop> before = found->second;
    Compare(before->config());
    if (same_series_) loop.Inherit(*before);
    before->Stop(false);
    Forget(loops_.find(before->target()->hash));
  }
  // What nobody followed is gone.
  void StopOthers() {
    for (const auto& [hash, loop] : loops_) loop->Stop(true);
  }

 private:
  using Identity = std::pair<Labels, std::string>;

  void Forget(Loops::iterator at) {
    by_series_.erase(Identity(at->second->target()->labels, at->second->target()->url));
    loops_.erase(at);
  }
  // Nearly always all loops have the same configuration.
  void Compare(const ScrapeConfig& before) {
    if (&before == compared_) return;
    compared_ = &before;
    same_scraping_ = SameScraping(before, config_);
    same_series_ = SameSeries(before, config_);
  }

  Loops loops_;
  const ScrapeConfig& config_;
  std::map<Identity, std::shared_ptr<ScrapeLoop>> by_series_;
  const ScrapeConfig* compared_ = nullptr;
  bool same_scraping_ = false;
  bool same_series_ = false;
};

void ScrapePool::Sync(std::vector<discovery::TargetGroup> groups) {
  if (stopped_) return;
  pending_ = std::move(groups);
  has_pending_ = true;
  if (std::exchange(syncing_, true)) return;
  context_.io.Spawn(SyncOnce(shared_from_this()));
}

net::Awaitable<void> ScrapePool::SyncOnce(std::shared_ptr<ScrapePool> self) {
  ScrapePool& pool = *self;
  const Labels job{{"scrape_job", pool.config_->job_name}};
  Registry& registry = pool.context_.metrics.registry;
  while (pool.has_pending_ && !pool.stopped_) {
    pool.has_pending_ = false;
    const auto started = std::chrono::steady_clock::now();
    auto work = [config = pool.config_, groups = std::move(pool.pending_)] {
      return MakeTargets(*config, groups);
    };
    Made made = co_await net::Offload(pool.context_.workers, std::move(work));
    if (pool.stopped_) break;
    for (const std::string& error : made.errors) {
      pool.context_.log.Error("Creating target failed",
                              {{"scrape_pool", pool.config_->job_name}, {"err", error}});
    }
    registry
        .counter("prometheus_target_sync_failed_total", "Total number of target sync failures.",
                 job)
        .Add(static_cast<double>(made.errors.size()));
    pool.Apply(std::move(made));
    registry
        .counter("prometheus_target_scrape_pool_sync_total",
                 "Total number of syncs that were executed on a scrape pool.", job)
        .Add();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    registry
        .summary("prometheus_target_sync_length_seconds",
                 "Actual interval to sync the scrape pool.", job)
        .Observe(seconds);
    registry
        .histogram("prometheus_target_sync_length_histogram_seconds",
                   "Actual interval to sync the scrape pool.", {.01, .1, 1, 10}, job)
        .Observe(seconds);
  }
  pool.syncing_ = false;
}

ScrapePool::Made ScrapePool::MakeTargets(const ScrapeConfig& config,
                                         const std::vector<discovery::TargetGroup>& groups) {
  Made made;
  std::unordered_set<std::uint64_t> seen;
  for (const discovery::TargetGroup& group : groups) {
    std::size_t instance = 0;
    for (const Labels& labels : group.targets) {
      const std::string place = std::to_string(instance++);
      TargetOutcome outcome = MakeTarget(config, labels, group.labels);
      if (!outcome.error.empty()) {
        made.errors.push_back("instance " + place + " in group " + group.source + ": " +
                              outcome.error);
      } else if (outcome.target) {
        if (seen.insert(outcome.target->hash).second) {
          made.targets.push_back(*std::move(outcome.target));
        }
      } else {
        ++made.dropped_count;
        if (config.keep_dropped_targets == 0 || made.dropped.size() < config.keep_dropped_targets) {
          made.dropped.push_back(std::move(outcome.discovered));
        }
      }
    }
  }
  return made;
}

// Read when somebody looks at /metrics, so that a scrape does not pay for them.
void ScrapePool::RegisterMetadataGauges() {
  const Labels job{{"scrape_job", config_->job_name}};
  const auto total = [weak = weak_from_this()](std::size_t TargetWriter::MetadataSize::* part) {
    const auto pool = weak.lock();
    return pool == nullptr ? 0.0 : static_cast<double>(pool->metadata_size().*part);
  };
  Registry& registry = context_.metrics.registry;
  registry.gauge_function(
      "prometheus_target_metadata_cache_entries",
      "Total number of metric metadata entries in the cache",
      [total] { return total(&TargetWriter::MetadataSize::entries); }, job);
  registry.gauge_function(
      "prometheus_target_metadata_cache_bytes",
      "The number of bytes that are currently used for storing metric metadata in the cache",
      [total] { return total(&TargetWriter::MetadataSize::bytes); }, job);
}

TargetWriter::MetadataSize ScrapePool::metadata_size() const {
  TargetWriter::MetadataSize sum;
  const MutexLock lock(mu_);
  for (const auto& [hash, loop] : loops_) {
    const TargetWriter::MetadataSize one = loop->metadata_size();
    sum.entries += one.entries;
    sum.bytes += one.bytes;
  }
  return sum;
}

void ScrapePool::Apply(Made made) {
  if (!std::exchange(gauges_registered_, true)) RegisterMetadataGauges();
  const std::uint64_t limit = config_->limits.targets;
  std::string forced_error;
  if (limit > 0 && made.targets.size() > limit) {
    context_.metrics.exceeded_target_limit.Add();
    forced_error =
        "target_limit exceeded (number of targets: " + std::to_string(made.targets.size()) +
        ", limit: " + std::to_string(limit) + ")";
  }
  Loops loops;
  std::vector<std::shared_ptr<ScrapeLoop>> fresh;
  Heirs heirs(std::exchange(inherited_, {}), *config_);
  const std::size_t count = made.targets.size();
  {
    const MutexLock lock(mu_);
    for (Target& target : made.targets) {
      const std::uint64_t hash = target.hash;
      const auto known = loops_.find(hash);
      if (known != loops_.end()) {
        // Unchanged targets keep their schedule, connection and cache.
        loops.insert(loops_.extract(known));
        continue;
      }
      if (auto kept = heirs.Keep(target)) {
        loops.emplace(hash, std::move(kept));
        continue;
      }
      auto loop = std::make_shared<ScrapeLoop>(context_, config_,
                                               std::make_shared<const Target>(std::move(target)),
                                               fetcher_, failures_);
      heirs.Replace(*loop);
      fresh.push_back(loop);
      loops.emplace(hash, std::move(loop));
    }
    loops_.swap(loops);
    dropped_ = std::move(made.dropped);
    dropped_count_ = made.dropped_count;
    for (const auto& [hash, loop] : loops_) loop->ForceError(forced_error);
  }
  for (const auto& [hash, gone] : loops) gone->Stop(true);
  heirs.StopOthers();
  for (const auto& loop : fresh) loop->Start();
  const Labels job{{"scrape_job", config_->job_name}};
  context_.metrics.registry
      .gauge("prometheus_target_scrape_pool_targets",
             "Current number of targets in this scrape pool.", job)
      .Set(static_cast<double>(count));
  context_.metrics.registry
      .gauge("prometheus_target_scrape_pool_target_limit",
             "Maximum number of targets allowed in this scrape pool.", job)
      .Set(static_cast<double>(limit));
}

void ScrapePool::Stop(bool mark_end) {
  stopped_ = true;
  Loops loops = std::exchange(inherited_, {});
  {
    const MutexLock lock(mu_);
    loops.merge(loops_);
    loops_.clear();
    dropped_.clear();
    dropped_count_ = 0;
  }
  for (const auto& [hash, loop] : loops) loop->Stop(mark_end);
  if (!mark_end) return;
  // The job is gone, and so is what is told of it.
  const Labels job{{"scrape_job", config_->job_name}};
  for (const std::string_view name :
       {"prometheus_target_metadata_cache_entries", "prometheus_target_metadata_cache_bytes",
        "prometheus_target_scrape_pool_targets", "prometheus_target_scrape_pool_target_limit"}) {
    context_.metrics.registry.Remove(name, job);
  }
}

PoolSnapshot ScrapePool::Snapshot() const {
  PoolSnapshot snapshot{.job = config_->job_name, .active = {}, .dropped = {}};
  const MutexLock lock(mu_);
  snapshot.active.reserve(loops_.size());
  for (const auto& [hash, loop] : loops_) {
    snapshot.active.push_back({loop->target(), loop->status()});
  }
  snapshot.dropped = dropped_;
  snapshot.dropped_count = dropped_count_;
  return snapshot;
}

std::vector<std::pair<std::shared_ptr<const Target>, std::vector<FamilyMetadata>>>
ScrapePool::Metadata() const {
  std::vector<std::shared_ptr<ScrapeLoop>> loops;
  {
    const MutexLock lock(mu_);
    for (const auto& [hash, loop] : loops_) loops.push_back(loop);
  }
  std::vector<std::pair<std::shared_ptr<const Target>, std::vector<FamilyMetadata>>> list;
  list.reserve(loops.size());
  for (const auto& loop : loops) list.emplace_back(loop->target(), loop->Metadata());
  return list;
}

}  // namespace meerkat::scrape
