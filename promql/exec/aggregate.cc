#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "promql/exec/compensated.h"
#include "promql/exec/grouping.h"
#include "promql/exec/histogram_sum.h"
#include "promql/exec/quantile.h"
#include "promql/exec/samples.h"
#include "promql/histogram_buckets.h"

// Aggregations that make one element of each group: every series is added to its group's columns
// as it comes, so only groups are held.
namespace meerkat::promql {
namespace {

// What a group has seen at a step.
constexpr std::uint8_t kFloat = 1, kHistogram = 2, kIncremental = 4;

struct GroupColumns {
  bool drop_name = false;
  std::unique_ptr<double[]> memory;  // of the columns; those an operator has no use for are empty
  std::span<double> value, lost, mean, count;
  std::span<std::uint8_t> seen;
  std::vector<std::unique_ptr<HistogramSum>> histograms;
  std::vector<std::vector<double>> rows;  // quantile needs every value
};

// CompensatedAdd for a whole row of floats, without branches so that steps go side by side.
void AddWholeRow(std::span<const double> row, double* sums, double* lost) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double sum = sums[i], increment = row[i], total = sum + increment;
    const bool sum_is_larger = std::fabs(sum) >= std::fabs(increment);
    const double larger = sum_is_larger ? sum : increment;
    const double smaller = sum_is_larger ? increment : sum;
    const double now_lost = lost[i] + ((larger - total) + smaller);
    lost[i] = std::fabs(total) == std::numeric_limits<double>::infinity() ? 0 : now_lost;
    sums[i] = total;
  }
}

void AddToMean(double sample, std::size_t i, GroupColumns& group) {
  double& count = group.count[i];
  if (++count == 1) {
    group.value[i] = sample;
    return;
  }
  if ((group.seen[i] & kIncremental) == 0) {
    double sum = group.value[i], lost = group.lost[i];
    CompensatedAdd(sample, sum, lost);
    if (!std::isinf(sum)) {
      group.value[i] = sum;
      group.lost[i] = lost;
      return;
    }
    // The sum would overflow; the mean does not.
    group.seen[i] |= kIncremental;
    group.mean[i] = group.value[i] / (count - 1);
    group.lost[i] /= count - 1;
  }
  const double weight = (count - 1) / count;
  double mean = weight * group.mean[i], lost = weight * group.lost[i];
  CompensatedAdd(sample / count, mean, lost);
  group.mean[i] = mean;
  group.lost[i] = lost;
}

void AddToVariance(double sample, std::size_t i, GroupColumns& group) {
  double& count = group.count[i];
  if (++count == 1) {
    group.mean[i] = sample;
    group.value[i] = std::isfinite(sample) ? 0 : std::numeric_limits<double>::quiet_NaN();
    return;
  }
  const double delta = sample - group.mean[i];
  group.mean[i] += delta / count;
  group.value[i] += delta * (sample - group.mean[i]);
}

class Aggregation {
 public:
  Aggregation(Execution& execution, const Node& node, const Grid& grid)
      : execution_(execution),
        aggregate_(*static_cast<const AggregateExpr*>(node.expr)),
        node_(node),
        grid_(grid),
        grouping_(aggregate_),
        held_(execution.budget()) {}

  Result<> Run(const RowSink& sink) {
    std::vector<double> param;
    if (aggregate_.op == AggregateOp::kQuantile) {
      auto scalars = execution_.Scalars(*node_.children[1], grid_);
      if (!scalars) return std::move(scalars).error();
      param = std::move(*scalars);
    }
    auto done = execution_.Evaluate(*node_.children[0], grid_,
                                    [&](Row& row) -> Result<> { return Add(row); });
    for (const double rank : param) {
      NoteInvalidQuantile(execution_.notes(), node_.children[1]->position, rank);
    }
    Row row;
    for (std::size_t i = 0; done && i < groups_.size(); ++i) {
      Finish(groups_[i], param, row);
      row.labels = grouping_.groups()[i];
      row.drop_name = groups_[i].drop_name;
      groups_[i] = GroupColumns();
      done = sink(row);
    }
    return done;
  }

