#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

// An OTLP metrics request as plain data: what protobuf and JSON have in common.
namespace meerkat::remote::otlp {

// Values are texts already, as OpenTelemetry prints them.
using Attributes = std::vector<std::pair<std::string, std::string>>;

struct Exemplar {
  std::uint64_t time = 0;  // ns since 1970
  double value = 0;
  std::string trace_id, span_id;  // hex
  Attributes attributes;

  bool operator==(const Exemplar&) const = default;
};

struct Buckets {
  std::int32_t offset = 0;
  std::vector<std::uint64_t> counts;

  bool operator==(const Buckets&) const = default;
};

// One point of any kind; each kind uses its part.
struct Point {
  Attributes attributes;
  std::uint64_t start = 0, time = 0;  // ns since 1970
  std::uint32_t flags = 0;
  std::vector<Exemplar> exemplars;
  double value = 0;  // gauge, sum
  std::uint64_t count = 0;
  std::optional<double> sum;
  std::vector<std::uint64_t> bucket_counts;  // histogram
  std::vector<double> bounds;
  std::int32_t scale = 0;  // exponential histogram
  std::uint64_t zero_count = 0;
  double zero_threshold = 0;
  Buckets positive, negative;
  std::vector<std::pair<double, double>> quantiles;  // summary

  bool no_value() const { return (flags & 1) != 0; }  // the series has ended

  bool operator==(const Point&) const = default;
};

struct Metric {
  enum class Kind : std::uint8_t { kNone, kGauge, kSum, kHistogram, kExponential, kSummary };
  enum class Temporality : std::uint8_t { kUnspecified, kDelta, kCumulative };
  std::string name, description, unit;
  Kind kind = Kind::kNone;
  Temporality temporality = Temporality::kUnspecified;
  bool monotonic = false;
  std::vector<Point> points;

  bool operator==(const Metric&) const = default;
};

struct Scope {
  std::string name, version, schema_url;
  Attributes attributes;
  std::vector<Metric> metrics;

  bool operator==(const Scope&) const = default;
};

struct Resource {
  Attributes attributes;
  std::vector<Scope> scopes;

  bool operator==(const Resource&) const = default;
};

using Request = std::vector<Resource>;

Result<Request> ParseProtobuf(std::string_view message);
Result<Request> ParseJson(std::string_view text);

}  // namespace meerkat::remote::otlp
