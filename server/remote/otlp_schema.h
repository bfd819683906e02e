#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/remote/otlp_model.h"

// The fields of every OTLP message, told once: its number in protobuf, its name in JSON and where
// it goes. A decoder is a visitor, called as field(number, name, member) for each of a message's
// fields; the member's type says how the value is written:
//   std::string                 text                 std::uint64_t          fixed64
//   Id                          bytes, in JSON hex   vector<std::uint64_t>  fixed64, repeated
//   double, optional<double>    double               vector<double>         double, repeated
//   IntegerAsDouble             sfixed64             Varints                uint64, repeated
//   std::int32_t                sint32               std::uint32_t          uint32
//   bool                        bool                 Temporality            enumeration
//   OneOf                       one of the alternatives of an AnyValue
//   Attributes, vectors and structures of this page: messages
// Private to the decoders.
namespace meerkat::remote::otlp {

struct Id {
  std::string& hex;
  std::size_t bytes;  // or none at all
};
struct IntegerAsDouble {
  double& value;
};
struct Varints {
  std::vector<std::uint64_t>& values;
};

// An attribute's value, as deep as the sender likes.
struct KeyValue;
struct AnyValue {
  struct Bytes {
    std::string bytes;
  };
  struct List {
    std::vector<AnyValue> values;
  };
  struct Map {
    std::vector<KeyValue> values;
  };
  std::variant<std::monostate, std::string, bool, std::int64_t, double, List, Map, Bytes> value;
};
struct KeyValue {
  std::string key;
  AnyValue value;
};
template <typename Alternative>
struct OneOf {
  AnyValue& any;
};

// Points of one kind of metric, each of which numbers its fields its own way.
template <Metric::Kind kKind>
struct Data {
  Metric& metric;

