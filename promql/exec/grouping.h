#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "promql/ast.h"
#include "promql/exec/operators.h"

namespace meerkat::promql {

// Which group of an aggregation a series falls into; hashed once for each series.
class Grouping {
 public:
  // `also`: a label that count_values adds to those in by().
  explicit Grouping(const AggregateExpr& aggregate, std::string_view also = {})
      : without_(aggregate.without), names_(aggregate.grouping) {
    if (without_) {
      names_.emplace_back(kMetricName);
    } else if (!also.empty()) {
      names_.emplace_back(also);
    }
  }

  Labels LabelsOf(const Labels& labels) const {
    if (without_) return labels.Without(names_);
    return names_.empty() ? Labels() : labels.Keep(names_);
  }
  // Numbers groups in the order they come up.
  std::size_t GroupOf(const Labels& labels) {
    Labels group = LabelsOf(labels);
    const auto [it, added] = index_.try_emplace(group, groups_.size());
    if (added) groups_.push_back(std::move(group));
    return it->second;
  }
  const std::vector<Labels>& groups() const { return groups_; }

 private:
  bool without_;
  std::vector<std::string> names_;
  std::unordered_map<Labels, std::size_t> index_;
  std::vector<Labels> groups_;
};

}  // namespace meerkat::promql
