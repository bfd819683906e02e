#pragma once

#include <string>
#include <vector>

#include "promql/ast.h"
#include "promql/exec/operators.h"

namespace meerkat::promql {

// The labels that decide which elements of two vectors belong together: those in on(), or all but
// the name and those in ignoring().
class MatchingLabels {
 public:
  explicit MatchingLabels(const VectorMatching& matching)
      : on_(matching.on), names_(matching.labels) {
    if (!on_) names_.emplace_back(kMetricName);
  }
  Labels Of(const Labels& labels) const {
    return on_ ? labels.Keep(names_) : labels.Without(names_);
  }

 private:
  bool on_;
  std::vector<std::string> names_;
};

// The matching of an operator; the default one when nothing was written.
inline const VectorMatching& MatchingOf(const BinaryExpr& binary) {
  static const VectorMatching kDefault;
  return binary.matching ? *binary.matching : kDefault;
}

}  // namespace meerkat::promql