  // A metric has one kind of data: what comes last counts.
  void Begin() {
    metric.kind = kKind;
    metric.temporality = Metric::Temporality::kUnspecified;
    metric.monotonic = false;
    metric.points.clear();
  }
};
template <Metric::Kind kKind>
struct Points {
  std::vector<Point>& points;
};
template <Metric::Kind kKind>
struct PointOf {
  Point& point;
};
struct Quantile {
  std::pair<double, double>& pair;
};
// What the model has flat: the fields of Resource and Scope that have a message of their own.
struct ResourceFacts {
  Resource& resource;
};
struct ScopeFacts {
  Scope& scope;
};

inline Metric::Temporality TemporalityOf(std::int32_t number) {
  using enum Metric::Temporality;
  return number == 1 ? kDelta : number == 2 ? kCumulative : kUnspecified;
}

// What a value is as the value of a label: texts as they are, lists and maps as JSON; "" for none.
std::string TextOf(const AnyValue& value);

// Messages in messages: no honest sender goes deeper.
inline constexpr int kMaxDepth = 100;
inline constexpr const char* kTooDeep = "values are nested too deeply";

template <typename Visitor>
void Fields(Visitor& field, AnyValue& any) {
  field(1, "stringValue", OneOf<std::string>{any});
  field(2, "boolValue", OneOf<bool>{any});
  field(3, "intValue", OneOf<std::int64_t>{any});
  field(4, "doubleValue", OneOf<double>{any});
  field(5, "arrayValue", OneOf<AnyValue::List>{any});
  field(6, "kvlistValue", OneOf<AnyValue::Map>{any});
  field(7, "bytesValue", OneOf<AnyValue::Bytes>{any});
}

template <typename Visitor>
void Fields(Visitor& field, AnyValue::List& list) {
  field(1, "values", list.values);
}

template <typename Visitor>
void Fields(Visitor& field, AnyValue::Map& map) {
  field(1, "values", map.values);
}

template <typename Visitor>
void Fields(Visitor& field, KeyValue& pair) {
  field(1, "key", pair.key);
  field(2, "value", pair.value);
}

template <typename Visitor>
void Fields(Visitor& field, Exemplar& exemplar) {
  field(2, "timeUnixNano", exemplar.time);
  field(3, "asDouble", exemplar.value);
  field(4, "spanId", Id{exemplar.span_id, 8});
  field(5, "traceId", Id{exemplar.trace_id, 16});
  field(6, "asInt", IntegerAsDouble{exemplar.value});
  field(7, "filteredAttributes", exemplar.attributes);
}

template <typename Visitor>
void NumberFields(Visitor& field, Point& point) {
  field(2, "startTimeUnixNano", point.start);
  field(3, "timeUnixNano", point.time);
  field(4, "asDouble", point.value);
  field(5, "exemplars", point.exemplars);
  field(6, "asInt", IntegerAsDouble{point.value});
  field(7, "attributes", point.attributes);
  field(8, "flags", point.flags);
}

template <typename Visitor>
void Fields(Visitor& field, PointOf<Metric::Kind::kGauge> gauge) {
  NumberFields(field, gauge.point);
}

template <typename Visitor>
void Fields(Visitor& field, PointOf<Metric::Kind::kSum> sum) {
  NumberFields(field, sum.point);
}

template <typename Visitor>
void Fields(Visitor& field, PointOf<Metric::Kind::kHistogram> histogram) {
  Point& point = histogram.point;
  field(2, "startTimeUnixNano", point.start);
  field(3, "timeUnixNano", point.time);
  field(4, "count", point.count);
  field(5, "sum", point.sum);
  field(6, "bucketCounts", point.bucket_counts);
  field(7, "explicitBounds", point.bounds);
  field(8, "exemplars", point.exemplars);
  field(9, "attributes", point.attributes);
  field(10, "flags", point.flags);
}

template <typename Visitor>
void Fields(Visitor& field, Buckets& buckets) {
  field(1, "offset", buckets.offset);
  field(2, "bucketCounts", Varints{buckets.counts});
}

template <typename Visitor>
void Fields(Visitor& field, PointOf<Metric::Kind::kExponential> histogram) {
  Point& point = histogram.point;
  field(1, "attributes", point.attributes);
  field(2, "startTimeUnixNano", point.start);
  field(3, "timeUnixNano", point.time);
  field(4, "count", point.count);
  field(5, "sum", point.sum);
  field(6, "scale", point.scale);
  field(7, "zeroCount", point.zero_count);
  field(8, "positive", point.positive);
  field(9, "negative", point.negative);
  field(10, "flags", point.flags);
  field(11, "exemplars", point.exemplars);
  field(14, "zeroThreshold", point.zero_threshold);
}

template <typename Visitor>
void Fields(Visitor& field, Quantile quantile) {
  field(1, "quantile", quantile.pair.first);
  field(2, "value", quantile.pair.second);
}

template <typename Visitor>
void Fields(Visitor& field, PointOf<Metric::Kind::kSummary> summary) {
  Point& point = summary.point;
  field(2, "startTimeUnixNano", point.start);
  field(3, "timeUnixNano", point.time);
  field(4, "count", point.count);
  field(5, "sum", point.sum);
  field(6, "quantileValues", point.quantiles);
  field(7, "attributes", point.attributes);
  field(8, "flags", point.flags);
}

template <typename Visitor, Metric::Kind kKind>
void Fields(Visitor& field, Data<kKind> data) {
  field(1, "dataPoints", Points<kKind>{data.metric.points});
  field(2, "aggregationTemporality", data.metric.temporality);
  field(3, "isMonotonic", data.metric.monotonic);
}

template <typename Visitor>
void Fields(Visitor& field, Metric& metric) {
  field(1, "name", metric.name);
  field(2, "description", metric.description);
  field(3, "unit", metric.unit);
  field(5, "gauge", Data<Metric::Kind::kGauge>{metric});
  field(7, "sum", Data<Metric::Kind::kSum>{metric});
  field(9, "histogram", Data<Metric::Kind::kHistogram>{metric});
  field(10, "exponentialHistogram", Data<Metric::Kind::kExponential>{metric});
  field(11, "summary", Data<Metric::Kind::kSummary>{metric});
}

template <typename Visitor>
void Fields(Visitor& field, ScopeFacts facts) {
  field(1, "name", facts.scope.name);
  field(2, "version", facts.scope.version);
  field(3, "attributes", facts.scope.attributes);
}

template <typename Visitor>
void Fields(Visitor& field, Scope& scope) {
  field(1, "scope", ScopeFacts{scope});
  field(2, "metrics", scope.metrics);
  field(3, "schemaUrl", scope.schema_url);
}

template <typename Visitor>
void Fields(Visitor& field, ResourceFacts facts) {
  field(1, "attributes", facts.resource.attributes);
}

template <typename Visitor>
void Fields(Visitor& field, Resource& resource) {
  field(1, "resource", ResourceFacts{resource});
  field(2, "scopeMetrics", resource.scopes);
}

template <typename Visitor>
void Fields(Visitor& field, Request& request) {
  field(1, "resourceMetrics", request);
}

}  // namespace meerkat::remote::otlp
