#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "server/net/body_budget.h"
#include "server/net/io.h"
#include "server/net/offload.h"
#include "server/scrape/body_buffers.h"
#include "server/scrape/fetcher.h"
#include "server/scrape/scrape_config.h"
#include "server/scrape/scrape_metrics.h"
#include "server/scrape/target.h"
#include "server/scrape/target_writer.h"

namespace meerkat::scrape {

struct ScrapeOptions {
  // Keeps two servers of a pair from scraping at the same moment: from host name and external
  // labels.
  std::uint64_t offset_seed = 0;
  bool extra_metrics = false;
  bool start_timestamps = false;
  bool align_timestamps = true;
  Millis timestamp_tolerance{2};
};

// What every loop works with; all of it outlives the loops.
struct ScrapeContext {
  net::IoThread& io;
  net::ThreadPool& workers;  // parsing and appending
  Clock& clock;
  tsdb::Storage& storage;
  ScrapeMetrics& metrics;
  Logger log;
  ScrapeOptions options;
  std::shared_ptr<BodyBuffers> buffers = std::make_shared<BodyBuffers>();
  // Of bodies that are being read or parsed, so that many hostile targets at once cost no more.
  std::shared_ptr<net::BodyBudget> bodies = std::make_shared<net::BodyBudget>(1ULL << 30);
  // Where giant bodies are unpacked and parsed, so that a few of them do not hold up everybody
  // else's; null: by the workers.
  net::ThreadPool* giants = nullptr;
};

// What the last scrape of a target came to.
struct TargetStatus {
  enum class Health : unsigned char { kUnknown, kUp, kDown };
  Health health = Health::kUnknown;
  std::string error;
  Timestamp last_scrape{};  // 0: never
  double duration = 0;      // seconds
};

// Where failed scrapes are written when a job asks for it: one line each.
using FailureLog = std::function<void(const Target& target, const std::string& error)>;

// Scrapes one target again and again: a coroutine on the io thread, at a fixed offset within each
// interval. Parsing and storing happen on the workers, which the loop does not wait for before the
// next scrape is due: to be woken just to go to sleep again costs as much as parsing some hundred
// lines.
class ScrapeLoop : public std::enable_shared_from_this<ScrapeLoop> {
 public:
  ScrapeLoop(const ScrapeContext& context, std::shared_ptr<const ScrapeConfig> config,
             std::shared_ptr<const Target> target, std::shared_ptr<Fetcher> fetcher,
             FailureLog failures);

  // Threads: all four on the io thread.
  // Goes on where `before`, which scraped the same target in another way, has been. Before Start.
  void Inherit(const ScrapeLoop& before) EXCLUDES(mu_);
  void Start();
  // `mark_end`: the target is gone for good, so its series end when the next scrape would have
  // failed. Otherwise they just stop.
  void Stop(bool mark_end);
  // Every scrape fails with this from now on, without asking the target; "" lifts it.
  void ForceError(std::string error) { forced_error_ = std::move(error); }

  const std::shared_ptr<const Target>& target() const { return target_; }
  const ScrapeConfig& config() const { return *config_; }
  // Threads: any.
  TargetStatus status() const EXCLUDES(mu_);
  std::vector<FamilyMetadata> Metadata() const { return writer_->Metadata(); }
  TargetWriter::MetadataSize metadata_size() const { return writer_->metadata_size(); }

 private:
  static net::Awaitable<void> Run(std::shared_ptr<ScrapeLoop> self);
  net::Awaitable<void> ScrapeAt(Timestamp time);
  net::Awaitable<void> MarkEnd(Timestamp last_due);
  // Until the worker has written the last answer.
  net::Awaitable<void> WaitUntilWritten();
  // Until `when` or Stop.
  net::Awaitable<void> WaitUntil(Timestamp when);
  net::ClientRequest MakeRequest() const;
  struct Exchange;
  net::ThreadPool& PoolFor(const Exchange& exchange) const;
  std::string Decode(Exchange& exchange) const;  // both on a worker
  void Write(Exchange& exchange) EXCLUDES(mu_);
  void Note(const WriteOutcome& outcome, Timestamp started) EXCLUDES(mu_);

  const ScrapeContext& context_;
  const std::shared_ptr<const ScrapeConfig> config_;
  const std::shared_ptr<const Target> target_;
  const std::shared_ptr<Fetcher> fetcher_;
  const FailureLog failures_;
  const std::shared_ptr<TargetWriter> writer_;
  const net::ClientRequest request_;

  // Touched on the io thread alone.
  boost::asio::steady_timer gate_;
  bool stopping_ = false;
  bool mark_end_ = false;
  std::string forced_error_;
  std::shared_ptr<Exchange> exchange_;  // the last one
  std::optional<bool> giant_;  // whether the last body was; set before its exchange is done

  mutable Mutex mu_;
  TargetStatus status_ GUARDED_BY(mu_);
};

}  // namespace meerkat::scrape
