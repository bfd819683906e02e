#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/labels.h"
#include "base/matcher.h"
#include "base/result.h"

// The doors of the time-series store. Everything outside of tsdb/ speaks to samples through these.
namespace meerkat::tsdb {

// Names a series while the process lives; never stored, dies with a restart. A ref of a series that
// was forgotten (churn) is never given out again.
enum class SeriesRef : std::uint64_t { kNone = 0 };

// Refusals are everyday outcomes, counted by the caller; they are not errors.
enum class Refusal : std::uint8_t {
  kNone,
  kOutOfOrder,     // older than the newest sample of its series, and no out-of-order window
  kDuplicate,      // same time as the newest sample, other value (the same value is taken silently)
  kTooOld,         // older than the out-of-order window
  kOutOfBounds,    // beyond what the store can take at all (before the oldest writable time)
  kUnknownSeries,  // the ref is dead: resolve the labels again
  kSeriesLimit,
  kBadHistogram,  // contradicts itself: spans and bucket counts, order of bounds
};

struct Exemplar {
  Labels labels;
  double value = 0;
  Timestamp time{};
  bool operator==(const Exemplar&) const = default;
};

enum class MetricType : std::uint8_t {
  kUnknown,
  kCounter,
  kGauge,
  kHistogram,
  kGaugeHistogram,
  kSummary,
  kInfo,
  kStateset
};
struct Metadata {
  MetricType type = MetricType::kUnknown;
  std::string help;
  std::string unit;
  bool operator==(const Metadata&) const = default;
};

// One batch from one source: a scrape, a rule evaluation, a remote write request. Invisible until
// Commit(); destroying an uncommitted Appender rolls it back. A batch whose samples all share one
// timestamp is the cheap case: open one Source per scrape target or rule group and pass it to
// NewAppender. Threads: one thread at a time per Appender, any number of Appenders.
class Appender {
 public:
  virtual ~Appender() = default;

  // The ref for `labels`, made when new. kNone when the series limit refuses it.
  virtual SeriesRef Resolve(const Labels& labels) = 0;
  // A hint: a sample for this series is some five samples away. For callers that know the order, so
  // that the series' memory is on its way into the cache meanwhile. Any ref will do.
  virtual void Expect(SeriesRef /*series*/) {}

  // `start`: the start timestamp ("created"), none when nullopt-like kMinTime.
  // Order is checked against what is committed and what this batch holds already.
  virtual Refusal Append(SeriesRef series, Timestamp time, double value,
                         Timestamp start = kMinTime) = 0;
  virtual Refusal Append(SeriesRef series, Timestamp time, HistogramPtr histogram,
                         Timestamp start = kMinTime) = 0;
  // Kept in a ring of bounded size; refused when not newer than the series' newest exemplar.
  virtual Refusal AppendExemplar(SeriesRef series, const Exemplar& exemplar) = 0;
  // Metadata by metric family name; the last one wins.
  virtual void SetMetadata(std::string_view metric, const Metadata& metadata) = 0;

  // Journalled, then visible. After an error nothing of the batch is visible, and the Appender is
  // spent.
  virtual Result<> Commit() = 0;
};

// Where batches come from time and again: a scrape target, a rule group. Keeps the shared timestamp
// column of its series together. Threads: one Appender per Source at a time.
class Source {
 public:
  virtual ~Source() = default;
};

// The samples of one series within the asked range, in time order, as columns.
// `times` is shared: series of one target that have all the same samples point to the very same
// column, so whoever computes window bounds can do it once per distinct pointer.
struct SeriesColumns {
  using Times = std::vector<Timestamp>;
  struct HistogramAt {
    std::uint32_t index;  // position in `times`
    HistogramPtr histogram;
  };

  std::shared_ptr<const Times> times;
  std::vector<double>
      values;  // parallel to times; unspecified where a histogram stands. Stale NaNs included.
  std::vector<HistogramAt> histograms;  // ascending index; empty for float series
  std::vector<Timestamp>
      starts;  // parallel to times, kMinTime where none; empty when there is none at all

  std::size_t size() const { return times == nullptr ? 0 : times->size(); }
};

// Lets whoever waits for a long read give up. Readers charge roughly the nanoseconds they are about
// to spend, and it asks whenever enough of them are together. Threads: one at a time.
class Interrupt {
 public:
  // Gives the error to end with (kCanceled, kTimeout), if it is to end.
  using Ask = std::function<Result<>()>;

