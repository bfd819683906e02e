#include "server/web/prometheus/result_body.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/json_writer.h"
#include "base/number.h"
#include "promql/histogram_buckets.h"

namespace meerkat::web {
namespace {

constexpr std::size_t kPiece = 64 << 10;

void AppendQuotedValue(std::string& out, double value) {
  out += '"';
  AppendSampleValue(out, value);
  out += '"';
}

void AppendPoint(std::string& out, Timestamp time, const Histogram& histogram) {
  out += '[';
  AppendSeconds(out, ToMillis(time));
  out += ',';
  AppendHistogram(out, histogram);
  out += ']';
}

void AppendBucket(std::string& out, const promql::HistogramBucket& bucket, bool& first) {
  if (bucket.count == 0) return;
  out += first ? ",\"buckets\":[" : ",";
  first = false;
  const int kind =
      bucket.lower_inclusive ? (bucket.upper_inclusive ? 3 : 1) : (bucket.upper_inclusive ? 0 : 2);
  out += '[';
  out += std::to_string(kind);
  for (const double value : {bucket.lower, bucket.upper, bucket.count}) {
    out += ',';
    AppendQuotedValue(out, value);
  }
  out += ']';
}

class Body : public net::BodySource {
 public:
  Body(promql::QueryAnswer answer, ResultFormat format, Notes notes)
      : result_(std::move(answer.result)),
        rest_(std::move(answer.rest)),
        format_(format),
        notes_(std::move(notes)) {}

  Result<bool> Next(std::string& chunk) override {
    if (!begun_) {
      begun_ = true;
      chunk += "{\"status\":\"success\",\"data\":{\"resultType\":\"";
      static constexpr const char* kNames[] = {"scalar", "vector", "matrix", "string"};
      chunk += kNames[result_.value.index()];
      chunk += "\",\"result\":";
    }
    auto more = std::visit([&](auto& value) { return Write(value, chunk); }, result_.value);
    if (!more.ok() || *more) return more;
    if (format_.stats) {
      chunk += ",\"stats\":";
      JsonWriter json(chunk);
      AppendStats(json, result_.stats, format_.per_step_stats);
    }
    chunk += '}';
    std::move(result_.warnings.begin(), result_.warnings.end(),
              std::back_inserter(notes_.warnings));
    std::move(result_.infos.begin(), result_.infos.end(), std::back_inserter(notes_.infos));
    chunk += Closing(notes_);
    return false;
  }

 private:
  Result<bool> Write(const promql::Scalar& scalar, std::string& out) {
    out += '[';
    AppendSeconds(out, ToMillis(scalar.time));
    // Upstream writes the digits of a scalar out, however many they are.
    out += ",\"" + FormatFloat(scalar.value, 'f') + "\"]";
    return false;
  }

  Result<bool> Write(const promql::String& text, std::string& out) {
    out += '[';
    AppendSeconds(out, ToMillis(text.time));
    out += ',';
    JsonWriter::AppendQuoted(out, text.value);
    out += ']';
    return false;
  }

  Result<bool> Write(const promql::Vector& vector, std::string& out) {
    if (series_ == 0) {
      out += '[';
      constexpr std::size_t kUsual = 128;  // bytes of a series
      out.reserve(std::min(kPiece, out.size() + kUsual * (vector.size() + 2)));
    }
    while (series_ < vector.size() && out.size() < kPiece) {
      const promql::VectorSample& sample = vector[series_];
      if (series_++ > 0) out += ',';
      out += "{\"metric\":";
      AppendLabels(out, sample.labels);
      if (sample.histogram != nullptr) {
        out += ",\"histogram\":";
        AppendPoint(out, sample.time, *sample.histogram);
      } else {
        out += ",\"value\":[";
        AppendTime(out, 0, sample.time);
        out += ',';
        AppendQuotedValue(out, sample.value);
        out += ']';
      }
      out += '}';
    }
    if (series_ < vector.size()) return true;
    out += ']';
    return false;
  }

