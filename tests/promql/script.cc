#include "tests/promql/script.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/duration.h"
#include "base/number.h"
#include "base/regex.h"
#include "base/trim.h"
#include "promql/histogram_buckets.h"
#include "promql/notation.h"

namespace meerkat::promql {
namespace {

// What a script says wrongly; ends it.
struct BadScript {
  std::string what;
};

std::string_view TakeWord(std::string_view& text) {
  text = Trim(text);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text = Trim(text.substr(end));
  return word;
}

std::int64_t ParseTime(std::string_view text) {
  const bool negative = text.starts_with("-");
  auto duration = ParseDuration(negative ? text.substr(1) : text);
  if (!duration) throw BadScript{"bad duration " + std::string(text)};
  return negative ? -duration->count() : duration->count();
}

bool AlmostEqual(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  if (!std::isfinite(a) || !std::isfinite(b)) return false;
  if (a == 0 || b == 0) return std::fabs(a - b) < 1e-300;
  // Scripts write some results with few digits.
  return std::fabs(a - b) / (std::fabs(a) + std::fabs(b)) < 1e-6;
}

std::string Show(double value, const HistogramPtr& histogram) {
  return histogram != nullptr ? FormatHistogram(*histogram) : FormatFloat(value, 'g');
}

std::vector<HistogramBucket> Populated(const Histogram& histogram) {
  std::vector<HistogramBucket> buckets = BucketsOf(histogram);
  std::erase_if(buckets, [](const HistogramBucket& bucket) { return bucket.count == 0; });
  return buckets;
}

// As the HTTP API shows them: count, sum, populated buckets.
bool SameValue(const NotatedValue& want, double value, const HistogramPtr& histogram) {
  if ((want.histogram == nullptr) != (histogram == nullptr)) return false;
  if (histogram == nullptr) return AlmostEqual(want.value, value);
  const auto a = Populated(*want.histogram), b = Populated(*histogram);
  return AlmostEqual(want.histogram->count, histogram->count) &&
         AlmostEqual(want.histogram->sum, histogram->sum) &&
         std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
           return AlmostEqual(x.lower, y.lower) && AlmostEqual(x.upper, y.upper) &&
                  AlmostEqual(x.count, y.count);
         });
}

// A text that must be there, as it stands or as an expression.
struct Expected {
  std::string text;
  bool exact = false;
  bool Matches(std::string_view message) const {
    if (text.empty()) return true;
    if (exact) return message == text;
    auto regex = Regex::Compile(text, Regex::Flavor::kUnanchored);
    return regex.ok() && !regex->Groups(message).empty();
  }
};

struct Eval {
  std::size_t line = 0;
  std::string expr;
  bool range = false;
  std::int64_t start = 0, end = 0, step = 0;
  bool ordered = false, fail = false, no_warn = false, no_info = false, matrix = false;
  Expected failure;
  std::vector<Expected> warnings, infos;
  std::optional<double> scalar;
  std::optional<std::string> text;
  std::vector<NotatedSeries> series;
};

// One point of an answer, whatever its kind.
struct Point {
  std::int64_t time = 0;
  double value = 0;
  HistogramPtr histogram;
};
struct Answer {
  Labels labels;
  std::vector<Point> points;
};

std::vector<Answer> Flatten(const Value& value) {
  std::vector<Answer> out;
  if (const auto* vector = std::get_if<Vector>(&value)) {
    for (const VectorSample& sample : *vector) {
      out.push_back({sample.labels, {{ToMillis(sample.time), sample.value, sample.histogram}}});
    }
  } else if (const auto* matrix = std::get_if<Matrix>(&value)) {
    for (const MatrixSeries& series : *matrix) {
      Answer answer{series.labels, {}};
      for (const FloatPoint& p : series.floats) {
        answer.points.push_back({ToMillis(p.time), p.value, nullptr});
      }
      for (const HistogramPoint& p : series.histograms) {
        answer.points.push_back({ToMillis(p.time), 0, p.histogram});
      }
      std::sort(answer.points.begin(), answer.points.end(),
                [](const Point& a, const Point& b) { return a.time < b.time; });
      out.push_back(std::move(answer));
    }
  }
  return out;
}

class Runner {
 public:
  Runner(std::string_view text, const ScriptOptions& options) : options_(options) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = Trim(text.substr(0, end));
      lines_.push_back(line.starts_with("#") ? std::string_view() : line);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  ScriptReport Run() {
    try {
      while (at_ < lines_.size()) {
        const std::string_view line = lines_[at_];
        if (line.empty()) {
          ++at_;
        } else if (line == "clear") {
          storage_ = MemoryStorage();
          ++at_;
        } else if (line.starts_with("load")) {
          Load();
        } else if (line.starts_with("eval")) {
          const Eval eval = ReadEval();
          const std::string problem = Judge(eval);
          if (problem.empty()) {
            ++report_.passed;
          } else {
            report_.failures.push_back("line " + std::to_string(eval.line) + ": " + eval.expr +
                                       ": " + problem);
          }
        } else {
          throw BadScript{"unknown command " + std::string(line)};
        }
      }
    } catch (const BadScript& bad) {
      report_.failures.push_back("line " + std::to_string(at_ + 1) + ": " + bad.what);
    }
    return std::move(report_);
  }
  MemoryStorage TakeStorage() { return std::move(storage_); }

