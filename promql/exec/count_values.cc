#include <bit>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "promql/exec/grouping.h"
#include "promql/histogram_buckets.h"

// count_values: how many elements of each group have the same value. Each value makes a series, so
// what is held are the counts that are there, not columns over all steps.
namespace meerkat::promql {
namespace {

struct Counted {
  bool drop_name = false;
  std::vector<std::pair<std::uint32_t, double>> counts;  // step, count; ascending after Add
  std::unordered_map<std::uint32_t, std::size_t> at;     // step to position
};

}  // namespace

Result<> CountValues(Execution& execution, const Node& node, const Grid& grid,
                     const RowSink& sink) {
  const auto& aggregate = *static_cast<const AggregateExpr*>(node.expr);
  const std::string& label = static_cast<const StringLiteral*>(node.children[1]->expr)->value;
  if (label.empty() || !IsValidUtf8(label)) {
    return Error(Code::kExecution, "invalid label name " + Quote(label));
  }
  Grouping grouping(aggregate, label);
  std::vector<Counted> counted;
  Held held(execution.budget());
  // Beside the count, what finds it again.
  constexpr Footprint kCounted{1, 64};
  LabelsBuilder builder;
  auto done = execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    std::size_t group = 0;
    double known = Absent();
    for (std::size_t i = 0; i < grid.count; ++i) {
      if (!row.Has(i)) continue;
      // Neighbours mostly have the same value.
      const bool same = !row.HasHistogram(i) && std::bit_cast<std::uint64_t>(known) ==
                                                    std::bit_cast<std::uint64_t>(row.values[i]);
      if (!same) {
        builder.Reset(row.labels);
        builder.Set(label, row.HasHistogram(i) ? FormatHistogram(*row.histograms[i])
                                               : FormatFloat(row.values[i]));
        group = grouping.GroupOf(builder.Build());
        known = row.values[i];
        if (group == counted.size()) {
          counted.emplace_back();
          counted.back().drop_name = row.drop_name;
        }
      }
      Counted& target = counted[group];
      const auto step = static_cast<std::uint32_t>(i);
      const auto [it, added] = target.at.try_emplace(step, target.counts.size());
      if (!added) {
        ++target.counts[it->second].second;
        continue;
      }
      target.counts.emplace_back(step, 1);
      if (auto ok = held.Add(kCounted); !ok) return ok;
    }
    return {};
  });
  Row row;
  for (std::size_t i = 0; done && i < counted.size(); ++i) {
    row.Clear(grid.count);
    for (const auto& [step, count] : counted[i].counts) row.values[step] = count;
    row.labels = grouping.groups()[i];
    row.drop_name = counted[i].drop_name;
    done = sink(row);
  }
  return done;
}

}  // namespace meerkat::promql
