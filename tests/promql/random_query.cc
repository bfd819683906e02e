#include "tests/promql/random_query.h"

#include <cmath>

#include "base/number.h"

namespace meerkat::promql {

MemoryStorage RandomQueries::Data() {
  MemoryStorage storage;
  for (const char* name : {"m_total", "g", "h"}) {
    for (const char* a : {"1", "2", "3"}) {
      for (const char* c : {"x", "y"}) {
        if (Below(5) == 0) continue;
        const Labels labels{{"__name__", name}, {"a", a}, {"c", c}};
        const std::size_t kind = Below(4);
        const bool histograms = name[0] == 'h' && Below(2) == 0;
        double value = static_cast<double>(Below(20)), count = 0;
        for (std::int64_t i = 0; i < 40; ++i) {
          if (Below(12) == 0) continue;
          MemoryStorage::Sample sample;
          sample.time = FromMillis(i * 30000);
          if (Below(25) == 0) {
            sample.value = StaleNan();
          } else if (histograms) {
            auto histogram = std::make_shared<Histogram>();
            count += static_cast<double>(Below(4));
            histogram->positive_spans = {{0, 2}};
            histogram->positive_buckets = {count, count + 1};
            histogram->count = 2 * count + 1;
            histogram->sum = 3 * count;
            histogram->reset_hint = Histogram::ResetHint::kGauge;
            sample.histogram = std::move(histogram);
          } else if (kind == 3) {
            constexpr double kOdd[] = {NAN, INFINITY, -INFINITY, 0, 1, -2.5};
            sample.value = kOdd[Below(6)];
          } else {
            value = name[0] != 'm'   ? static_cast<double>(Below(100)) / 4 - 10
                    : Below(15) == 0 ? static_cast<double>(Below(3))
                                     : value + static_cast<double>(Below(8)) / 2;
            sample.value = value;
          }
          storage.Add(labels, sample);
        }
      }
    }
  }
  return storage;
}

std::string RandomQueries::Selector() {
  return std::string(OneOf({"m_total", "g", "h", "{__name__=~\"m_total|g\"}", "none"})) +
         (Below(2) == 0 ? "" : OneOf({"{a=\"1\"}", "{a=~\"1|2\"}", "{c!=\"x\"}"}));
}

std::string RandomQueries::Range(int depth, bool extended) {
  const std::string modifiers =
      OneOf({"", "", "", " offset 1m", " offset -45s", " @ 600", " @ end()",
             " offset (step() / 2 + 10s)", " offset min_of(step(), 40s)"});
  if (depth > 0 && Below(5) == 0) {
    return "(" + Vector(depth - 1) + ")[" + OneOf({"3m", "5m"}) + ":" +
           OneOf({"30s", "1m", "47s", "step()", "max_of(step(), 1m)", ""}) + "]" + modifiers;
  }
  std::string selector = Selector();
  if (selector.starts_with("{") && selector.find("}{") != std::string::npos) {
    selector = selector.substr(0, selector.find("}{") + 1);
  }
  const std::string range =
      OneOf({"1m", "90s", "5m", "10m", "31s", "2 * step()", "range() / 7", "step() + 1m - 5s"});
  return selector + "[" + range + "]" + (extended ? OneOf({" anchored", " smoothed"}) : "") +
         modifiers;
}

std::string RandomQueries::Scalar(int depth) {
  if (depth > 0 && Below(4) == 0) return "scalar(" + Vector(depth - 1) + ")";
  return OneOf({"1", "0", "2.5", "-3", "time()", "NaN"});
}

std::string RandomQueries::Aggregation(int depth) {
  const std::string grouping =
      OneOf({"", "", "by (a) ", "by (a, c) ", "without (a) ", "without (c) ", "by (__name__) "});
  const std::string inner = Vector(depth - 1);
  if (Below(5) == 0)
    return "quantile " + grouping + "(" + OneOf({"0.5", "0.9", "1", "-1"}) + ", " + inner + ")";
  return std::string(OneOf({"sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"})) +
         " " + grouping + "(" + inner + ")";
}

std::string RandomQueries::Operation(int depth) {
  const std::string op =
      OneOf({"+", "-", "*", "/", "%", "==", "!=", "<", ">", ">=", "<=", "and", "or", "unless"});
  const bool set = op == "and" || op == "or" || op == "unless";
  const bool comparison = op[0] == '=' || op[0] == '!' || op[0] == '<' || op[0] == '>';
  const std::string flag = comparison && Below(3) == 0 ? " bool" : "";
  if (!set && Below(3) == 0) {
    const std::string left = "(" + Vector(depth - 1) + ")", right = Scalar(depth - 1);
    return Below(2) == 0 ? left + " " + op + flag + " " + right
                         : right + " " + op + flag + " " + left;
  }
  std::string matching = OneOf({"", "", " on (a, c)", " on (a)", " ignoring (c)"});
  if (!set && !matching.empty()) matching += OneOf({"", "", " group_left ()", " group_right ()"});
  if (!set && Below(4) == 0) {
    matching += OneOf({" fill (0)", " fill_left (2)", " fill_right (-1)",
                       " fill_left (1) fill_right (3)", " fill (NaN)"});
  }
  return "(" + Vector(depth - 1) + ") " + op + flag + matching + " (" + Vector(depth - 1) + ")";
}

std::string RandomQueries::Vector(int depth) {
  const auto plain = [&] {
    std::string selector = Selector();
    if (selector.find("}{") != std::string::npos) {
      selector = selector.substr(0, selector.find("}{") + 1);
    }
    return selector + OneOf({"", "", "", " offset 1m", " offset -45s", " @ 300", " @ start()"});
  };
  if (depth <= 0) return Below(8) == 0 ? "vector(" + Scalar(0) + ")" : plain();
  switch (Below(6)) {
    case 0:
      return plain();
    case 1:
    case 2:
      if (Below(8) == 0) return std::string("quantile_over_time(0.7, ") + Range(depth) + ")";
      if (Below(5) == 0) {
        const std::string function = OneOf({"rate", "increase", "delta"});
        return function + "(" + Range(0, true) + ")";
      }
      // A step or a jump would make a large difference of a rounded last digit: these look at
      // stored samples alone.
      if (Below(8) == 0) return std::string(OneOf({"changes", "resets"})) + "(" + Range(0) + ")";
      return std::string(OneOf({"rate", "increase", "delta", "irate", "idelta", "sum_over_time",
                                "avg_over_time", "min_over_time", "max_over_time",
                                "count_over_time", "last_over_time", "present_over_time",
                                "stddev_over_time", "stdvar_over_time"})) +
             "(" + Range(depth) + ")";
    case 3:
      return Aggregation(depth);
    case 4:
      if (Below(2) == 0) {
        return std::string(OneOf({"ceil", "floor", "sgn"})) + "(" + Vector(0) + ")";
      }
      return std::string(OneOf({"abs", "-", "histogram_count", "histogram_sum"})) + "(" +
             Vector(depth - 1) + ")";
    default:
      return Operation(depth);
  }
}

std::string RandomQueries::Query() {
  return Vector(1 + static_cast<int>(Below(3)));
}

}  // namespace meerkat::promql
