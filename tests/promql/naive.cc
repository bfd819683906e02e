#include "tests/promql/naive.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "base/number.h"
#include "promql/functions.h"
#include "promql/histogram_math.h"

namespace meerkat::promql {
namespace {

using Sample = NaiveEvaluator::Sample;
using Samples = NaiveEvaluator::Samples;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double QuantileOf(double rank, std::vector<double> values) {
  if (values.empty() || std::isnan(rank)) return kNan;
  if (rank < 0) return -INFINITY;
  if (rank > 1) return INFINITY;
  std::sort(values.begin(), values.end(),
            [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  const double place = rank * static_cast<double>(values.size() - 1);
  const auto lower = static_cast<std::size_t>(place);
  const std::size_t upper = std::min(values.size() - 1, lower + 1);
  const double weight = place - static_cast<double>(lower);
  return values[lower] * (1 - weight) + values[upper] * weight;
}

HistogramPtr SumOf(const std::vector<HistogramPtr>& histograms, double divisor) {
  WorkingHistogram sum(*histograms[0]);
  for (std::size_t i = 1; i < histograms.size(); ++i) {
    if (!sum.Add(*histograms[i]).compatible) return nullptr;
  }
  sum.Divide(divisor);
  return sum.Share();
}

// Mean and population variance, in long double and two passes.
std::pair<double, double> Moments(const std::vector<double>& values) {
  long double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const long double mean = sum / static_cast<long double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {static_cast<double>(mean),
          static_cast<double>(squares / static_cast<long double>(values.size()))};
}

// Where it is a counter to rate(), or left of a %, its last bit matters: Welford's way with
// Neumaier's sums, as upstream.
double VarianceOf(const std::vector<double>& values) {
  struct Sum {
    double value = 0, rest = 0;
    double total() const { return value + rest; }
    void operator+=(double x) {
      const double next = value + x;
      if (std::isinf(next)) {
        rest = 0;
      } else {
        const bool smaller = std::fabs(value) < std::fabs(x);
        rest += smaller ? (x - next) + value : (value - next) + x;
      }
      value = next;
    }
  };
  Sum mean, squares;
  double count = 0;
  for (const double value : values) {
    const double off = value - mean.total();
    mean += off / ++count;
    squares += off * (value - mean.total());
  }
  return squares.total() / count;
}

double SumOf(const std::vector<double>& values) {
  long double sum = 0;
  for (const double value : values) sum += value;
  return static_cast<double>(sum);
}

double ExtremeOf(const std::vector<double>& values, bool max) {
  double best = kNan;
  for (const double value : values) {
    if (std::isnan(best) || (max ? value > best : value < best)) best = value;
  }
  return best;
}

}  // namespace

Labels WithoutName(const Labels& labels) {
  const std::vector<std::string> names = {"__name__", "__type__", "__unit__"};
  return labels.Without(names);
}

void RequireUnique(const Samples& samples) {
  std::set<Labels> seen;
  for (const Sample& sample : samples) {
    if (!seen.insert(sample.labels).second) {
      throw NaiveError{"vector cannot contain metrics with the same labelset"};
    }
  }
}

std::int64_t NaiveEvaluator::Reference(const TimeModifiers& modifiers, std::int64_t time) const {
  switch (modifiers.at) {
    case AtKind::kNone:
      break;
    case AtKind::kTime:
      time = ToMillis(modifiers.at_time);
      break;
    case AtKind::kStart:
      time = query_.start;
      break;
    case AtKind::kEnd:
      time = query_.end;
      break;
  }
  return time - Duration(modifiers.offset_expr, modifiers.offset);
}

std::int64_t NaiveEvaluator::Duration(const DurationExprPtr& expr, Millis fixed) const {
  return expr == nullptr ? fixed.count() : std::llround(Seconds(*expr) * 1000);
}

double NaiveEvaluator::Seconds(const DurationExpr& expr) const {
  using Kind = DurationExpr::Kind;
  const double left = expr.left != nullptr ? Seconds(*expr.left) : 0;
  const double right = expr.right != nullptr ? Seconds(*expr.right) : 0;
  switch (expr.kind) {
    case Kind::kNumber:
      return expr.number;
    case Kind::kStep:
      return static_cast<double>(query_.step) / 1000;
    case Kind::kRange:
      return static_cast<double>(query_.end - query_.start) / 1000;
    case Kind::kMinOf:
      return std::min(left, right);
    case Kind::kMaxOf:
      return std::max(left, right);
    case Kind::kAdd:
      return left + right;
    case Kind::kSub:
      return left - right;
    case Kind::kMul:
      return left * right;
    case Kind::kDiv:
      return left / right;
    default:
      throw NaiveError{"unsupported"};
  }
}

void NaiveEvaluator::LoseName(Sample& sample) const {
  if (query_.delayed_name_removal) {
    sample.drop_name = true;
  } else {
    sample.labels = WithoutName(sample.labels);
  }
}

Samples NaiveEvaluator::Answer(const Expr& expr, std::int64_t time) const {
  Samples samples = At(expr, time);
  for (Sample& sample : samples) {
    if (sample.drop_name) sample.labels = WithoutName(sample.labels);
  }
  RequireUnique(samples);
  return samples;
}

double NaiveEvaluator::ScalarAt(const Expr& expr, std::int64_t time) const {
  return At(expr, time)[0].value;
}

Samples NaiveEvaluator::At(const Expr& expr, std::int64_t time) const {
  switch (expr.kind) {
    case Expr::Kind::kNumber:
      return {{{}, static_cast<const NumberLiteral&>(expr).value, nullptr}};
    case Expr::Kind::kParen:
      return At(*static_cast<const ParenExpr&>(expr).inner, time);
    case Expr::Kind::kUnary: {
      const auto& unary = static_cast<const UnaryExpr&>(expr);
      Samples samples = At(*unary.operand, time);
      if (!unary.negate) return samples;
      for (Sample& sample : samples) {
        if (unary.type == ValueType::kVector) LoseName(sample);
        sample.value = -sample.value;
        if (sample.histogram != nullptr) sample.histogram = Scaled(*sample.histogram, -1);
      }
      RequireUnique(samples);
      return samples;
    }
    case Expr::Kind::kBinary:
      return Binary(static_cast<const BinaryExpr&>(expr), time);
    case Expr::Kind::kAggregate:
      return Aggregate(static_cast<const AggregateExpr&>(expr), time);
    case Expr::Kind::kCall:
      return Call(static_cast<const CallExpr&>(expr), time);
    case Expr::Kind::kVectorSelector:
      return Select(static_cast<const VectorSelector&>(expr), time);
    default:
      throw NaiveError{"not an instant vector"};
  }
}

Samples NaiveEvaluator::Select(const VectorSelector& selector, std::int64_t time) const {
  const std::int64_t at = Reference(selector.modifiers, time);
  Samples out;
  for (const auto& [labels, series] : storage_.series()) {
    if (!std::all_of(selector.matchers.begin(), selector.matchers.end(),
                     [&](const Matcher& matcher) { return matcher.Matches(labels); })) {
      continue;
    }
    const MemoryStorage::Sample* newest = nullptr;
    for (const auto& sample : series.samples) {
      const std::int64_t t = ToMillis(sample.time);
      if (t > at - query_.lookback && t <= at) newest = &sample;
    }
    if (newest == nullptr) continue;
    if (newest->histogram == nullptr && IsStaleNan(newest->value)) continue;
    out.push_back({labels, newest->value, newest->histogram});
  }
  return out;
}

NaiveEvaluator::Range NaiveEvaluator::SelectRange(const Expr& expr, std::int64_t time) const {
  if (expr.kind == Expr::Kind::kParen) {
    return SelectRange(*static_cast<const ParenExpr&>(expr).inner, time);
  }
  Range range;
  range.now = time;
  if (expr.kind == Expr::Kind::kMatrixSelector) {
    const auto& matrix = static_cast<const MatrixSelector&>(expr);
    range.end = Reference(matrix.selector->modifiers, time);
    range.start = range.end - Duration(matrix.range_expr, matrix.range);
    range.anchored = matrix.selector->anchored;
    range.smoothed = matrix.selector->smoothed;
    const bool extended = range.anchored || range.smoothed;
    const std::int64_t from = range.start - (extended ? query_.lookback : 0);
    const std::int64_t until = range.end + (range.smoothed ? query_.lookback : 0);
    for (const auto& [labels, series] : storage_.series()) {
      if (!std::all_of(matrix.selector->matchers.begin(), matrix.selector->matchers.end(),
                       [&](const Matcher& matcher) { return matcher.Matches(labels); })) {
        continue;
      }
      RangeSeries out{labels, false, {}, {}};
      for (const auto& sample : series.samples) {
        const std::int64_t t = ToMillis(sample.time);
        if (t <= from || t > until) continue;
        if (sample.histogram != nullptr) {
          out.histograms.emplace_back(t, sample.histogram);
        } else if (!IsStaleNan(sample.value)) {
          out.floats.emplace_back(t, sample.value);
        }
      }
      if (!out.floats.empty() || !out.histograms.empty()) range.series.push_back(std::move(out));
    }
    return range;
  }
  const auto& subquery = static_cast<const SubqueryExpr&>(expr);
  range.end = Reference(subquery.modifiers, time);
  range.start = range.end - Duration(subquery.range_expr, subquery.range);
  const std::int64_t written = Duration(subquery.step_expr, subquery.step);
  const std::int64_t step = written > 0 ? written : 60000;
  std::int64_t t = range.start / step * step;
  while (t <= range.start) t += step;
  std::map<Labels, RangeSeries> found;
  for (; t <= range.end; t += step) {
    for (const Sample& sample : At(*subquery.inner, t)) {
      RangeSeries& series = found[sample.labels];
      series.labels = sample.labels;
      series.drop_name = sample.drop_name;
      if (sample.histogram != nullptr) {
        series.histograms.emplace_back(t, sample.histogram);
      } else {
        series.floats.emplace_back(t, sample.value);
      }
    }
  }
  for (auto& [labels, series] : found) range.series.push_back(std::move(series));
  return range;
}

Samples NaiveEvaluator::OverRange(std::string_view name, const Range& range) const {
  Samples out;
  for (const RangeSeries& series : range.series) {
    std::vector<double> values;
    for (const auto& [time, value] : series.floats) values.push_back(value);
    std::vector<HistogramPtr> histograms;
    for (const auto& [time, histogram] : series.histograms) histograms.push_back(histogram);
    Sample sample{series.labels, 0, nullptr, series.drop_name};
    if (name != "last_over_time") LoseName(sample);
    if (range.anchored || range.smoothed) {
      if (!histograms.empty()) throw NaiveError{"unsupported"};
      if (Extended(name, range, series, sample.value)) out.push_back(std::move(sample));
      continue;
    }
    const bool mixed = !values.empty() && !histograms.empty();
    if (name == "count_over_time") {
      sample.value = static_cast<double>(values.size() + histograms.size());
    } else if (name == "present_over_time") {
      sample.value = 1;
    } else if (name == "last_over_time") {
      if (histograms.empty() ||
          (!values.empty() && series.floats.back().first > series.histograms.back().first)) {
        sample.value = values.back();
      } else {
        sample.histogram = histograms.back();
      }
    } else if (name == "sum_over_time" || name == "avg_over_time") {
      if (mixed) continue;
      const bool mean = name == "avg_over_time";
      if (histograms.empty()) {
        sample.value = mean ? Moments(values).first : SumOf(values);
      } else {
        sample.histogram = SumOf(histograms, mean ? static_cast<double>(histograms.size()) : 1);
        if (sample.histogram == nullptr) continue;
      }
    } else if (name == "changes" || name == "resets") {
      if (!histograms.empty()) throw NaiveError{"unsupported"};
      for (std::size_t i = 1; i < values.size(); ++i) {
        if (name == "resets") {
          sample.value += values[i] < values[i - 1];
        } else {
          sample.value +=
              values[i] != values[i - 1] && !(std::isnan(values[i]) && std::isnan(values[i - 1]));
        }
      }
    } else if (name == "rate" || name == "increase" || name == "delta") {
      if (!histograms.empty()) throw NaiveError{"unsupported"};
      if (values.size() < 2) continue;
      const bool counter = name != "delta";
      double change = values.back() - values.front();
      for (std::size_t i = 1; counter && i < values.size(); ++i) {
        if (values[i] < values[i - 1]) change += values[i - 1];
      }
      const double first = static_cast<double>(series.floats.front().first) / 1000;
      const double last = static_cast<double>(series.floats.back().first) / 1000;
      const double average = (last - first) / static_cast<double>(values.size() - 1);
      double to_start = first - static_cast<double>(range.start) / 1000;
      double to_end = static_cast<double>(range.end) / 1000 - last;
      if (to_start >= average * 1.1) to_start = average / 2;
      if (to_end >= average * 1.1) to_end = average / 2;
      if (counter && change > 0 && values.front() >= 0) {
        to_start = std::min(to_start, (last - first) * (values.front() / change));
      }
      // In upstream's order: % and the resets of a counter show the last bit.
      double factor = (last - first + to_start + to_end) / (last - first);
      if (name == "rate") factor /= static_cast<double>(range.end - range.start) / 1000;
      sample.value = change * factor;
    } else if (name == "irate" || name == "idelta") {
      if (!histograms.empty()) throw NaiveError{"unsupported"};
      if (values.size() < 2) continue;
      const double before = values[values.size() - 2], now = values.back();
      sample.value = name == "irate" && now < before ? now : now - before;
      const auto times = series.floats.size();
      if (name == "irate") {
        sample.value /=
            static_cast<double>(series.floats[times - 1].first - series.floats[times - 2].first) /
            1000;
      }
    } else {
      if (values.empty()) continue;
      if (name == "min_over_time" || name == "max_over_time") {
        sample.value = ExtremeOf(values, name == "max_over_time");
      } else if (name == "stdvar_over_time") {
        sample.value = VarianceOf(values);
      } else if (name == "stddev_over_time") {
        sample.value = std::sqrt(VarianceOf(values));
      } else {
        throw NaiveError{"unsupported"};
      }
    }
    out.push_back(std::move(sample));
  }
  RequireUnique(out);
  return out;
}

// What a straight line through two samples shows at a time between them; a counter that was reset
// there began anew from 0 (left of a range) or went on rising (right of it).
static double Between(std::pair<std::int64_t, double> a, std::pair<std::int64_t, double> b,
                      std::int64_t time, bool counter, bool left) {
  if (counter && b.second < a.second) {
    if (left) {
      a.second = 0;
    } else {
      b.second += a.second;
    }
  }
  return a.second + (b.second - a.second) * static_cast<double>(time - a.first) /
                        static_cast<double>(b.first - a.first);
}

bool NaiveEvaluator::Extended(std::string_view name, const Range& range, const RangeSeries& series,
                              double& value) const {
  using Point = std::pair<std::int64_t, double>;
  std::optional<Point> before, after;
  std::vector<Point> inside;
  for (const Point& point : series.floats) {
    if (point.first <= range.start) {
      before = point;
    } else if (point.first <= range.end) {
      inside.push_back(point);
    } else if (!after) {
      after = point;
    }
  }
  const bool counter = name != "delta";
  std::vector<Point> points = inside;
  if (range.anchored) {
    if (inside.empty()) return false;
    if (before) points.insert(points.begin(), *before);
  } else {
    // Something at or before the end, and something behind the start.
    if ((!before && inside.empty()) || (inside.empty() && !after)) return false;
    if (before) {
      const Point next = inside.empty() ? *after : inside.front();
      const double left = before->first == range.start
                              ? before->second
                              : Between(*before, next, range.start, counter, true);
      points.insert(points.begin(), {range.start, left});
    }
    if (after && (inside.empty() || inside.back().first < range.end)) {
      const Point last = inside.empty() ? *before : inside.back();
      points.emplace_back(range.end, Between(last, *after, range.end, counter, false));
    }
  }
  if (name == "changes" || name == "resets") {
    value = 0;
    for (std::size_t i = 1; i < points.size(); ++i) {
      const double a = points[i - 1].second, b = points[i].second;
      value += name == "resets" ? b < a : b != a && !(std::isnan(a) && std::isnan(b));
    }
    return true;
  }
  double lost = 0;
  for (std::size_t i = 1; counter && i < points.size(); ++i) {
    if (points[i].second < points[i - 1].second) lost += points[i - 1].second;
  }
  value = points.back().second - points.front().second + lost;
  if (name == "rate") value /= static_cast<double>(range.end - range.start) / 1000;
  return true;
}

Samples NaiveEvaluator::Call(const CallExpr& expr, std::int64_t time) const {
  const std::string_view name = expr.function->name;
  if (name == "time") return {{{}, static_cast<double>(time) / 1000, nullptr}};
  if (name == "vector") return {{{}, ScalarAt(*expr.args[0], time), nullptr}};
  if (name == "scalar") {
    double value = kNan;
    int found = 0;
    for (const Sample& sample : At(*expr.args[0], time)) {
      if (sample.histogram == nullptr) {
        value = sample.value;
        ++found;
      }
    }
    return {{{}, found == 1 ? value : kNan, nullptr}};
  }
  if (name == "absent") {
    return At(*expr.args[0], time).empty() ? Samples{{{}, 1, nullptr}} : Samples();
  }
  if (name == "quantile_over_time") {
    Samples out;
    for (const RangeSeries& series : SelectRange(*expr.args[1], time).series) {
      std::vector<double> values;
      for (const auto& [t, value] : series.floats) values.push_back(value);
      if (values.empty()) continue;
      out.push_back({series.labels, QuantileOf(ScalarAt(*expr.args[0], time), values), nullptr,
                     series.drop_name});
      LoseName(out.back());
    }
    RequireUnique(out);
    return out;
  }
  if (expr.function->arg_types[0] == ValueType::kMatrix) {
    return OverRange(name, SelectRange(*expr.args[0], time));
  }
  Samples out;
  for (Sample& sample : At(*expr.args[0], time)) {
    Sample mapped{sample.labels, 0, nullptr, sample.drop_name};
    LoseName(mapped);
    if (name == "histogram_count" || name == "histogram_sum") {
      if (sample.histogram == nullptr) continue;
      mapped.value = name == "histogram_count" ? sample.histogram->count : sample.histogram->sum;
    } else {
      if (sample.histogram != nullptr) continue;
      if (name == "abs") mapped.value = std::fabs(sample.value);
      if (name == "ceil") mapped.value = std::ceil(sample.value);
      if (name == "floor") mapped.value = std::floor(sample.value);
      if (name == "sgn") mapped.value = sample.value > 0 ? 1 : sample.value < 0 ? -1 : sample.value;
    }
    out.push_back(std::move(mapped));
  }
  RequireUnique(out);
  return out;
}

Samples NaiveEvaluator::Aggregate(const AggregateExpr& expr, std::int64_t time) const {
  const double param = expr.param != nullptr && expr.op != AggregateOp::kCountValues
                           ? ScalarAt(*expr.param, time)
                           : 0;
  std::map<Labels, Samples> groups;
  for (Sample& sample : At(*expr.inner, time)) {
    std::vector<std::string> names = expr.grouping;
    if (expr.without) names.emplace_back(kMetricName);
    const Labels group = expr.without    ? sample.labels.Without(names)
                         : names.empty() ? Labels()
                                         : sample.labels.Keep(names);
    groups[group].push_back(std::move(sample));
  }
  Samples out;
  for (auto& [labels, members] : groups) {
    std::vector<double> values;
    std::vector<HistogramPtr> histograms;
    for (const Sample& member : members) {
      if (member.histogram != nullptr) {
        histograms.push_back(member.histogram);
      } else {
        values.push_back(member.value);
      }
    }
    Sample sample{labels, 0, nullptr, members[0].drop_name};
    switch (expr.op) {
      case AggregateOp::kCount:
        sample.value = static_cast<double>(members.size());
        break;
      case AggregateOp::kGroup:
        sample.value = 1;
        break;
      case AggregateOp::kSum:
      case AggregateOp::kAvg: {
        if (!values.empty() && !histograms.empty()) continue;
        const bool mean = expr.op == AggregateOp::kAvg;
        if (histograms.empty()) {
          sample.value = mean ? Moments(values).first : SumOf(values);
        } else {
          sample.histogram = SumOf(histograms, mean ? static_cast<double>(histograms.size()) : 1);
          if (sample.histogram == nullptr) continue;
        }
        break;
      }
      case AggregateOp::kTopk:
      case AggregateOp::kBottomk: {
        std::erase_if(members, [](const Sample& member) { return member.histogram != nullptr; });
        const bool top = expr.op == AggregateOp::kTopk;
        std::stable_sort(members.begin(), members.end(), [&](const Sample& a, const Sample& b) {
          if (std::isnan(a.value) || std::isnan(b.value)) {
            return !std::isnan(a.value) && std::isnan(b.value);
          }
          return top ? a.value > b.value : a.value < b.value;
        });
        for (std::size_t i = 0; i < members.size() && static_cast<double>(i) < param; ++i) {
          out.push_back(members[i]);
        }
        continue;
      }
      default:
        if (values.empty()) continue;
        if (expr.op == AggregateOp::kMin) sample.value = ExtremeOf(values, false);
        if (expr.op == AggregateOp::kMax) sample.value = ExtremeOf(values, true);
        if (expr.op == AggregateOp::kStdvar) sample.value = Moments(values).second;
        if (expr.op == AggregateOp::kStddev) sample.value = std::sqrt(Moments(values).second);
        if (expr.op == AggregateOp::kQuantile) sample.value = QuantileOf(param, values);
        break;
    }
    out.push_back(std::move(sample));
  }
  return out;
}

}  // namespace meerkat::promql
