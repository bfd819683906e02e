// Answers queries over the samples of a script, one line of JSON for each: what compares the engine
// with another one. Arguments: the script, then on standard input lines of tab-separated
// "instant TIME EXPR" or "range START END STEP EXPR", times in milliseconds.

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/number.h"
#include "promql/histogram_buckets.h"
#include "tests/promql/script.h"

namespace meerkat::promql {
namespace {

std::string Text(double value, const HistogramPtr& histogram) {
  return histogram != nullptr ? FormatHistogram(*histogram) : FormatFloat(value, 'g');
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string List(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? "," : "") + Quoted(text);
  return out + "]";
}

std::string Metric(const Labels& labels) {
  std::string out = "{";
  for (const Label label : labels) {
    if (out.size() > 1) out += ",";
    out += Quoted(label.name) + ":" + Quoted(label.value);
  }
  return out + "}";
}

void AppendPoint(std::string& points, Timestamp time, const std::string& value) {
  if (!points.empty()) points += ",";
  points += "[" + std::to_string(ToMillis(time)) + "," + Quoted(value) + "]";
}

std::string Answer(const Engine& engine, const std::string& line) {
  std::istringstream fields(line);
  std::string kind, expr;
  std::getline(fields, kind, '\t');
  std::int64_t times[3] = {};
  for (int i = 0; i < (kind == "range" ? 3 : 1); ++i) {
    std::string field;
    std::getline(fields, field, '\t');
    times[i] = std::stoll(field);
  }
  std::getline(fields, expr);
  QueryOptions query;
  query.start = FromMillis(times[0]);
  query.end = FromMillis(times[1]);
  query.step = Millis(times[2]);
  const auto result = engine.Run(expr, query);
  if (!result) return "{\"error\":" + Quoted(result.error().message()) + "}";
  std::string series;
  const auto add = [&](const Labels& labels, const std::string& points) {
    if (!series.empty()) series += ",";
    series += "{\"metric\":" + Metric(labels) + ",\"points\":[" + points + "]}";
  };
  if (const auto* scalar = std::get_if<Scalar>(&result->value)) {
    std::string points;
    AppendPoint(points, scalar->time, Text(scalar->value, nullptr));
    add({}, points);
  } else if (const auto* vector = std::get_if<Vector>(&result->value)) {
    for (const VectorSample& sample : *vector) {
      std::string points;
      AppendPoint(points, sample.time, Text(sample.value, sample.histogram));
      add(sample.labels, points);
    }
  } else if (const auto* matrix = std::get_if<Matrix>(&result->value)) {
    for (const MatrixSeries& one : *matrix) {
      std::string points;
      for (const FloatPoint& point : one.floats) {
        AppendPoint(points, point.time, Text(point.value, nullptr));
      }
      for (const HistogramPoint& point : one.histograms) {
        AppendPoint(points, point.time, Text(0, point.histogram));
      }
      add(one.labels, points);
    }
  }
  return "{\"series\":[" + series + "],\"warnings\":" + List(result->warnings) +
         ",\"infos\":" + List(result->infos) +
         ",\"samples\":" + std::to_string(result->stats.total_queryable_samples) +
         ",\"peak\":" + std::to_string(result->stats.peak_samples) + "}";
}

}  // namespace
}  // namespace meerkat::promql

int main(int argc, char** argv) {
  using namespace meerkat::promql;  // NOLINT(google-build-using-namespace): this is main
  if (argc != 2) {
    std::fprintf(stderr, "usage: promql_answers SCRIPT < queries\n");
    return 2;
  }
  std::ifstream file(argv[1]);
  std::ostringstream text;
  text << file.rdbuf();
  const MemoryStorage storage = LoadScript(text.str());
  EngineOptions options;
  options.parse = {true, true, true};
  const Engine engine(options, storage);
  for (std::string line; std::getline(std::cin, line);) std::cout << Answer(engine, line) << "\n";
}