 private:
  Result<> Add(Row& row) {
    const std::size_t at = grouping_.GroupOf(row.labels);
    if (at == groups_.size()) {
      groups_.emplace_back();
      Prepare(groups_.back());
      if (auto ok = held_.Add(FootprintOf(groups_.back())); !ok) return ok;
      groups_.back().drop_name = row.drop_name;
    }
    GroupColumns& group = groups_[at];
    if (!row.histograms.empty()) {
      if (auto added = AddHistograms(row, group); !added) return added;
    }
    return AddFloats(row, group);
  }

  void Prepare(GroupColumns& group) const {
    const AggregateOp op = aggregate_.op;
    const bool mean =
        op == AggregateOp::kAvg || op == AggregateOp::kStddev || op == AggregateOp::kStdvar;
    const bool lost = op == AggregateOp::kSum || op == AggregateOp::kAvg;
    const std::pair<std::span<double>*, bool> columns[] = {
        {&group.value, op != AggregateOp::kQuantile},
        {&group.lost, lost},
        {&group.mean, mean},
        {&group.count, mean}};
    const std::size_t steps = grid_.count;
    const std::size_t seen = (steps + sizeof(double) - 1) / sizeof(double);
    std::size_t used = 0;
    for (const auto& [column, needed] : columns) used += needed ? steps : 0;
    // One piece of memory: an instant query of many groups would otherwise do little but allocate.
    group.memory = std::make_unique<double[]>(used + seen);
    double* next = group.memory.get();
    for (const auto& [column, needed] : columns) {
      if (!needed) continue;
      *column = {next, steps};
      next += steps;
    }
    group.seen = {reinterpret_cast<std::uint8_t*>(next), steps};
  }

  Footprint FootprintOf(const GroupColumns& group) const {
    const std::size_t doubles =
        group.value.size() + group.lost.size() + group.mean.size() + group.count.size();
    return {grid_.count, group.seen.size() + doubles * sizeof(double)};
  }

  Result<> AddHistograms(Row& row, GroupColumns& group) {
    const AggregateOp op = aggregate_.op;
    for (std::size_t i = 0; i < grid_.count; ++i) {
      if (row.histograms[i] == nullptr) continue;
      if (op == AggregateOp::kCount || op == AggregateOp::kGroup) {
        group.seen[i] |= kFloat;
        group.value[i] += 1;
      } else if (op == AggregateOp::kSum || op == AggregateOp::kAvg) {
        group.seen[i] |= kHistogram;
        if (group.histograms.empty()) group.histograms.resize(grid_.count);
        auto& sum = group.histograms[i];
        if (sum == nullptr) {
          sum = std::make_unique<HistogramSum>(op == AggregateOp::kAvg);
          const Footprint histogram = OfPoints(SampleWeight(*row.histograms[i]));
          if (auto ok = held_.Add({0, sizeof(HistogramSum) + histogram.bytes}); !ok) return ok;
        }
        sum->Add(*row.histograms[i], row.labels.metric_name());
      } else {
        execution_.notes().Add(Note::kIgnoredHistogramAggregation, node_.children[0]->position,
                               TextOf(op));
      }
    }
    return {};
  }

  template <typename Each>
  static void ForEachFloat(const Row& row, GroupColumns& group, Each&& each) {
    for (std::size_t i = 0; i < row.values.size(); ++i) {
      const double sample = row.values[i];
      if (IsAbsent(sample)) continue;
      const bool first = (group.seen[i] & kFloat) == 0;
      group.seen[i] |= kFloat;
      each(sample, i, first);
    }
  }

