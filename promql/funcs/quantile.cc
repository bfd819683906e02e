#include "promql/funcs/quantile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/number.h"
#include "base/quote.h"
#include "promql/exec/operators.h"
#include "promql/exec/quantile.h"
#include "promql/funcs/registry.h"

// histogram_quantile and histogram_fraction over classic and native histograms.
namespace meerkat::promql {
namespace {

constexpr std::string_view kBucketLabel = "le";

// All that belongs to one histogram: its classic buckets, and native samples of the same labels.
struct Group {
  Labels labels;  // without le
  std::string metric;
  std::vector<std::pair<double, std::size_t>> classic;  // upper bound, row
  std::vector<std::size_t> native;                      // rows
};

struct Histograms {
  std::vector<Row> rows;
  std::vector<Group> groups;
};

Result<Histograms> Collect(Execution& execution, const Node& argument, const Grid& grid,
                           Held& held) {
  auto rows = execution.Gather(argument, grid, held);
  if (!rows) return std::move(rows).error();
  Histograms out;
  out.rows = std::move(*rows);
  std::unordered_map<Labels, std::size_t> index;
  const std::array<std::string, 1> dropped = {std::string(kBucketLabel)};
  const auto group_of = [&](const Row& row, Labels labels) -> Group& {
    const auto [it, added] = index.try_emplace(labels, out.groups.size());
    if (added) {
      out.groups.push_back({std::move(labels), std::string(row.labels.metric_name()), {}, {}});
    }
    return out.groups[it->second];
  };
  for (std::size_t i = 0; i < out.rows.size(); ++i) {
    const Row& row = out.rows[i];
    if (std::any_of(row.histograms.begin(), row.histograms.end(),
                    [](const HistogramPtr& h) { return h != nullptr; })) {
      group_of(row, row.labels).native.push_back(i);
    }
    if (std::all_of(row.values.begin(), row.values.end(), IsAbsent)) continue;
    const std::string_view bound = row.labels.Get(kBucketLabel);
    if (const auto upper = ParseFloat(bound)) {
      group_of(row, row.labels.Without(dropped)).classic.emplace_back(*upper, i);
    } else {
      const std::string_view metric = row.labels.metric_name();
      execution.notes().Add(
          Note::kBadBucketLabel, argument.position,
          Quote(bound) + (metric.empty() ? "" : " for metric name " + Quote(metric)));
    }
  }
  return out;
}

// Calls of one kind over every histogram at every step.
class Evaluator {
 public:
  Evaluator(Execution& execution, const Node& argument, const Grid& grid)
      : execution_(execution), argument_(argument), grid_(grid) {}

  // classic(buckets, group, step) and native(histogram, group, step) give the float of one sample.
  // `label` (name, value) is set on each result.
  template <typename Classic, typename Native>
  Result<> Run(const Histograms& histograms, std::string_view label_name,
               std::string_view label_value, Classic&& classic, Native&& native,
               UniqueRows& unique) {
    LabelsBuilder builder;
    std::vector<ClassicBucket> buckets;
    const auto labelled = [&](const Labels& labels) {
      if (label_name.empty()) return labels;
      builder.Reset(labels);
      builder.Set(label_name, label_value);
      return builder.Build();
    };
    for (const Group& group : histograms.groups) {
      if (auto ok = execution_.Check(); !ok) return ok;
      NoteMixes(histograms, group);
      if (!group.classic.empty()) {
        Row row;
        row.Clear(grid_.count);
        bool any = false;
        for (std::size_t i = 0; i < grid_.count; ++i) {
          buckets.clear();
          for (const auto& [bound, at] : group.classic) {
            const double count = histograms.rows[at].values[i];
            if (!IsAbsent(count)) buckets.push_back({bound, count});
          }
          if (buckets.empty() || HasNative(histograms, group, i)) continue;
          row.values[i] = classic(buckets, group, i);
          any = true;
        }
        if (any) {
          row.labels = labelled(group.labels);
          execution_.DropName(row);
          if (auto added = unique.Add(row); !added) return added;
        }
      }
      for (const std::size_t at : group.native) {
        const Row& source = histograms.rows[at];
        Row row;
        row.Clear(grid_.count);
        bool any = false;
        for (std::size_t i = 0; i < grid_.count; ++i) {
          if (source.histograms[i] == nullptr || HasClassic(histograms, group, i)) continue;
          row.values[i] = native(*source.histograms[i], source, i);
          any = true;
        }
        if (!any) continue;
        row.labels = labelled(source.labels);
        execution_.DropName(row);
        if (auto added = unique.Add(row); !added) return added;
      }
    }
    return {};
  }

 private:
  static bool HasNative(const Histograms& histograms, const Group& group, std::size_t step) {
    return std::any_of(group.native.begin(), group.native.end(), [&](std::size_t at) {
      return histograms.rows[at].histograms[step] != nullptr;
    });
  }
  static bool HasClassic(const Histograms& histograms, const Group& group, std::size_t step) {
    return std::any_of(group.classic.begin(), group.classic.end(), [&](const auto& bucket) {
      return !IsAbsent(histograms.rows[bucket.second].values[step]);
    });
  }
  void NoteMixes(const Histograms& histograms, const Group& group) {
    if (group.native.empty() || group.classic.empty()) return;
    for (std::size_t i = 0; i < grid_.count; ++i) {
      if (HasNative(histograms, group, i) && HasClassic(histograms, group, i)) {
        execution_.notes().Add(Note::kMixedClassicNative, argument_.position, group.metric);
        return;
      }
    }
  }

