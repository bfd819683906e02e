#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
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
    if (2 * groups_.size() >= places_.size()) Grow();
    std::uint32_t& place = PlaceOf(group);
    if (place == 0) {
      groups_.push_back(std::move(group));
      place = static_cast<std::uint32_t>(groups_.size());
    }
    return place - 1;
  }
  const std::vector<Labels>& groups() const { return groups_; }

 private:
  // Where the number of a group stands, or has room.
  std::uint32_t& PlaceOf(const Labels& group) {
    std::size_t at = group.hash() % places_.size();
    while (places_[at] != 0 && !(groups_[places_[at] - 1] == group)) at = (at + 1) % places_.size();
    return places_[at];
  }
  void Grow() {
    places_.assign(std::max<std::size_t>(16, 4 * places_.size()), 0);
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      PlaceOf(groups_[i]) = static_cast<std::uint32_t>(i + 1);
    }
  }

  bool without_;
  std::vector<std::string> names_;
  std::vector<Labels> groups_;
  std::vector<std::uint32_t> places_;  // numbers of groups plus one, by hash; at most half full
};

}  // namespace meerkat::promql
