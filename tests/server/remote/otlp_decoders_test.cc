#include <gtest/gtest.h>

#include <protozero/pbf_writer.hpp>

#include "server/remote/otlp_model.h"

namespace meerkat::remote::otlp {
namespace {

using protozero::pbf_writer;

void AddText(pbf_writer& parent, protozero::pbf_tag_type tag, const std::string& key,
             const std::string& value) {
  pbf_writer pair(parent, tag);
  pair.add_string(1, key);
  pbf_writer any(pair, 2);
  any.add_string(1, value);
}

// A request with every field there is, as protobuf.
std::string EveryField() {
  std::string message;
  pbf_writer request(message);
  pbf_writer resource(request, 1);
  {
    pbf_writer facts(resource, 1);
    AddText(facts, 1, "service.name", "shop");
  }
  pbf_writer scope(resource, 2);
  {
    pbf_writer facts(scope, 1);
    facts.add_string(1, "lib");
    facts.add_string(2, "1.2");
    AddText(facts, 3, "s", "t");
  }
  scope.add_string(3, "http://schema");
  const auto metric = [&scope](const std::string& name, protozero::pbf_tag_type kind,
                               const auto& point, int temporality = 0) {
    pbf_writer one(scope, 2);
    one.add_string(1, name);
    one.add_string(2, "what " + name + " is");
    one.add_string(3, "By");
    pbf_writer data(one, kind);
    {
      pbf_writer number(data, 1);
      point(number);
    }
    if (temporality != 0) data.add_enum(2, temporality);
    if (kind == 7) data.add_bool(3, true);
  };
  const auto exemplar = [](pbf_writer& point, protozero::pbf_tag_type tag) {
    pbf_writer one(point, tag);
    one.add_fixed64(2, 7);
    one.add_sfixed64(6, -3);
    one.add_bytes(4, "\x01\x02\x03\x04\x05\x06\x07\x08");
    one.add_bytes(5, "\xff\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10");
    AddText(one, 7, "e", "x");
  };
  metric("g", 5, [&](pbf_writer& point) {
    point.add_fixed64(2, 10);
    point.add_fixed64(3, 20);
    point.add_double(4, 1.5);
    exemplar(point, 5);
    AddText(point, 7, "a", "b");
    point.add_uint32(8, 1);
  });
  metric(
      "c", 7,
      [](pbf_writer& point) {
        point.add_fixed64(3, 20);
        point.add_sfixed64(6, -9);
      },
      2);
  const std::uint64_t counts[] = {1, 2, 3};
  const double bounds[] = {0.5, 2};
  metric(
      "h", 9,
      [&](pbf_writer& point) {
        point.add_fixed64(2, 10);
        point.add_fixed64(3, 20);
        point.add_fixed64(4, 6);
        point.add_double(5, 8.5);
        point.add_packed_fixed64(6, std::begin(counts), std::end(counts));
        point.add_packed_double(7, std::begin(bounds), std::end(bounds));
        exemplar(point, 8);
        AddText(point, 9, "a", "b");
        point.add_uint32(10, 2);
      },
      1);
  metric(
      "e", 10,
      [&](pbf_writer& point) {
        AddText(point, 1, "a", "b");
        point.add_fixed64(2, 10);
        point.add_fixed64(3, 20);
        point.add_fixed64(4, 6);
        point.add_double(5, 8.5);
        point.add_sint32(6, -2);
        point.add_fixed64(7, 4);
        for (const protozero::pbf_tag_type side : {8U, 9U}) {
          pbf_writer buckets(point, side);
          buckets.add_sint32(1, 3 - static_cast<std::int32_t>(side));
          buckets.add_packed_uint64(2, std::begin(counts), std::end(counts));
        }
        point.add_uint32(10, 0);
        exemplar(point, 11);
        point.add_double(14, 0.25);
      },
      2);
  metric("s", 11, [](pbf_writer& point) {
    point.add_fixed64(2, 10);
    point.add_fixed64(3, 20);
    point.add_fixed64(4, 6);
    point.add_double(5, 8.5);
    for (const double quantile : {0.5, 1.0}) {
      pbf_writer pair(point, 6);
      pair.add_double(1, quantile);
      pair.add_double(2, quantile * 3);
    }
    AddText(point, 7, "a", "b");
    point.add_uint32(8, 0);
  });
  return message;
}

constexpr const char* kEveryFieldJson = R"({"resourceMetrics":[{
  "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
  "scopeMetrics":[{
    "scope":{"name":"lib","version":"1.2","attributes":[{"key":"s","value":{"stringValue":"t"}}]},
    "schemaUrl":"http://schema","unknown":[1,{}],
    "metrics":[
    {"name":"g","description":"what g is","unit":"By","gauge":{"dataPoints":[{
      "startTimeUnixNano":"10","timeUnixNano":20,"asDouble":1.5,"flags":1,
      "exemplars":[{"timeUnixNano":"7","asInt":"-3","spanId":"0102030405060708","traceId":"ff02030405060708090a0b0c0d0e0f10",
                    "filteredAttributes":[{"key":"e","value":{"stringValue":"x"}}]}],
      "attributes":[{"key":"a","value":{"stringValue":"b"}}]}]}},
    {"name":"c","description":"what c is","unit":"By","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{
      "timeUnixNano":"20","asInt":-9}]}},
    {"name":"h","description":"what h is","unit":"By","histogram":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","dataPoints":[{
      "startTimeUnixNano":"10","timeUnixNano":"20","count":"6","sum":8.5,"bucketCounts":["1",2,"3"],"explicitBounds":[0.5,"2"],"flags":2,
      "exemplars":[{"timeUnixNano":"7","asInt":"-3","spanId":"0102030405060708","traceId":"ff02030405060708090a0b0c0d0e0f10",
                    "filteredAttributes":[{"key":"e","value":{"stringValue":"x"}}]}],
      "attributes":[{"key":"a","value":{"stringValue":"b"}}]}]}},
    {"name":"e","description":"what e is","unit":"By","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{
      "startTimeUnixNano":"10","timeUnixNano":"20","count":6,"sum":8.5,"scale":-2,"zeroCount":"4","zeroThreshold":0.25,
      "positive":{"offset":-5,"bucketCounts":["1","2","3"]},"negative":{"offset":-6,"bucketCounts":[1,2,3]},"flags":null,
      "exemplars":[{"timeUnixNano":"7","asInt":"-3","spanId":"0102030405060708","traceId":"ff02030405060708090a0b0c0d0e0f10",
                    "filteredAttributes":[{"key":"e","value":{"stringValue":"x"}}]}],
      "attributes":[{"key":"a","value":{"stringValue":"b"}}]}]}},
    {"name":"s","description":"what s is","unit":"By","summary":{"dataPoints":[{
      "startTimeUnixNano":"10","timeUnixNano":"20","count":"6","sum":8.5,
      "quantileValues":[{"quantile":0.5,"value":1.5},{"quantile":1,"value":3}],
      "attributes":[{"key":"a","value":{"stringValue":"b"}}]}]}}]}]}]})";

