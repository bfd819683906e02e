#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>

#include "promql/engine.h"
#include "promql/exec/execution.h"
#include "promql/exec/plan.h"
#include "promql/exec/result_builder.h"

namespace meerkat::promql {

// A query from its plan to its result, at once or in parts. One thread at a time.
class QueryRun {
 public:
  // `engine`, `storage` and `expr` stay alive as long as the run. Errors: as Engine::Run, of what
  // can be told before evaluating.
  static Result<std::unique_ptr<QueryRun>> Prepare(const EngineOptions& engine,
                                                   const tsdb::Storage& storage, const Expr& expr,
                                                   const QueryOptions& options,
                                                   std::stop_token stop);

  // All of it. `text` is the query, for the positions in notes.
  Result<QueryResult> Complete(std::string_view text);

  // In parts: each EvaluatePart gives `builder` the rows of what the execution's feed has room for.
  // What Finish returns has `value`, and notes and statistics of all parts.
  Result<> EvaluatePart(ResultBuilder& builder);
  QueryResult Finish(Value value, double sort_seconds, std::string_view text);

  const Plan& plan() const { return plan_; }
  const Grid& grid() const { return times_.grid; }
  Execution& execution() { return *execution_; }

 private:
  using SteadyClock = std::chrono::steady_clock;
  explicit QueryRun(const EngineOptions& engine) : engine_(engine) {}
  Result<Value> EvaluateRoot(double& sort_seconds);

  const EngineOptions& engine_;
  QueryTimes times_;
  bool instant_ = false;
  Plan plan_;
  std::optional<Execution> execution_;  // none for a range without a step
  std::optional<SampleCounter> counter_;
  SteadyClock::duration timeout_{};
  SteadyClock::duration spent_{};  // of the parts so far
  QueryStats stats_;
};

}  // namespace meerkat::promql