  Result<> AddFloats(Row& row, GroupColumns& group) {
    double* const value = group.value.data();
    switch (aggregate_.op) {
      case AggregateOp::kSum: {
        double* const lost = group.lost.data();
        if (!HasNan(row.values)) {
          for (std::uint8_t& seen : group.seen) seen |= kFloat;
          AddWholeRow(row.values, value, lost);
          break;
        }
        ForEachFloat(row, group, [&](double sample, std::size_t i, bool) {
          CompensatedAdd(sample, value[i], lost[i]);
        });
        break;
      }
      case AggregateOp::kAvg:
        ForEachFloat(row, group,
                     [&](double sample, std::size_t i, bool) { AddToMean(sample, i, group); });
        break;
      case AggregateOp::kCount:
      case AggregateOp::kGroup:
        ForEachFloat(row, group, [&](double, std::size_t i, bool) { value[i] += 1; });
        break;
      case AggregateOp::kMin:
        ForEachFloat(row, group, [&](double sample, std::size_t i, bool first) {
          if (first || value[i] > sample || std::isnan(value[i])) value[i] = sample;
        });
        break;
      case AggregateOp::kMax:
        ForEachFloat(row, group, [&](double sample, std::size_t i, bool first) {
          if (first || value[i] < sample || std::isnan(value[i])) value[i] = sample;
        });
        break;
      case AggregateOp::kStddev:
      case AggregateOp::kStdvar:
        ForEachFloat(row, group,
                     [&](double sample, std::size_t i, bool) { AddToVariance(sample, i, group); });
        break;
      default: {  // quantile
        ForEachFloat(row, group, [](double, std::size_t, bool) {});
        if (auto ok = held_.Add(OfColumn(grid_.count)); !ok) return ok;
        group.rows.push_back(std::move(row.values));
        break;
      }
    }
    return {};
  }

  double FloatOf(const GroupColumns& group, std::size_t i, const std::vector<double>& param) {
    switch (aggregate_.op) {
      case AggregateOp::kSum:
        return group.value[i] + group.lost[i];
      case AggregateOp::kAvg:
        if ((group.seen[i] & kIncremental) != 0) return group.mean[i] + group.lost[i];
        return group.value[i] / group.count[i] + group.lost[i] / group.count[i];
      case AggregateOp::kGroup:
        return 1;
      case AggregateOp::kStddev:
        return std::sqrt(group.value[i] / group.count[i]);
      case AggregateOp::kStdvar:
        return group.value[i] / group.count[i];
      case AggregateOp::kQuantile: {
        scratch_.clear();
        for (const std::vector<double>& row : group.rows) {
          if (!IsAbsent(row[i])) scratch_.push_back(row[i]);
        }
        return Quantile(param[i], scratch_);
      }
      default:
        return group.value[i];
    }
  }

  void Finish(GroupColumns& group, const std::vector<double>& param, Row& row) {
    row.Clear(grid_.count);
    Annotations& notes = execution_.notes();
    const PositionRange where = node_.children[0]->position;
    for (std::size_t i = 0; i < grid_.count; ++i) {
      const std::uint8_t seen = group.seen[i] & (kFloat | kHistogram);
      if (seen == (kFloat | kHistogram)) {
        notes.Add(Note::kMixedFloatsHistogramsAggregation, where);
        group.histograms[i]->NoteMisfits(notes, where);
      } else if (seen == kFloat) {
        row.values[i] = FloatOf(group, i, param);
      } else if (seen == kHistogram) {
        HistogramPtr sum = group.histograms[i]->Finish(notes, where);
        if (sum != nullptr) row.SetHistogram(i, std::move(sum));
      }
    }
  }

  Execution& execution_;
  const AggregateExpr& aggregate_;
  const Node& node_;
  const Grid& grid_;
  Grouping grouping_;
  std::vector<GroupColumns> groups_;
  std::vector<double> scratch_;
  Held held_;
};

}  // namespace

Result<> Aggregate(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  switch (static_cast<const AggregateExpr*>(node.expr)->op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio:
      return AggregateSelection(execution, node, grid, sink);
    case AggregateOp::kCountValues:
      return CountValues(execution, node, grid, sink);
    default:
      return Aggregation(execution, node, grid).Run(sink);
  }
}

}  // namespace meerkat::promql
