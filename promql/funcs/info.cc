#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "promql/exec/operators.h"
#include "promql/exec/samples.h"
#include "promql/funcs/registry.h"

// info(): adds labels of info series (target_info and the like) to series of the same target.
namespace meerkat::promql {
namespace {

// What ties a series to its target.
constexpr std::array<std::string_view, 2> kIdentity = {"instance", "job"};
constexpr std::string_view kDefaultInfo = "target_info";

// Where the samples of `node` are read, seen from an evaluation at some time: offsets and @ on the
// way down to its first selector, innermost last.
struct TimeShift {
  std::optional<std::int64_t> at;
  std::int64_t offset = 0;
};
bool FindShifts(const Node& node, std::vector<TimeShift>& shifts) {
  const bool shifting = node.kind == Expr::Kind::kVectorSelector ||
                        node.kind == Expr::Kind::kMatrixSelector ||
                        node.kind == Expr::Kind::kSubquery;
  if (shifting) shifts.push_back({node.at, node.offset});
  if (shifting && node.kind != Expr::Kind::kSubquery) return true;
  for (const auto& child : node.children) {
    if (FindShifts(*child, shifts)) return true;
  }
  if (shifting) shifts.pop_back();
  return false;
}

// One info series with the sample that counts at each step.
struct InfoSeries {
  Labels labels;
  std::vector<std::int64_t> times;  // kNone where there is none
};
constexpr std::int64_t kNone = INT64_MIN;

using IdentityValues = std::array<std::set<std::string, std::less<>>, kIdentity.size()>;

std::string IdentityOf(const Labels& labels) {
  std::string key;
  for (const std::string_view name : kIdentity) {
    key += labels.Get(name);
    key += '\xff';
  }
  return key;
}

class InfoJoin {
 public:
  InfoJoin(Execution& execution, const Node& node, const Grid& grid)
      : execution_(execution), node_(node), grid_(grid), held_(execution.budget()) {
    const auto& args = static_cast<const CallExpr*>(node.expr)->args;
    if (args.size() > 1) {
      const auto& selector = static_cast<const VectorSelector&>(Unwrap(*args[1]));
      for (const Matcher& matcher : selector.matchers) {
        (matcher.name() == kMetricName ? names_ : data_).push_back(matcher);
      }
    }
    const auto positive = [](const Matcher& matcher) {
      return matcher.type() == Matcher::Type::kEqual || matcher.type() == Matcher::Type::kRegex;
    };
    if (names_.empty()) {
      names_.push_back(Matcher::Equal(std::string(kMetricName), std::string(kDefaultInfo)));
    } else if (std::none_of(names_.begin(), names_.end(), positive)) {
      // Only exclusions: of all that is named like an info series.
      auto any = Matcher::Make(Matcher::Type::kRegex, std::string(kMetricName), ".+_info");
      if (any) names_.push_back(std::move(*any));
    }
  }

  Result<> Run(const RowSink& sink) {
    Held held(execution_.budget());
    auto rows = execution_.Gather(*node_.children[0], grid_, held);
    if (!rows) return std::move(rows).error();
    if (auto read = ReadInfos(*rows); !read) return read;
    UniqueRows unique(execution_);
    for (Row& row : *rows) {
      if (auto ok = execution_.Check(); !ok) return ok;
      if (auto enriched = IsInfo(row.labels) ? unique.Add(row) : Enrich(row, unique); !enriched) {
        return enriched;
      }
    }
    held.Clear();
    return unique.Flush(sink);
  }

 private:
  // Info series among the base series pass through as they are.
  bool IsInfo(const Labels& labels) const {
    return std::all_of(names_.begin(), names_.end(),
                       [&](const Matcher& matcher) { return matcher.Matches(labels); });
  }

  std::int64_t ReferenceTime(std::size_t step) const {
    std::int64_t time = grid_.At(step);
    for (const TimeShift& shift : shifts_) time = shift.at.value_or(time) - shift.offset;
    return time;
  }

  Result<> ReadInfos(const std::vector<Row>& rows) {
    FindShifts(*node_.children[0], shifts_);
    std::vector<Matcher> matchers = names_;
    matchers.insert(matchers.end(), data_.begin(), data_.end());
    std::set<std::string> identities;
    IdentityValues known;
    for (const Row& row : rows) {
      if (IsInfo(row.labels)) continue;
      identities.insert(IdentityOf(row.labels));
      for (std::size_t i = 0; i < kIdentity.size(); ++i) {
        if (row.labels.Has(kIdentity[i])) known[i].emplace(row.labels.Get(kIdentity[i]));
      }
    }
    if (std::all_of(known.begin(), known.end(), [](const auto& values) { return values.empty(); }))
      return {};
    const auto first = ReferenceTime(0), last = ReferenceTime(grid_.count - 1);
    const Selection selection{&matchers, first - execution_.lookback() + 1, last, 1, true};
    return execution_.Read(
        selection, [&](const Labels& labels, const tsdb::SeriesColumns& columns) -> Result<> {
          if (!MayDescribe(labels, known)) return {};
          InfoSeries series;
          series.labels = labels;
          if (auto found = FindTimes(columns, series); !found) return found;
          std::string identity = IdentityOf(labels);
          if (!identities.contains(identity)) return {};
          if (auto ok = held_.Add(OfColumn(grid_.count)); !ok) return ok;
          infos_[std::move(identity)].push_back(std::move(series));
          return {};
        });
  }

