#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "base/number.h"
#include "server/remote/otlp_model.h"

namespace meerkat::remote::otlp {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 32;

const Json& At(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string Text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

// 64-bit numbers are texts in protobuf's JSON, but plain numbers are taken too.
std::int64_t Integer(const Json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) {
    const double number = value.get<double>();
    return number > -9.2e18 && number < 9.2e18 ? static_cast<std::int64_t>(number) : 0;
  }
  const std::string text = Text(value);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::uint64_t Unsigned(const Json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_string()) {
    const std::string text = Text(value);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
  const std::int64_t number = Integer(value);
  return number < 0 ? 0 : static_cast<std::uint64_t>(number);
}

double Number(const Json& value) {
  if (value.is_number()) return value.get<double>();
  const std::string text = Text(value);
  if (text == "NaN") return NormalNan();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return ParseFloat(text).value_or(0);
}

std::string ReadValue(const Json& value, bool json, int depth) {
  if (depth > kMaxDepth || !value.is_object()) return json ? "null" : "";
  if (value.contains("stringValue") || value.contains("bytesValue")) {
    const std::string text =
        Text(At(value, value.contains("stringValue") ? "stringValue" : "bytesValue"));
    if (!json) return text;
    std::string quoted;
    JsonWriter::AppendQuoted(quoted, text);
    return quoted;
  }
  if (const Json& flag = At(value, "boolValue"); flag.is_boolean()) {
    return flag.get<bool>() ? "true" : "false";
  }
  if (value.contains("intValue")) return std::to_string(Integer(At(value, "intValue")));
  if (value.contains("doubleValue")) {
    std::string out;
    AppendSampleValue(out, Number(At(value, "doubleValue")));
    return out;
  }
  if (value.contains("arrayValue")) {
    std::string out = "[";
    for (const Json& item : At(At(value, "arrayValue"), "values")) {
      if (out.size() > 1) out += ',';
      out += ReadValue(item, true, depth + 1);
    }
    return out + "]";
  }
  if (value.contains("kvlistValue")) {
    std::string out = "{";
    for (const Json& item : At(At(value, "kvlistValue"), "values")) {
      if (out.size() > 1) out += ',';
      JsonWriter::AppendQuoted(out, Text(At(item, "key")));
      out += ':' + ReadValue(At(item, "value"), true, depth + 1);
    }
    return out + "}";
  }
  return json ? "null" : "";
}

Attributes ReadAttributes(const Json& list) {
  Attributes attributes;
  for (const Json& item : list) {
    attributes.emplace_back(Text(At(item, "key")), ReadValue(At(item, "value"), false, 0));
  }
  return attributes;
}

Buckets ReadBuckets(const Json& json) {
  Buckets buckets;
  buckets.offset = static_cast<std::int32_t>(Integer(At(json, "offset")));
  for (const Json& count : At(json, "bucketCounts")) buckets.counts.push_back(Unsigned(count));
  return buckets;
}

Point ReadPoint(const Json& json) {
  Point point;
  point.attributes = ReadAttributes(At(json, "attributes"));
  point.start = Unsigned(At(json, "startTimeUnixNano"));
  point.time = Unsigned(At(json, "timeUnixNano"));
  point.no_value = (Integer(At(json, "flags")) & 1) != 0;
  for (const Json& item : At(json, "exemplars")) {
    Exemplar exemplar;
    exemplar.time = Unsigned(At(item, "timeUnixNano"));
    exemplar.value = item.contains("asInt") ? static_cast<double>(Integer(At(item, "asInt")))
                                            : Number(At(item, "asDouble"));
    exemplar.trace_id = Text(At(item, "traceId"));
    exemplar.span_id = Text(At(item, "spanId"));
    exemplar.attributes = ReadAttributes(At(item, "filteredAttributes"));
    point.exemplars.push_back(std::move(exemplar));
  }
  point.value = json.contains("asInt") ? static_cast<double>(Integer(At(json, "asInt")))
                                       : Number(At(json, "asDouble"));
  point.count = Unsigned(At(json, "count"));
  if (json.contains("sum")) point.sum = Number(At(json, "sum"));
  for (const Json& count : At(json, "bucketCounts")) {
    point.bucket_counts.push_back(Unsigned(count));
  }
  for (const Json& bound : At(json, "explicitBounds")) point.bounds.push_back(Number(bound));
  point.scale = static_cast<std::int32_t>(Integer(At(json, "scale")));
  point.zero_count = Unsigned(At(json, "zeroCount"));
  point.zero_threshold = Number(At(json, "zeroThreshold"));
  point.positive = ReadBuckets(At(json, "positive"));
  point.negative = ReadBuckets(At(json, "negative"));
  for (const Json& item : At(json, "quantileValues")) {
    point.quantiles.emplace_back(Number(At(item, "quantile")), Number(At(item, "value")));
  }
  return point;
}

Metric ReadMetric(const Json& json) {
  static constexpr std::pair<const char*, Metric::Kind> kKinds[] = {
      {"gauge", Metric::Kind::kGauge},         {"sum", Metric::Kind::kSum},
      {"histogram", Metric::Kind::kHistogram}, {"exponentialHistogram", Metric::Kind::kExponential},
      {"summary", Metric::Kind::kSummary},
  };
  Metric metric;
  metric.name = Text(At(json, "name"));
  metric.description = Text(At(json, "description"));
  metric.unit = Text(At(json, "unit"));
  for (const auto& [key, kind] : kKinds) {
    const Json& data = At(json, key);
    if (!data.is_object()) continue;
    metric.kind = kind;
    const Json& temporality = At(data, "aggregationTemporality");
    const std::string name = Text(temporality);
    const std::int64_t number = temporality.is_string() ? 0 : Integer(temporality);
    if (number == 1 || name == "AGGREGATION_TEMPORALITY_DELTA") {
      metric.temporality = Metric::Temporality::kDelta;
    } else if (number == 2 || name == "AGGREGATION_TEMPORALITY_CUMULATIVE") {
      metric.temporality = Metric::Temporality::kCumulative;
    }
    const Json& monotonic = At(data, "isMonotonic");
    metric.monotonic = monotonic.is_boolean() && monotonic.get<bool>();
    for (const Json& point : At(data, "dataPoints")) {
      if (point.is_object()) metric.points.push_back(ReadPoint(point));
    }
  }
  return metric;
}

}  // namespace

Result<Request> ParseJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Error(Code::kInvalid, "invalid JSON request");
  Request request;
  for (const Json& one : At(json, "resourceMetrics")) {
    Resource resource;
    resource.attributes = ReadAttributes(At(At(one, "resource"), "attributes"));
    for (const Json& scoped : At(one, "scopeMetrics")) {
      Scope scope;
      scope.name = Text(At(At(scoped, "scope"), "name"));
      scope.version = Text(At(At(scoped, "scope"), "version"));
      scope.attributes = ReadAttributes(At(At(scoped, "scope"), "attributes"));
      scope.schema_url = Text(At(scoped, "schemaUrl"));
      for (const Json& metric : At(scoped, "metrics")) scope.metrics.push_back(ReadMetric(metric));
      resource.scopes.push_back(std::move(scope));
    }
    request.push_back(std::move(resource));
  }
  return request;
}

}  // namespace meerkat::remote::otlp
