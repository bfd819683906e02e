#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "promql/ast.h"
#include "promql/engine.h"
#include "promql/exec/rows.h"

namespace meerkat::promql {

struct FunctionImpl;  // promql/funcs/registry.h

// One operator of a planned query. Parentheses are gone; durations and times are numbers.
struct Node {
  const Expr* expr = nullptr;
  PositionRange position;  // of the expression as written, parentheses included
  Expr::Kind kind = Expr::Kind::kNumber;
  ValueType type = ValueType::kNone;
  // The same at every step (@, numbers): computed once and repeated.
  bool constant = false;
  // Series may differ in nothing but their name, so that dropping it can make two of one.
  bool names_vary = false;
  std::vector<std::unique_ptr<Node>> children;
  int depth = 1;      // of the tree below
  double number = 0;  // of number literals, and of what could be computed from them at once

  const FunctionImpl* function = nullptr;  // calls
  // Selectors and subqueries, in milliseconds. The reference time of step t is (at or t) - offset.
  std::size_t selection = 0;
  std::int64_t range = 0;
  std::int64_t offset = 0;
  std::int64_t step = 0;  // subqueries
  std::optional<std::int64_t> at;
  // The whole histograms are not needed above: upstream then reads counter resets off the sample
  // before, and so do we.
  bool find_resets = false;
  bool anchored = false;
  bool smoothed = false;
  const VectorSelector& selector() const;  // of vector and matrix selectors
};

// What is read from storage: equal selectors with overlapping times share one.
struct Selection {
  const std::vector<Matcher>* matchers = nullptr;
  std::int64_t min_time = 0, max_time = 0;
  std::size_t uses = 0;
  bool sorted = true;   // somebody cares for the order of series
  bool newest = false;  // nobody needs more than the newest sample
};

struct Plan {
  std::unique_ptr<Node> root;
  std::vector<Selection> selections;
};

// The times of a whole query. Its end need not be one of the grid's.
struct QueryTimes {
  Grid grid;
  std::int64_t end = 0;
};

// Errors: kInvalid for durations that cannot be computed.
Result<Plan> MakePlan(const Expr& expr, const QueryTimes& query, const EngineOptions& options,
                      std::int64_t lookback);

// Parentheses taken off.
const Expr& Unwrap(const Expr& expr);

}  // namespace meerkat::promql