 private:
  using Points = std::map<std::int64_t, MemoryStorage::Sample>;

  NotatedSeries ReadSeries(std::string_view line) {
    auto series = ParseNotatedSeries(line);
    if (!series) throw BadScript{series.error().message()};
    return std::move(*series);
  }

  // -1m-30sx3: start times relative to their samples.
  static std::vector<std::optional<std::int64_t>> ReadStarts(std::string_view text) {
    std::vector<std::optional<std::int64_t>> out;
    while (!Trim(text).empty()) {
      std::string_view item = TakeWord(text);
      std::size_t repetitions = 0;
      if (const std::size_t x = item.find('x'); x != std::string_view::npos) {
        repetitions = static_cast<std::size_t>(*ParseFloat(item.substr(x + 1)));
        item = item.substr(0, x);
      }
      if (item == "_") {
        out.insert(out.end(), std::max<std::size_t>(1, repetitions), std::nullopt);
        continue;
      }
      const bool signed_first = item[0] == '+' || item[0] == '-';
      const std::size_t second = item.find_first_of("+-", signed_first ? 1 : 0);
      const auto parse = [](std::string_view part) {
        if (part.empty()) return std::int64_t{0};
        if (part[0] == '+') part.remove_prefix(1);
        if (part == "-0ms" || part == "0ms") return std::int64_t{0};
        return ParseTime(part);
      };
      std::int64_t value = parse(item.substr(0, second));
      const std::int64_t change = second == std::string_view::npos ? 0 : parse(item.substr(second));
      for (std::size_t i = 0; i <= repetitions; ++i, value += change) out.emplace_back(value);
    }
    return out;
  }

  void Load() {
    std::string_view line = lines_[at_++];
    const bool with_nhcb = TakeWord(line) == "load_with_nhcb";
    const std::int64_t step = ParseTime(line);
    std::map<Labels, Points> loaded;
    std::vector<std::optional<std::int64_t>> starts;
    for (; at_ < lines_.size() && !lines_[at_].empty(); ++at_) {
      std::string_view text = lines_[at_];
      if (const std::size_t mark = text.find("@st "); mark != std::string_view::npos) {
        starts = ReadStarts(text.substr(mark + 4));
        continue;
      }
      const NotatedSeries series = ReadSeries(text);
      for (std::size_t i = 0; i < series.values.size(); ++i) {
        const NotatedValue& value = series.values[i];
        if (!value.present) continue;
        const std::int64_t time = static_cast<std::int64_t>(i) * step;
        MemoryStorage::Sample sample{FromMillis(time), value.value, value.histogram, kMinTime};
        if (i < starts.size() && starts[i]) sample.start = FromMillis(time + *starts[i]);
        loaded[series.labels][time] = std::move(sample);
      }
      starts.clear();
    }
    if (with_nhcb) AddCustomBuckets(loaded);
    for (const auto& [labels, points] : loaded) {
      for (const auto& [time, sample] : points) storage_.Add(labels, sample);
    }
  }