  // Whether each identifying label has a value that some base series has, too. Upstream selects by
  // that and counts what it reads of all of them, also of combinations no target has.
  static bool MayDescribe(const Labels& labels, const IdentityValues& known) {
    for (std::size_t i = 0; i < kIdentity.size(); ++i) {
      if (!known[i].empty() && !known[i].contains(labels.Get(kIdentity[i]))) return false;
    }
    return true;
  }

  Result<> FindTimes(const tsdb::SeriesColumns& columns, InfoSeries& series) {
    const HistogramColumn histograms(columns, false);
    SampleCounter& counter = execution_.counter();
    std::int64_t before = kNone;
    series.times.assign(grid_.count, kNone);
    for (std::size_t i = 0; i < grid_.count; ++i) {
      const std::int64_t reference = ReferenceTime(i);
      const auto after =
          std::upper_bound(columns.times->begin(), columns.times->end(), FromMillis(reference));
      if (after == columns.times->begin()) continue;
      const auto at = static_cast<std::uint32_t>(after - columns.times->begin() - 1);
      const std::int64_t time = ToMillis((*columns.times)[at]);
      if (time <= reference - execution_.lookback()) continue;
      if (const HistogramPtr histogram = histograms.At(at)) {
        if (histogram->IsStale()) continue;
        return Error(Code::kExecution, "this should be an info metric, with float samples: " +
                                           series.labels.ToString());
      }
      if (IsAbsent(columns.values[at])) continue;
      series.times[i] = time;
      ++counter.touched[i];
      counter.read[i] += time != before;
      before = time;
    }
    return {};
  }

  bool Wanted(std::string_view label) const {
    return data_.empty() || std::any_of(data_.begin(), data_.end(), [&](const Matcher& matcher) {
             return matcher.name() == label;
           });
  }

  // The newest info series of each name for one target at one step.
  Result<std::vector<const InfoSeries*>> InfosAt(const std::vector<InfoSeries>& candidates,
                                                 std::size_t step) const {
    std::map<std::string_view, const InfoSeries*> newest;
    for (const InfoSeries& series : candidates) {
      if (series.times[step] == kNone) continue;
      const auto [it, added] = newest.try_emplace(series.labels.metric_name(), &series);
      if (added) continue;
      if (it->second->times[step] == series.times[step]) {
        return Error(Code::kExecution, "found duplicate series for info metric: existing " +
                                           it->second->labels.ToString() + " @ " +
                                           std::to_string(series.times[step]) + ", new " +
                                           series.labels.ToString() + " @ " +
                                           std::to_string(series.times[step]));
      }
      if (it->second->times[step] < series.times[step]) it->second = &series;
    }
    std::vector<const InfoSeries*> out;
    for (const auto& [name, series] : newest) out.push_back(series);
    return out;
  }

  // The row's labels with those of `infos` added; labels the row has already stay as they are.
  Result<Labels> Merge(const Labels& base, const std::vector<const InfoSeries*>& infos) const {
    LabelsBuilder added;
    for (const InfoSeries* info : infos) {
      for (const Label label : info->labels) {
        if (label.name == kMetricName || !Wanted(label.name) || base.Has(label.name)) continue;
        const std::string_view known = added.Get(label.name);
        if (!known.empty() && known != label.value) {
          return Error(Code::kExecution, "conflicting label: " + std::string(label.name));
        }
        added.Set(label.name, label.value);
      }
    }
    LabelsBuilder merged(base);
    for (const auto& [name, value] : added.pairs()) merged.Set(name, value);
    return merged.Build();
  }

  Result<> Enrich(Row& row, UniqueRows& unique) {
    static const std::vector<InfoSeries> kNoInfos;
    const auto found = infos_.find(IdentityOf(row.labels));
    const std::vector<InfoSeries>& candidates = found == infos_.end() ? kNoInfos : found->second;
    // A matcher that needs a value drops elements that have no info series to take it from.
    const bool needs_info = std::any_of(
        data_.begin(), data_.end(), [](const Matcher& matcher) { return !matcher.MatchesEmpty(); });
    // Few distinct sets of info series over all steps: one output row for each.
    std::map<std::vector<const InfoSeries*>, Row> out;
    for (std::size_t i = 0; i < grid_.count; ++i) {
      if (!row.Has(i)) continue;
      auto infos = InfosAt(candidates, i);
      if (!infos) return std::move(infos).error();
      if (infos->empty() && needs_info) continue;
      const auto [it, added] = out.try_emplace(std::move(*infos));
      Row& target = it->second;
      if (added) {
        auto labels = Merge(row.labels, it->first);
        if (!labels) return std::move(labels).error();
        target.labels = std::move(*labels);
        target.drop_name = row.drop_name;
        target.Clear(grid_.count);
      }
      if (row.HasHistogram(i)) {
        target.SetHistogram(i, row.histograms[i]);
      } else {
        target.values[i] = row.values[i];
      }
    }
    for (auto& [infos, target] : out) {
      if (auto added = unique.Add(target); !added) return added;
    }
    return {};
  }

  Execution& execution_;
  const Node& node_;
  const Grid& grid_;
  std::vector<Matcher> names_, data_;
  std::vector<TimeShift> shifts_;
  std::unordered_map<std::string, std::vector<InfoSeries>> infos_;
  Held held_;  // infos_
};

Result<> Info(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  return InfoJoin(execution, node, grid).Run(sink);
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "info", .call = Info, .keeps_name = true},
};

}  // namespace

std::span<const FunctionImpl> InfoFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