  Result<bool> Write(promql::Matrix& matrix, std::string& out) {
    if (!in_matrix_) out += '[';
    if (matrix.empty()) {
      if (auto continued = Continue(matrix); !continued) return std::move(continued).error();
    }
    while (series_ < matrix.size()) {
      promql::MatrixSeries& series = matrix[series_];
      if (!in_series_) {
        if (in_matrix_) out += ',';
        in_matrix_ = true;
        out += "{\"metric\":";
        AppendLabels(out, series.labels);
        in_series_ = true;
        float_ = histogram_ = 0;
      }
      while (float_ < series.floats.size()) {
        if (out.size() >= kPiece) return true;
        out += float_ == 0 ? ",\"values\":[" : ",";
        const promql::FloatPoint& point = series.floats[float_];
        out += '[';
        AppendTime(out, float_++, point.time);
        out += ",\"";
        AppendSampleValue(out, point.value);
        out += "\"]";
        if (float_ == series.floats.size()) out += ']';
      }
      while (histogram_ < series.histograms.size()) {
        if (out.size() >= kPiece) return true;
        out += histogram_ == 0 ? ",\"histograms\":[" : ",";
        const promql::HistogramPoint& point = series.histograms[histogram_++];
        AppendPoint(out, point.time, *point.histogram);
        if (histogram_ == series.histograms.size()) out += ']';
      }
      out += '}';
      in_series_ = false;
      series = {};  // what is sent is not held any longer
      if (++series_ == matrix.size()) {
        if (auto continued = Continue(matrix); !continued) return std::move(continued).error();
      }
    }
    out += ']';
    return false;
  }

  // The series that follow, if there are any.
  Result<> Continue(promql::Matrix& matrix) {
    if (rest_ == nullptr) return {};
    series_ = 0;
    auto more = rest_->Next(matrix);
    if (!more) return std::move(more).error();
    if (*more) return {};
    matrix.clear();
    promql::QueryResult end = rest_->End();
    rest_.reset();
    result_.stats = std::move(end.stats);
    result_.warnings = std::move(end.warnings);
    result_.infos = std::move(end.infos);
    return {};
  }

  // The elements of a vector have one time, the series of a matrix nearly always points at the same
  // steps: the times of the first are kept as text.
  void AppendTime(std::string& out, std::size_t index, Timestamp time) {
    if (index < times_.size() && times_[index].time == time) {
      const std::size_t begin = index == 0 ? 0 : times_[index - 1].end;
      out.append(times_text_, begin, times_[index].end - begin);
      return;
    }
    const std::size_t begin = out.size();
    AppendSeconds(out, ToMillis(time));
    if (index != times_.size()) return;
    times_text_.append(out, begin);
    times_.push_back({time, times_text_.size()});
  }

  promql::QueryResult result_;
  std::unique_ptr<promql::MatrixStream> rest_;
  const ResultFormat format_;
  Notes notes_;
  bool begun_ = false;
  bool in_matrix_ = false;  // a series is written
  std::size_t series_ = 0;
  bool in_series_ = false;
  std::size_t float_ = 0;
  std::size_t histogram_ = 0;
  struct TimeText {
    Timestamp time;
    std::size_t end;  // in times_text_
  };
  std::vector<TimeText> times_;
  std::string times_text_;
};

}  // namespace

void AppendStats(JsonWriter& json, const promql::QueryStats& stats, bool per_step) {
  json.BeginObject();
  json.Key("timings").BeginObject();
  json.Key("evalTotalTime").Double(stats.eval_total);
  json.Key("resultSortTime").Double(stats.result_sort);
  json.Key("queryPreparationTime").Double(stats.preparation);
  json.Key("innerEvalTime").Double(stats.inner_eval);
  json.Key("execQueueTime").Double(stats.queue);
  json.Key("execTotalTime").Double(stats.exec_total);
  json.EndObject();
  json.Key("samples").BeginObject();
  const auto steps = [&](std::string_view key, const auto& list) {
    json.Key(key).BeginArray();
    for (const auto& [time, count] : list) {
      std::string seconds;
      AppendSeconds(seconds, ToMillis(time));
      json.BeginArray().Raw(seconds).Int(static_cast<std::int64_t>(count)).EndArray();
    }
    json.EndArray();
  };
  if (per_step) steps("totalQueryableSamplesPerStep", stats.samples_per_step);
  json.Key("totalQueryableSamples").Int(static_cast<std::int64_t>(stats.total_queryable_samples));
  if (per_step) steps("samplesReadPerStep", stats.samples_read_per_step);
  json.Key("samplesRead").Int(static_cast<std::int64_t>(stats.samples_read));
  json.Key("peakSamples").Int(static_cast<std::int64_t>(stats.peak_samples));
  json.EndObject();
  json.EndObject();
}

void AppendHistogram(std::string& out, const Histogram& h) {
  out += "{\"count\":";
  AppendQuotedValue(out, h.count);
  out += ",\"sum\":";
  AppendQuotedValue(out, h.sum);
  bool first = true;
  for (const promql::HistogramBucket& bucket : promql::BucketsOf(h)) {
    AppendBucket(out, bucket, first);
  }
  if (!first) out += ']';
  out += '}';
}

std::unique_ptr<net::BodySource> ResultBody(promql::QueryAnswer answer, ResultFormat format,
                                            Notes notes) {
  return std::make_unique<Body>(std::move(answer), format, std::move(notes));
}

}  // namespace meerkat::web