  Execution& execution_;
  const Node& argument_;
  const Grid& grid_;
};

// The quantiles of a call, each with its position and, for histogram_quantiles, its label value.
struct Wanted {
  const Node* node;
  std::vector<double> rank;  // by step
  std::vector<bool> steps;   // where it is wanted; empty: everywhere

  bool At(std::size_t step) const { return steps.empty() || steps[step]; }
};

Result<> RunQuantile(Execution& execution, const Node& argument, const Grid& grid,
                     const Histograms& histograms, const Wanted& wanted,
                     std::string_view label_name, std::string_view label_value,
                     UniqueRows& unique) {
  Annotations& notes = execution.notes();
  const auto classic = [&](std::vector<ClassicBucket>& buckets, const Group& group,
                           std::size_t step) {
    if (!wanted.At(step)) return Absent();
    MonotonicityFix fix;
    fix.time = grid.At(step);
    bool fixed = false;
    const double value = ClassicQuantile(wanted.rank[step], buckets, fixed, fix);
    if (fixed) notes.AddMonotonicity(argument.position, group.metric, fix);
    return value;
  };
  const auto native = [&](const Histogram& histogram, const Row& row, std::size_t step) {
    if (!wanted.At(step)) return Absent();
    bool nan_result = false, skewed = false;
    const double value = NativeQuantile(wanted.rank[step], histogram, nan_result, skewed);
    const std::string_view metric = row.labels.metric_name();
    if (nan_result) notes.Add(Note::kQuantileNan, argument.position, metric);
    if (skewed) notes.Add(Note::kQuantileSkewed, argument.position, metric);
    return value;
  };
  for (const double rank : wanted.rank) {
    NoteInvalidQuantile(notes, wanted.node->position, rank);
  }
  return Evaluator(execution, argument, grid)
      .Run(histograms, label_name, label_value, classic, native, unique);
}

Result<> HistogramQuantile(Execution& execution, const Node& node, const Grid& grid,
                           const RowSink& sink) {
  auto rank = execution.Scalars(*node.children[0], grid);
  if (!rank) return std::move(rank).error();
  Held held(execution.budget());
  auto histograms = Collect(execution, *node.children[1], grid, held);
  if (!histograms) return std::move(histograms).error();
  UniqueRows unique(execution);
  const Wanted wanted{node.children[0].get(), std::move(*rank), {}};
  auto done = RunQuantile(execution, *node.children[1], grid, *histograms, wanted, {}, {}, unique);
  return done ? unique.Flush(sink) : std::move(done);
}

// A float as it stands in an OpenMetrics label: 1.0, 0.25, +Inf.
std::string LabelFloat(double value) {
  std::string text = FormatFloat(value, 'g');
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

Result<> HistogramQuantiles(Execution& execution, const Node& node, const Grid& grid,
                            const RowSink& sink) {
  const std::string& label = static_cast<const StringLiteral*>(node.children[1]->expr)->value;
  if (label.empty()) {
    return Error(Code::kExecution, "invalid label name " + Quote(label));
  }
  Held held(execution.budget());
  auto histograms = Collect(execution, *node.children[0], grid, held);
  if (!histograms) return std::move(histograms).error();
  UniqueRows unique(execution);
  for (std::size_t i = 2; i < node.children.size(); ++i) {
    auto rank = execution.Scalars(*node.children[i], grid);
    if (!rank) return std::move(rank).error();
    // The label shows the quantile, which may change from step to step: one pass for each.
    const std::vector<double> all = std::move(*rank);
    std::vector<bool> covered(all.size());
    for (std::size_t first = 0; first < all.size(); ++first) {
      if (covered[first]) continue;
      const std::string text = LabelFloat(all[first]);
      std::vector<bool> chosen(all.size());
      for (std::size_t step = first; step < all.size(); ++step) {
        chosen[step] = !covered[step] && LabelFloat(all[step]) == text;
        covered[step] = covered[step] || chosen[step];
      }
      const Wanted wanted{node.children[i].get(), all, std::move(chosen)};
      auto done =
          RunQuantile(execution, *node.children[0], grid, *histograms, wanted, label, text, unique);
      if (!done) return done;
    }
  }
  return unique.Flush(sink);
}

Result<> HistogramFraction(Execution& execution, const Node& node, const Grid& grid,
                           const RowSink& sink) {
  auto lower = execution.Scalars(*node.children[0], grid);
  if (!lower) return std::move(lower).error();
  auto upper = execution.Scalars(*node.children[1], grid);
  if (!upper) return std::move(upper).error();
  const Node& argument = *node.children[2];
  Held held(execution.budget());
  auto histograms = Collect(execution, argument, grid, held);
  if (!histograms) return std::move(histograms).error();
  UniqueRows unique(execution);
  const auto classic = [&](std::vector<ClassicBucket>& buckets, const Group&, std::size_t step) {
    return ClassicFraction((*lower)[step], (*upper)[step], buckets);
  };
  const auto native = [&](const Histogram& histogram, const Row& row, std::size_t step) {
    if (std::isnan(histogram.sum) && histogram.count != 0) {
      execution.notes().Add(Note::kFractionNan, argument.position, row.labels.metric_name());
    }
    return NativeFraction((*lower)[step], (*upper)[step], histogram);
  };
  auto done =
      Evaluator(execution, argument, grid).Run(*histograms, {}, {}, classic, native, unique);
  return done ? unique.Flush(sink) : std::move(done);
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "histogram_quantile", .call = HistogramQuantile},
    {.name = "histogram_quantiles", .call = HistogramQuantiles},
    {.name = "histogram_fraction", .call = HistogramFraction},
};

}  // namespace

std::span<const FunctionImpl> QuantileFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
