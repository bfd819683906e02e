#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "server/scrape/exposition/parser.h"
#include "server/scrape/scrape_cache.h"
#include "server/scrape/scrape_config.h"
#include "server/scrape/scrape_metrics.h"
#include "server/scrape/target.h"
#include "tsdb/storage.h"

namespace meerkat::scrape {

// Metadata of one family as one target exposes it.
struct FamilyMetadata {
  std::string metric;
  tsdb::Metadata metadata;
};

// What one exchange with a target came to.
struct Answer {
  Timestamp time{};  // the samples' time
  std::string_view body;
  std::string_view content_type;
  std::string error;                                // of fetching; "" when there is a body
  std::chrono::steady_clock::time_point started{};  // of the exchange
  std::int64_t body_bytes = 0;                      // decoded; -1: more than the limit
};

struct WriteOutcome {
  std::string error;  // why the scrape failed; "" when it did not
  std::uint64_t scraped = 0;
  std::uint64_t after_relabeling = 0;
  std::uint64_t series_added = 0;
  double duration = 0;  // seconds from the request to the last sample taken
};

// Turns the answers of one target into samples: parsing, labels, limits, staleness, and the report
// series, each answer one committed batch. Threads: Write and WriteEnd one at a time (computing: on
// a pool), Metadata from any.
class TargetWriter {
 public:
  // Everything by reference outlives the writer.
  TargetWriter(std::shared_ptr<const ScrapeConfig> config, std::shared_ptr<const Target> target,
               tsdb::Storage& storage, const Clock& clock, ScrapeMetrics& metrics, Logger log,
               bool extra_metrics, bool start_timestamps);

  // Goes on with what `before` knows of the same target and does not need any more: series that are
  // missing from the first page end. Before the first Write.
  void Inherit(std::shared_ptr<TargetWriter> before) EXCLUDES(mu_);
  WriteOutcome Write(const Answer& answer) EXCLUDES(mu_);
  // Marks every series as ended at `time`, the report series too.
  void WriteEnd(Timestamp time) EXCLUDES(mu_);

  std::vector<FamilyMetadata> Metadata() const EXCLUDES(mu_);
  struct MetadataSize {
    std::size_t entries = 0;
    std::size_t bytes = 0;
  };
  MetadataSize metadata_size() const EXCLUDES(mu_);

 private:
  struct Pass;
  static constexpr std::size_t kReports = 8;

  void TakeOver(TargetWriter& before) REQUIRES(mu_);
  WriteOutcome Ingest(tsdb::Appender& appender, const Answer& answer) REQUIRES(mu_);
  std::string ReadBody(Pass& pass, const Answer& answer) REQUIRES(mu_);
  std::string ReadEntries(Pass& pass) REQUIRES(mu_);
  std::uint32_t TakePredicted(Pass& pass, std::uint32_t most) REQUIRES(mu_);
  bool TakePredictedMetadata(Pass& pass, ScrapeCache::Line line) REQUIRES(mu_);
  void TakeRefused(Pass& pass, ScrapeCache::Line line, tsdb::Refusal refusal) REQUIRES(mu_);
  std::string TakeSample(Pass& pass, bool histogram) REQUIRES(mu_);
  void TakeMetadata(Pass& pass, Entry entry) REQUIRES(mu_);
  void TakeExemplars(Pass& pass, tsdb::SeriesRef ref, bool histogram) REQUIRES(mu_);
  tsdb::Refusal Append(Pass& pass, ScrapeCache::Series& series) REQUIRES(mu_);
  // Counts a refusal; true when the sample is in, an error text when the scrape must fail.
  bool Judge(Pass& pass, tsdb::Refusal refusal, std::string& error);
  tsdb::SeriesRef ResolveAgain(Pass& pass, std::string_view text);
  void MarkVanished(tsdb::Appender& appender, Timestamp time) REQUIRES(mu_);
  void StoreMetadata(tsdb::Appender& appender) REQUIRES(mu_);
  void Report(tsdb::Appender& appender, const Answer& answer, const WriteOutcome& outcome)
      REQUIRES(mu_);
  void AppendReport(tsdb::Appender& appender, std::size_t which, Timestamp time, double value)
      REQUIRES(mu_);
  void WarnOfRefusals(const Pass& pass) const;

  const std::shared_ptr<const ScrapeConfig> config_;
  const std::shared_ptr<const Target> target_;
  tsdb::Storage& storage_;
  const Clock& clock_;
  ScrapeMetrics& metrics_;
  const Logger log_;
  const bool extra_metrics_;
  const bool start_timestamps_;

  mutable Mutex mu_;
  // Taken over by the first Write: this one may still be at work.
  std::shared_ptr<TargetWriter> before_ GUARDED_BY(mu_);
  ScrapeCache cache_ GUARDED_BY(mu_);
  bool metadata_changed_ GUARDED_BY(mu_) = false;
  const std::unique_ptr<tsdb::Source> source_;
  std::array<tsdb::SeriesRef, kReports> report_refs_ GUARDED_BY(mu_){};
};

}  // namespace meerkat::scrape