  // Beside classic histograms the same ones with native custom buckets.
  static void AddCustomBuckets(std::map<Labels, Points>& loaded) {
    struct Parts {
      std::map<double, double> buckets;
      std::optional<double> count;
      double sum = 0;
    };
    std::map<Labels, std::map<std::int64_t, Parts>> found;
    for (const auto& [labels, points] : loaded) {
      const std::string name(labels.metric_name());
      for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
        if (!name.ends_with(suffix)) continue;
        const auto bound = ParseFloat(labels.Get("le"));
        if (suffix == "_bucket" && !bound) break;
        LabelsBuilder base(labels);
        base.Delete("le").Set(kMetricName, name.substr(0, name.size() - suffix.size()));
        for (const auto& [time, sample] : points) {
          if (sample.histogram != nullptr) continue;
          Parts& parts = found[base.Build()][time];
          if (suffix == "_bucket") parts.buckets.try_emplace(*bound, sample.value);
          if (suffix == "_sum") parts.sum = sample.value;
          if (suffix == "_count") parts.count = sample.value;
        }
        break;
      }
    }
    for (auto& [labels, points] : found) {
      for (auto& [time, parts] : points) {
        auto histogram = std::make_shared<Histogram>();
        const double last = parts.buckets.empty() ? 0 : parts.buckets.rbegin()->second;
        histogram->schema = Histogram::kCustomSchema;
        histogram->count = parts.count.value_or(last);
        histogram->sum = parts.sum;
        parts.buckets.try_emplace(INFINITY, histogram->count);
        double before = 0;
        for (const auto& [bound, count] : parts.buckets) {
          if (std::isfinite(bound)) histogram->custom_bounds.push_back(bound);
          histogram->positive_buckets.push_back(count - before);
          before = count;
        }
        histogram->positive_spans = {
            {0, static_cast<std::uint32_t>(histogram->positive_buckets.size())}};
        loaded[labels][time] = {FromMillis(time), 0, histogram, kMinTime};
      }
    }
  }

  Eval ReadEval() {
    Eval eval;
    eval.line = at_ + 1;
    std::string_view line = lines_[at_++];
    const std::string_view command = TakeWord(line);
    eval.fail = command == "eval_fail";
    eval.ordered = command == "eval_ordered";
    if (command == "eval_warn") eval.warnings.emplace_back();
    if (command == "eval_info") eval.infos.emplace_back();
    const std::string_view kind = TakeWord(line);
    if (kind == "range") {
      eval.range = true;
      std::int64_t* const times[] = {&eval.start, &eval.end, &eval.step};
      for (std::int64_t* time : times) {
        TakeWord(line);  // from, to, step
        *time = ParseTime(TakeWord(line));
      }
    } else if (line.starts_with("at ")) {
      TakeWord(line);
      eval.start = eval.end = ParseTime(TakeWord(line));
    }
    eval.expr = line;
    for (; at_ < lines_.size() && !lines_[at_].empty(); ++at_) {
      if (!ReadExpectation(lines_[at_], eval)) {
        ++at_;
        break;
      }
    }
    return eval;
  }

  // False: nothing can follow.
  bool ReadExpectation(std::string_view line, Eval& eval) {
    if (line.starts_with("expected_fail_message")) {
      TakeWord(line);
      eval.failure = {std::string(line), true};
      return false;
    }
    if (line.starts_with("expect ")) {
      TakeWord(line);
      const std::string_view what = TakeWord(line);
      if (what == "range") {
        eval.matrix = true;
        TakeWord(line);  // vector
        std::int64_t* const times[] = {&eval.start, &eval.end, &eval.step};
        for (std::int64_t* time : times) {
          TakeWord(line);
          *time = ParseTime(TakeWord(line));
        }
        return true;
      }
      if (what == "string") {
        eval.text = std::string(line.substr(1, line.size() - 2));
        return true;
      }
      Expected expected;
      if (line.starts_with("msg:")) expected = {std::string(Trim(line.substr(4))), true};
      if (line.starts_with("regex:")) expected = {std::string(Trim(line.substr(6))), false};
      if (what == "ordered") eval.ordered = true;
      if (what == "no_warn") eval.no_warn = true;
      if (what == "no_info") eval.no_info = true;
      if (what == "warn") eval.warnings.push_back(expected);
      if (what == "info") eval.infos.push_back(expected);
      if (what == "fail") {
        eval.fail = true;
        eval.failure = expected;
      }
      return true;
    }
    if (const auto scalar = ParseFloat(line)) {
      eval.scalar = scalar;
      return false;
    }
    eval.series.push_back(ReadSeries(line));
    return true;
  }

  static std::string JudgeNotes(const std::vector<std::string>& got,
                                const std::vector<Expected>& want, bool none,
                                std::string_view kind) {
    if (none && !got.empty()) return "unexpected " + std::string(kind) + ": " + got[0];
    if (want.empty()) return {};
    for (const Expected& expected : want) {
      if (std::none_of(got.begin(), got.end(),
                       [&](const std::string& text) { return expected.Matches(text); })) {
        return "missing " + std::string(kind) + " \"" + expected.text + "\"" +
               (got.empty() ? "" : ", got " + got[0]);
      }
    }
    for (const std::string& text : got) {
      if (std::none_of(want.begin(), want.end(),
                       [&](const Expected& expected) { return expected.Matches(text); })) {
        return "unexpected " + std::string(kind) + ": " + text;
      }
    }
    return {};
  }

  // The expected points of series `index` by time.
  static std::vector<Point> Wanted(const Eval& eval, std::size_t index) {
    std::vector<Point> out;
    const auto& values = eval.series[index].values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!values[i].present) continue;
      out.push_back({eval.start + static_cast<std::int64_t>(i) * eval.step, values[i].value,
                     values[i].histogram});
    }
    return out;
  }

  static std::string JudgeSeries(const Eval& eval, const std::vector<Answer>& got, bool ordered) {
    std::vector<bool> seen(eval.series.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      const Labels& labels = got[i].labels;
      const auto it = std::find_if(eval.series.begin(), eval.series.end(),
                                   [&](const auto& series) { return series.labels == labels; });
      if (it == eval.series.end()) {
        return "unexpected series " + labels.ToString() + " " +
               Show(got[i].points[0].value, got[i].points[0].histogram);
      }
      const auto index = static_cast<std::size_t>(it - eval.series.begin());
      if (seen[index]) return "series twice: " + labels.ToString();
      seen[index] = true;
      if (ordered && index != i) return "wrong order: " + labels.ToString();
      const std::vector<Point> want = Wanted(eval, index);
      if (want.size() != got[i].points.size()) {
        return labels.ToString() + ": " + std::to_string(got[i].points.size()) +
               " points instead of " + std::to_string(want.size());
      }
      for (std::size_t p = 0; p < want.size(); ++p) {
        const Point& point = got[i].points[p];
        const bool same_time = want[p].time == point.time;
        NotatedValue value{true, want[p].value, want[p].histogram};
        if (!same_time || !SameValue(value, point.value, point.histogram)) {
          return labels.ToString() + " at " + std::to_string(point.time) + ": " +
                 Show(point.value, point.histogram) + " instead of " +
                 Show(value.value, value.histogram);
        }
      }
    }
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (!seen[i] && !Wanted(eval, i).empty()) {
        return "missing series " + eval.series[i].labels.ToString();
      }
    }
    return {};
  }

  std::string Judge(const Eval& eval) {
    const Engine engine(options_.engine, storage_);
    QueryOptions query;
    query.start = FromMillis(eval.range ? eval.start : eval.end);
    query.end = FromMillis(eval.end);
    if (eval.range) query.step = Millis(eval.step);
    auto result = engine.Run(eval.expr, query);
    if (!result) {
      if (!eval.fail) return "failed: " + result.error().message();
      if (!eval.failure.Matches(result.error().message())) {
        return "failed with: " + result.error().message();
      }
      // What a script means to fail is well-formed, unless it asks for the text.
      if (eval.failure.text.empty() && result.error().code() == Code::kInvalid) {
        return "did not parse: " + result.error().message();
      }
      return {};
    }
    if (eval.fail) return "did not fail";
    std::string problem = JudgeNotes(result->warnings, eval.warnings, eval.no_warn, "warning");
    if (problem.empty()) problem = JudgeNotes(result->infos, eval.infos, eval.no_info, "info");
    if (!problem.empty()) return problem;
    if (const auto* text = std::get_if<String>(&result->value)) {
      return text->value == eval.text.value_or("") ? "" : "got string " + text->value;
    }
    if (const auto* scalar = std::get_if<Scalar>(&result->value)) {
      if (!eval.scalar || !AlmostEqual(*eval.scalar, scalar->value)) {
        return "got scalar " + FormatFloat(scalar->value, 'g');
      }
    } else {
      if (eval.scalar) return "not a scalar";
      problem = JudgeSeries(eval, Flatten(result->value), eval.ordered && !eval.range);
      if (!problem.empty()) return problem;
    }
    return eval.range || !options_.check_as_range ? "" : JudgeAsRange(engine, eval);
  }

  std::string JudgeAsRange(const Engine& engine, const Eval& eval) {
    for (const std::string_view word : {"start()", "end()", "range()", "step()"}) {
      if (eval.expr.find(word) != std::string::npos) return {};
    }
    if (eval.matrix || eval.text || eval.ordered) return {};
    QueryOptions query;
    query.start = FromMillis(eval.end - 60000);
    query.end = FromMillis(eval.end + 60000);
    query.step = Millis(60000);
    auto result = engine.Run(eval.expr, query);
    if (!result) return "as a range: " + result.error().message();
    std::vector<Answer> answers = Flatten(result->value);
    for (Answer& answer : answers) {
      std::erase_if(answer.points, [&](const Point& point) { return point.time != eval.end; });
    }
    std::erase_if(answers, [](const Answer& answer) { return answer.points.empty(); });
    if (eval.scalar) {
      return answers.size() == 1 && AlmostEqual(answers[0].points[0].value, *eval.scalar)
                 ? ""
                 : "as a range: another scalar";
    }
    const std::string problem = JudgeSeries(eval, answers, false);
    return problem.empty() ? "" : "as a range: " + problem;
  }

  const ScriptOptions& options_;
  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
  MemoryStorage storage_;
  ScriptReport report_;
};

}  // namespace

MemoryStorage LoadScript(std::string_view text) {
  const ScriptOptions options;
  Runner runner(text, options);
  runner.Run();
  return runner.TakeStorage();
}

ScriptReport RunScript(std::string_view text, const ScriptOptions& options) {
  return Runner(text, options).Run();
}

}  // namespace meerkat::promql