  Interrupt() = default;  // never
  // `between`: nanoseconds of work from one question to the next.
  explicit Interrupt(Ask ask, std::uint64_t between = 5'000'000)
      : ask_(std::move(ask)), between_(between) {}
  explicit Interrupt(std::stop_token stop)
      : Interrupt([stop = std::move(stop)]() -> Result<> {
          if (stop.stop_requested()) return Error(Code::kCanceled, "context canceled");
          return {};
        }) {}

  bool never() const { return ask_ == nullptr; }
  Result<> Spend(std::uint64_t nanoseconds) {
    spent_ += nanoseconds;
    if (spent_ < between_) return {};
    spent_ = 0;
    return ask_ ? ask_() : Result<>();
  }

 private:
  Ask ask_;
  std::uint64_t between_ = 0;
  std::uint64_t spent_ = 0;
};

// Series one after the other. labels() stays valid until the next Next().
class SeriesSet {
 public:
  virtual ~SeriesSet() = default;
  virtual Result<bool> Next() = 0;  // false: the end
  virtual const Labels& labels() const = 0;
  // Decodes the series' samples in the select range into `out`, whose buffers it reuses. A series
  // may have none. kCorruption: this series has unreadable blocks (reported once, the readable rest
  // is in `out`).
  virtual Result<> Read(SeriesColumns& out) = 0;

  // For reading on several threads: how many series there are, and another set of the very same
  // ones, at its beginning, that belongs to another thread and may outlive this one. 0 and null:
  // not to be had.
  virtual std::size_t size() const { return 0; }
  virtual std::unique_ptr<SeriesSet> Fork() const { return nullptr; }
  // Passes over the next `count` series.
  virtual void Skip(std::size_t /*count*/) {}
};

struct SelectHints {
  bool sorted = true;        // in label order; unsorted is cheaper
  bool labels_only = false;  // Read will not be called
  bool newest = false;       // of each series' samples only the newest is needed
  std::uint64_t limit = 0;   // series, 0: no limit
};

// A consistent view of the store for one time range: what is sealed or deleted meanwhile does not
// change it. Threads: one at a time.
class Querier {
 public:
  virtual ~Querier() = default;
  // Series that match all matchers and may have samples in the querier's range. An empty span
  // selects all.
  virtual Result<std::unique_ptr<SeriesSet>> Select(std::span<const Matcher> matchers,
                                                    const SelectHints& hints) = 0;
  // Sorted, unique. With matchers: only of series that match. `limit` 0: no limit.
  virtual Result<std::vector<std::string>> LabelNames(std::span<const Matcher> matchers,
                                                      std::uint64_t limit) = 0;
  virtual Result<std::vector<std::string>> LabelValues(std::string_view name,
                                                       std::span<const Matcher> matchers,
                                                       std::uint64_t limit) = 0;

  // Set before any other call: what may end the calls above before they are done.
  void InterruptBy(Interrupt interrupt) { interrupt_ = std::move(interrupt); }
  // Whether the calls above, and reading the series they give, may have to read a disk.
  virtual bool may_read_disk() const { return false; }
  // What the calls above could not look into and may miss series or labels of, each once. Blocks
  // that SeriesSet::Read names are not among it.
  virtual std::vector<std::string> Damage() const { return {}; }

 protected:
  Interrupt interrupt_;
};

struct SeriesExemplars {
  Labels series;
  std::vector<Exemplar> exemplars;
};

struct NamedCount {
  std::string name;
  std::uint64_t value = 0;
};
// What /api/v1/status/tsdb tells; lists are sorted by falling value and cut at the asked limit.
struct CardinalityStats {
  std::uint64_t series = 0;
  std::uint64_t label_pairs = 0;
  std::uint64_t chunks = 0;
  Timestamp min_time{};
  Timestamp max_time{};
  std::vector<NamedCount> series_by_metric;
  std::vector<NamedCount> values_by_label;
  std::vector<NamedCount> bytes_by_label;
  std::vector<NamedCount> series_by_pair;  // "name=value"
};

// The one door into the samples. Threads: every method, from any thread.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual std::unique_ptr<Source> NewSource() = 0;
  // `source` may be null: samples then stand for themselves.
  virtual std::unique_ptr<Appender> NewAppender(Source* source = nullptr) = 0;
  virtual Result<std::unique_ptr<Querier>> NewQuerier(TimeRange range) const = 0;

  // By any of several matcher sets; series in label order, exemplars in time order.
  virtual Result<std::vector<SeriesExemplars>> Exemplars(
      TimeRange range, std::span<const std::vector<Matcher>> selectors) const = 0;
  // Metadata of one metric family ("" lists all), sorted by name.
  virtual std::vector<std::pair<std::string, Metadata>> MetricMetadata(
      std::string_view metric) const = 0;
};

}  // namespace meerkat::tsdb
