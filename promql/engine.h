#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "promql/parser.h"
#include "promql/value.h"
#include "tsdb/storage.h"

namespace meerkat::promql {

class Workers;  // promql/workers.h

// What an engine is told once; a reload makes a new one.
struct EngineOptions {
  Millis lookback = std::chrono::minutes(5);
  Millis timeout = std::chrono::minutes(2);
  std::uint64_t max_samples = 50'000'000;  // held in memory at one time by one query
  std::uint64_t max_memory = 0;            // bytes held at one time by one query; 0: no limit
  Millis default_subquery_step = std::chrono::minutes(1);  // global evaluation_interval
  ParseOptions parse;
  bool delayed_name_removal = false;
  bool use_start_timestamps = false;
  bool per_step_stats = false;
  bool type_and_unit_labels = false;
  // Threads that help large queries; they outlive the engine. Null: each query has its own thread.
  Workers* workers = nullptr;
};

struct QueryOptions {
  Timestamp start{};
  Timestamp end{};
  Millis step{0};  // 0: an instant query at start
  std::optional<Millis> lookback;
  std::optional<Millis> timeout;  // the smaller of this and the engine's counts
  bool stats = false;
  // For a caller that cannot wait: the query ends with kTimeout when it takes longer than this, and
  // before it would read a disk or need another thread. What it then answers may be asked again.
  std::optional<std::chrono::microseconds> prompt;
};

struct QueryStats {
  // Equal to upstream's: every step counts its window, an info series and a histogram (by its size)
  // as any other sample. Only histograms that a subquery computes may have another size here.
  std::uint64_t total_queryable_samples = 0;
  std::uint64_t samples_read = 0;
  // Most that this engine held at one time, which is also what max_samples bounds. Not upstream's
  // number: columns of storage count here and passed-on rows do not, upstream keeps the whole
  // result of every operator and reads storage sample by sample.
  std::uint64_t peak_samples = 0;
  std::vector<std::pair<Timestamp, std::uint64_t>> samples_per_step;  // with per_step_stats
  std::vector<std::pair<Timestamp, std::uint64_t>> samples_read_per_step;
  // Seconds.
  double eval_total = 0, result_sort = 0, preparation = 0, inner_eval = 0, queue = 0,
         exec_total = 0;
};

struct QueryResult {
  Value value;
  std::vector<std::string>
      warnings;  // whole, with upstream's "PromQL warning: " prefix and position
  std::vector<std::string> infos;
  QueryStats stats;
};

struct QueryAnswer;  // promql/stream.h

// Evaluates PromQL over a Storage. Stateless between queries but for its options. Threads: Run from
// any number of threads; each call computes on the calling thread (and may use more of its own).
class Engine {
 public:
  Engine(EngineOptions options, const tsdb::Storage& storage);

  const EngineOptions& options() const { return options_; }

  // Errors: kInvalid (text does not parse, range query of a matrix or string), kExecution, kTimeout
  // ("query timed out in expression evaluation"), kCanceled when `stop` is requested, kUnavailable
  // (storage).
  Result<QueryResult> Run(std::string_view query, const QueryOptions& options,
                          std::stop_token stop = {}) const;
  // A tree that is parsed already (rules).
  Result<QueryResult> Run(const Expr& expr, std::string_view text, const QueryOptions& options,
                          std::stop_token stop = {}) const;
  // As the first, for an answer that may be sent while it is made: a range query over many series
  // that works on each by itself is computed part by part (promql/stream.h).
  Result<QueryAnswer> Start(std::string_view query, const QueryOptions& options,
                            std::stop_token stop = {}) const;

 private:
  EngineOptions options_;
  const tsdb::Storage* storage_;
};

}  // namespace meerkat::promql