TEST(OtlpDecoders, BothEncodingsSayTheSame) {
  const auto from_protobuf = ParseProtobuf(EveryField());
  const auto from_json = ParseJson(kEveryFieldJson);
  ASSERT_TRUE(from_protobuf.ok());
  ASSERT_TRUE(from_json.ok()) << from_json.error().message();
  EXPECT_EQ(*from_protobuf, *from_json);

  const Scope& scope = from_json->at(0).scopes.at(0);
  ASSERT_EQ(scope.metrics.size(), 5U);
  const Point& histogram = scope.metrics[2].points.at(0);
  EXPECT_EQ(scope.metrics[2].temporality, Metric::Temporality::kDelta);
  EXPECT_EQ(histogram.bucket_counts, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(histogram.bounds, (std::vector<double>{0.5, 2}));
  EXPECT_EQ(histogram.exemplars.at(0).span_id, "0102030405060708");
  EXPECT_EQ(scope.metrics[1].points.at(0).value, -9);
}

TEST(OtlpDecoders, ValuesAsTexts) {
  const auto text = [](const std::string& value) {
    const auto request = ParseJson(
        R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"k","value":)" + value + "}]}}]}");
    return request ? request->at(0).attributes.at(0).second : "fault: " + request.error().message();
  };
  EXPECT_EQ(text(R"({"stringValue":"a\"<b>"})"), "a\"<b>");
  EXPECT_EQ(text(R"({"boolValue":true})"), "true");
  EXPECT_EQ(text(R"({"intValue":"-9223372036854775808"})"), "-9223372036854775808");
  EXPECT_EQ(text(R"({"doubleValue":0.5})"), "0.5");
  EXPECT_EQ(text(R"({"doubleValue":1e-9})"), "1e-9");
  EXPECT_EQ(text(R"({"doubleValue":"1e22"})"), "1e+22");
  EXPECT_EQ(text(R"({"doubleValue":"NaN"})"), "json: unsupported value: NaN");
  EXPECT_EQ(text(R"({"bytesValue":"AQI="})"), "AQI=");
  EXPECT_EQ(text(R"({})"), "");
  EXPECT_EQ(
      text(
          R"({"arrayValue":{"values":[{"stringValue":"<&>"},{"intValue":1},{},{"boolValue":false}]}})"),
      R"(["\u003c\u0026\u003e",1,null,false])");
  EXPECT_EQ(
      text(
          R"({"kvlistValue":{"values":[{"key":"b","value":{"intValue":1}},{"key":"a","value":{"doubleValue":2}},
                                              {"key":"b","value":{"stringValue":"last"}}]}})"),
      R"({"a":2,"b":"last"})");
  EXPECT_EQ(text(R"({"arrayValue":{"values":[{"doubleValue":"Infinity"}]}})"), "");
  std::string deep = R"({"stringValue":"x"})";
  for (int i = 0; i < 60; ++i) deep = R"({"arrayValue":{"values":[)" + deep + "]}}";
  EXPECT_TRUE(text(deep).ends_with("values are nested too deeply"));
}

TEST(OtlpDecoders, ValuesOfAWrongKindAreFaults) {
  for (
      const std::string body :
      {"", "[]", "{", R"({"resourceMetrics":{}})", R"({"resourceMetrics":[1]})",
       R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":1}]}]}]})",
       R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"timeUnixNano":"x"}]}}]}]}]})",
       R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"timeUnixNano":1.5}]}}]}]}]})",
       R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"exemplars":[{"traceId":"12"}]}]}}]}]}]})"}) {
    EXPECT_FALSE(ParseJson(body).ok()) << body;
  }
  EXPECT_TRUE(ParseJson("{}").ok());
  EXPECT_TRUE(ParseJson(R"({"resourceMetrics":null})").ok());
  // A number where a message is expected; a message that ends too early; IDs of a wrong length.
  std::string exemplar;
  {
    pbf_writer request(exemplar);
    pbf_writer resource(request, 1);
    pbf_writer scope(resource, 2);
    pbf_writer metric(scope, 2);
    pbf_writer gauge(metric, 5);
    pbf_writer point(gauge, 1);
    pbf_writer one(point, 5);
    one.add_bytes(5, "short");
  }
  for (const std::string& body : {std::string("\x08\x01"), std::string("\x0a\x05x"), exemplar}) {
    EXPECT_FALSE(ParseProtobuf(body).ok());
  }
}

TEST(OtlpDecoders, AMetricHasOneKindOfData) {
  std::string message;
  {
    pbf_writer request(message);
    pbf_writer resource(request, 1);
    pbf_writer scope(resource, 2);
    pbf_writer metric(scope, 2);
    for (const protozero::pbf_tag_type kind : {7U, 5U}) {
      pbf_writer data(metric, kind);
      pbf_writer point(data, 1);
      point.add_double(4, kind);
    }
  }
  const auto request = ParseProtobuf(message);
  ASSERT_TRUE(request.ok());
  const Metric& metric = request->at(0).scopes.at(0).metrics.at(0);
  EXPECT_EQ(metric.kind, Metric::Kind::kGauge);
  ASSERT_EQ(metric.points.size(), 1U);
  EXPECT_EQ(metric.points[0].value, 5);
}

}  // namespace
}  // namespace meerkat::remote::otlp
