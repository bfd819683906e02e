#include "base/manual_clock.h"
#include "server/net/compression.h"
#include "server/remote/otlp_deltas.h"
#include "server/remote/otlp_names.h"
#include "server/remote/otlp_receiver.h"
#include "tests/server/remote/fixture.h"
#include "tests/server/remote/messages.h"

namespace meerkat::remote {
namespace {

using otlp::Metric;

TEST(OtlpNames, ByStrategy) {
  using Kind = Metric::Kind;
  struct Case {
    std::string name, unit;
    Kind kind;
    bool monotonic;
    std::string escaped, bare, raw;
  };
  const Case cases[] = {
      {"room.temperature", "Cel", Kind::kGauge, false, "room_temperature_celsius",
       "room_temperature", "room.temperature_celsius"},
      {"cpu.utilization", "1", Kind::kGauge, false, "cpu_utilization_ratio", "cpu_utilization",
       "cpu.utilization_ratio"},
      {"http.requests", "{request}", Kind::kSum, true, "http_requests_total", "http_requests",
       "http.requests_total"},
      {"http.requests.total", "", Kind::kSum, true, "http_requests_total", "http_requests_total",
       "http.requests_total"},
      {"queue.size", "By", Kind::kSum, false, "queue_size_bytes", "queue_size", "queue.size_bytes"},
      {"speed", "m/s", Kind::kGauge, false, "speed_meters_per_second", "speed",
       "speed_meters_per_second"},
      {"io.bytes", "By/s", Kind::kGauge, false, "io_bytes_per_second", "io_bytes",
       "io.bytes_per_second"},
      {"2.fast", "", Kind::kGauge, false, "_2_fast", "_2_fast", "2.fast"},
      {"a__b", "", Kind::kGauge, false, "a_b", "a__b", "a__b"},
      {"lat", "ms", Kind::kHistogram, false, "lat_milliseconds", "lat", "lat_milliseconds"},
  };
  for (const Case& c : cases) {
    Metric metric;
    metric.name = c.name;
    metric.unit = c.unit;
    metric.kind = c.kind;
    metric.monotonic = c.monotonic;
    using Strategy = TranslationStrategy;
    EXPECT_EQ(MetricName(metric, Strategy::kUnderscoreEscapingWithSuffixes), c.escaped);
    EXPECT_EQ(MetricName(metric, Strategy::kUnderscoreEscapingWithoutSuffixes), c.bare);
    EXPECT_EQ(MetricName(metric, Strategy::kNoUtf8EscapingWithSuffixes), c.raw);
    EXPECT_EQ(MetricName(metric, Strategy::kNoTranslation), c.name);
  }
}

TEST(OtlpNames, OfLabels) {
  OtlpOptions options;
  EXPECT_EQ(otlp::LabelName("room.name", options), "room_name");
  EXPECT_EQ(otlp::LabelName("1st", options), "key_1st");
  EXPECT_EQ(otlp::LabelName("_a", options), "key_a");
  EXPECT_EQ(otlp::LabelName("__a", options), "__a");
  EXPECT_EQ(otlp::LabelName("a..b", options), "a__b");
  options.label_name_preserve_multiple_underscores = false;
  EXPECT_EQ(otlp::LabelName("a..b", options), "a_b");
  EXPECT_EQ(otlp::LabelName("", options), "");
  EXPECT_EQ(otlp::LabelName("..", options), "key_");
  options.label_name_preserve_multiple_underscores = true;
  EXPECT_EQ(otlp::LabelName("..", options), "");
  options.strategy = TranslationStrategy::kNoTranslation;
  EXPECT_EQ(otlp::LabelName("room.name", options), "room.name");
  EXPECT_EQ(otlp::LabelName("_", options), "");
}

TEST(OtlpNames, OfUnits) {
  EXPECT_EQ(otlp::UnitName("By/s"), "bytes_per_second");
  EXPECT_EQ(otlp::UnitName("Cel"), "celsius");
  EXPECT_EQ(otlp::UnitName("{request}/min"), "per_min");
  EXPECT_EQ(otlp::UnitName("{request}"), "");
  EXPECT_EQ(otlp::UnitName("1"), "");
}

class OtlpTest : public RemoteFixture {
 protected:
  int Post(const std::string& body, const std::string& type = "application/json",
           const std::string& encoding = "") {
    net::Request request;
    request.method = "POST";
    request.body = body;
    request.headers.Set("Content-Type", type);
    if (!encoding.empty()) request.headers.Set("Content-Encoding", encoding);
    return receiver_->Handle(request, {}).status;
  }
  // One resource with `attributes` and `metrics`, both JSON; @ stands for the time.
  static std::string Request(const std::string& attributes, std::string metrics) {
    for (auto at = metrics.find('@'); at != std::string::npos; at = metrics.find('@', at)) {
      metrics.replace(at, 1, "\"timeUnixNano\":\"" + std::to_string(kNow * 1'000'000) + "\"");
    }
    return R"({"resourceMetrics":[{"resource":{"attributes":[)" + attributes +
           R"(]},"scopeMetrics":[{"scope":{"name":"s","version":"1"},"metrics":[)" + metrics +
           "]}]}]}";
  }
  static std::string Attribute(const std::string& key, const std::string& value) {
    return R"({"key":")" + key + R"(","value":{"stringValue":")" + value + "\"}}";
  }

  std::unique_ptr<OtlpReceiver> Receiver(OtlpDeltas deltas) {
    return std::make_unique<OtlpReceiver>(
        [this] { return database_.get(); }, [this] { return options_; },
        [] { return Millis(300'000); }, OtlpReceiverOptions{deltas}, clock_, registry_,
        Logger::Silent());
  }

  OtlpOptions options_;
  std::unique_ptr<OtlpReceiver> receiver_ = Receiver(OtlpDeltas::kRefuse);
};

TEST_F(OtlpTest, EveryKindOfMetric) {
  ASSERT_EQ(Post(Request(Attribute("service.name", "shop"),
                         R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":1.5,"attributes":[)" +
                             Attribute("a.b", "c") + R"(]}]}},
                {"name":"c","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{@,"asInt":"12"}]}},
                {"name":"h","unit":"ms","histogram":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_CUMULATIVE",
                 "dataPoints":[{@,"count":"6","sum":30.5,"explicitBounds":[1,5],"bucketCounts":["1","2","3"]}]}},
                {"name":"s","summary":{"dataPoints":[{@,"count":3,"sum":1.5,"quantileValues":[{"quantile":0.5,"value":0.4},{"quantile":1,"value":0.9}]}]}},
                {"name":"e","exponentialHistogram":{"aggregationTemporality":2,
                 "dataPoints":[{@,"count":6,"sum":10,"zeroCount":2,"scale":0,"positive":{"offset":-1,"bucketCounts":[1,3]}}]}})")),
            200);
  EXPECT_EQ(Dump(),
            "c_total{job=\"shop\"} 12 @0\n"
            "e{job=\"shop\"} 6/10 @0\n"
            "g{a_b=\"c\", job=\"shop\"} 1.5 @0\n"
            "h_milliseconds_bucket{job=\"shop\", le=\"+Inf\"} 6 @0\n"
            "h_milliseconds_bucket{job=\"shop\", le=\"1\"} 1 @0\n"
            "h_milliseconds_bucket{job=\"shop\", le=\"5\"} 3 @0\n"
            "h_milliseconds_count{job=\"shop\"} 6 @0\n"
            "h_milliseconds_sum{job=\"shop\"} 30.5 @0\n"
            "s{job=\"shop\", quantile=\"0.5\"} 0.4 @0\n"
            "s{job=\"shop\", quantile=\"1\"} 0.9 @0\n"
            "s_count{job=\"shop\"} 3 @0\n"
            "s_sum{job=\"shop\"} 1.5 @0\n");
}

TEST_F(OtlpTest, ResourceAttributesGoToTargetInfoAndWhereTheyArePromoted) {
  options_.promote_resource_attributes = {"host.name"};
  ASSERT_EQ(
      Post(Request(Attribute("service.name", "cart") + "," +
                       Attribute("service.namespace", "shop") + "," +
                       Attribute("service.instance.id", "i-2") + "," + Attribute("host.name", "h1"),
                   R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":1}]}})")),
      200);
  EXPECT_EQ(Dump(),
            "g{host_name=\"h1\", instance=\"i-2\", job=\"shop/cart\"} 1 @0\n"
            "target_info{host_name=\"h1\", instance=\"i-2\", job=\"shop/cart\"} 1 @0\n");
}

TEST_F(OtlpTest, DeltasAreLeftOut) {
  EXPECT_EQ(Post(Request("", R"({"name":"d","sum":{"aggregationTemporality":1,"isMonotonic":true,
                              "dataPoints":[{@,"asInt":"12"}]}},
                              {"name":"g","gauge":{"dataPoints":[{@,"asDouble":1}]}})")),
            200);
  EXPECT_EQ(Dump(), "g 1 @0\n");
}

TEST_F(OtlpTest, DeltasAreKeptWhenAsked) {
  receiver_ = Receiver(OtlpDeltas::kKeep);
  EXPECT_EQ(Post(Request("", R"({"name":"d","sum":{"aggregationTemporality":1,"isMonotonic":true,
                              "dataPoints":[{@,"asInt":"12"}]}},
                              {"name":"e","exponentialHistogram":{"aggregationTemporality":1,
                               "dataPoints":[{@,"count":6,"sum":10,"zeroCount":2,"scale":0,"positive":{"offset":-1,"bucketCounts":[1,3]}}]}},
                              {"name":"u","sum":{"dataPoints":[{@,"asInt":"1"}]}})")),
            200);
  EXPECT_EQ(Dump(), "d_total 12 @0\ne 6/10 @0\n");
}

TEST_F(OtlpTest, DeltasAreAddedUpWhenAsked) {
  receiver_ = Receiver(OtlpDeltas::kAddUp);
  const auto send = [&](int minute, const std::string& value, const std::string& who) {
    std::string body = Request(
        "",
        R"({"name":"d","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{@,"asInt":")" +
            value + R"(","attributes":[)" + Attribute("who", who) + "]}]}}");
    const std::string now = std::to_string(kNow * 1'000'000);
    body.replace(body.find(now), now.size(), std::to_string((kNow + minute * 60'000) * 1'000'000));
    return Post(body);
  };
  EXPECT_EQ(send(0, "5", "a"), 200);
  EXPECT_EQ(send(1, "7", "a"), 200);
  EXPECT_EQ(send(1, "9", "a"), 200);  // twice the same time: left out
  EXPECT_EQ(send(2, "1", "b"), 200);
  EXPECT_EQ(
      Dump(),
      "d_total{who=\"a\"} 5 @0\nd_total{who=\"a\"} 12 @60000\nd_total{who=\"b\"} 1 @120000\n");
}

// One point of a delta metric, as a request.
otlp::Request Delta(otlp::Metric::Kind kind, otlp::Point point) {
  otlp::Metric metric;
  metric.name = "m";
  metric.kind = kind;
  metric.temporality = otlp::Metric::Temporality::kDelta;
  metric.points.push_back(std::move(point));
  return {{{}, {{"", "", "", {}, {std::move(metric)}}}}};
}

TEST(DeltaSums, HistogramsOfAnyResolutionAddUp) {
  ManualClock clock(FromMillis(0));
  otlp::DeltaSums sums(clock);
  const auto add = [&](otlp::Metric::Kind kind, std::uint64_t time, auto change) {
    otlp::Point point;
    point.time = time;
    change(point);
    otlp::Request request = Delta(kind, point);
    sums.Accumulate(request);
    return request[0].scopes[0].metrics[0].points;
  };
  using Kind = otlp::Metric::Kind;
  const auto classic = [](std::vector<double> bounds, std::vector<std::uint64_t> counts) {
    return [=](otlp::Point& point) {
      point.bounds = bounds;
      point.bucket_counts = counts;
    };
  };
  (void)add(Kind::kHistogram, 1, classic({1, 2}, {1, 2, 3}));
  EXPECT_EQ(add(Kind::kHistogram, 2, classic({1, 2}, {0, 1, 1}))[0].bucket_counts,
            (std::vector<std::uint64_t>{1, 3, 4}));
  // Other bounds: it begins anew.
  EXPECT_EQ(add(Kind::kHistogram, 3, classic({5}, {1, 0}))[0].bucket_counts,
            (std::vector<std::uint64_t>{1, 0}));
  EXPECT_TRUE(add(Kind::kHistogram, 3, classic({5}, {1, 0})).empty());

  const auto exponential = [](std::int32_t scale, std::int32_t offset,
                              std::vector<std::uint64_t> counts) {
    return [=](otlp::Point& point) {
      point.scale = scale;
      point.positive = {offset, counts};
      point.zero_count = 1;
    };
  };
  (void)add(Kind::kExponential, 1, exponential(1, -3, {1, 2, 3, 4}));
  // -3..0 at scale 1 are -2, -1, -1, 0 at scale 0.
  const otlp::Point sum = add(Kind::kExponential, 2, exponential(0, 1, {7}))[0];
  EXPECT_EQ(sum.scale, 0);
  EXPECT_EQ(sum.positive.offset, -2);
  EXPECT_EQ(sum.positive.counts, (std::vector<std::uint64_t>{1, 5, 4, 7}));
  EXPECT_EQ(sum.zero_count, 2U);

  EXPECT_EQ(sums.streams(), 2U);
  clock.Advance(std::chrono::minutes(6));
  (void)add(Kind::kSum, 9, [](otlp::Point& point) { point.value = 1; });
  EXPECT_EQ(sums.streams(), 1U) << "streams that said nothing are forgotten";
}

TEST_F(OtlpTest, CustomBucketsWhenAsked) {
  options_.convert_histograms_to_nhcb = true;
  ASSERT_EQ(Post(Request("", R"({"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[
                              {@,"count":"6","sum":30.5,"explicitBounds":[1,5],"bucketCounts":["1","2","3"]}]}})")),
            200);
  EXPECT_EQ(Dump(), "h 6/30.5 @0\n");
}

TEST_F(OtlpTest, HistogramsMayHaveNoBuckets) {
  const std::string metrics = R"({"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[
                              {@,"count":"6","sum":30.5}]}})";
  ASSERT_EQ(Post(Request("", metrics)), 200);
  options_.convert_histograms_to_nhcb = true;
  ASSERT_EQ(Post(Request("", metrics)), 200);
  EXPECT_EQ(Dump(), "h 6/30.5 @0\nh_bucket{le=\"+Inf\"} 6 @0\nh_count 6 @0\nh_sum 30.5 @0\n");
}

TEST_F(OtlpTest, ScopeMetadataWhenAsked) {
  options_.promote_scope_metadata = true;
  ASSERT_EQ(Post(Request("", R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":1}]}})")), 200);
  EXPECT_EQ(Dump(), "g{otel_scope_name=\"s\", otel_scope_version=\"1\"} 1 @0\n");
}

TEST_F(OtlpTest, ScopeFactsAreStrongerThanAttributesAndNeedAName) {
  options_.promote_scope_metadata = true;
  std::string body = Request("", R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":1}]}})");
  const std::string scope = R"("scope":{"name":"s","version":"1")";
  const auto with = [&](const std::string& name) {
    std::string changed = body;
    return changed.replace(changed.find(scope), scope.size(),
                           R"("scope":{"name":")" + name + R"(","version":"1","attributes":[)" +
                               Attribute("name", "other") + "," + Attribute("x.y", "z") + "]");
  };
  ASSERT_EQ(Post(with("")), 200);
  ASSERT_EQ(Post(with("s")), 200);
  EXPECT_EQ(Dump(),
            "g 1 @0\n"
            "g{otel_scope_name=\"s\", otel_scope_version=\"1\", otel_scope_x_y=\"z\"} 1 @0\n");
}

TEST_F(OtlpTest, IdentityIsStrongerThanAttributes) {
  const std::string gauge = R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":1,"attributes":[)" +
                            Attribute("job", "mine") + "]}]}}";
  ASSERT_EQ(Post(Request(Attribute("service.namespace", "") + "," +
                             Attribute("service.name", "shop") + "," + Attribute("job", "theirs"),
                         gauge)),
            200);
  // An attribute that becomes "job" or "instance" is identity enough for target_info.
  ASSERT_EQ(Post(Request(Attribute("instance", "i") + "," + Attribute("os", "linux"), gauge)), 200);
  EXPECT_EQ(Dump(),
            "g{job=\"/shop\"} 1 @0\n"
            "g{job=\"mine\"} 1 @0\n"
            "target_info{instance=\"i\", os=\"linux\"} 1 @0\n"
            "target_info{job=\"/shop\"} 1 @0\n");
}

TEST_F(OtlpTest, AttributesThatMeetAreJoinedInTheirOrder) {
  ASSERT_EQ(Post(Request(Attribute("service.name", "s") + "," + Attribute("b_c", "2") + "," +
                             Attribute("b.c", "1"),
                         R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":1,"attributes":[)" +
                             Attribute("x_y", "2") + "," + Attribute("x.y", "1") + "]}]}}")),
            200);
  EXPECT_EQ(Dump(), "g{job=\"s\", x_y=\"1;2\"} 1 @0\ntarget_info{b_c=\"1;2\", job=\"s\"} 1 @0\n");
}

TEST_F(OtlpTest, AnAttributeWithoutAValueIsNone) {
  options_.promote_resource_attributes = {"z"};
  const std::string gauge = R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":1,"attributes":[)" +
                            Attribute("x.y", "") + "," + Attribute("x_y", "2") + "," +
                            Attribute("z", "") + "]}]}}";
  ASSERT_EQ(Post(Request(Attribute("z", "3") + "," + Attribute("service.name", ""), gauge)), 200);
  EXPECT_EQ(Dump(), "g{x_y=\"2\", z=\"3\"} 1 @0\n") << "nothing to join target_info with";
}

TEST_F(OtlpTest, ExemplarsOfCountersAndBuckets) {
  const std::string now = std::to_string(kNow * 1'000'000);
  const auto exemplar = [&](const std::string& value, const std::string& more) {
    return R"({"timeUnixNano":")" + now + R"(","asDouble":)" + value + more + "}";
  };
  const std::string ids =
      R"(,"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0000000000000000")";
  const auto filtered = [&](std::size_t length) {
    return R"(,"filteredAttributes":[)" + Attribute("x.y", std::string(length, 'v')) + "]";
  };
  ASSERT_EQ(Post(Request("", R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":1,"exemplars":[)" +
                                 exemplar("1", ids) + R"(]}]}},
              {"name":"c","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{@,"asInt":"12","exemplars":[)" +
                                 exemplar("2", ids + filtered(3)) + R"(]}]}},
              {"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{@,"count":"3","bucketCounts":[1,2],"explicitBounds":[5],"exemplars":[)" +
                                 exemplar("4", ids + filtered(100)) + "," +
                                 exemplar("7", filtered(9)) + "]}]}}")),
            200);
  const std::vector<std::vector<Matcher>> any = {
      {Matcher::Make(Matcher::Type::kNotEqual, std::string(kMetricName), "").value()}};
  auto all = database_->Exemplars({}, any);
  ASSERT_TRUE(all.ok());
  std::string found;
  for (const tsdb::SeriesExemplars& series : *all) {
    found += series.series.ToString();
    for (const tsdb::Exemplar& one : series.exemplars) found += " " + one.labels.ToString();
    found += '\n';
  }
  const std::string id = "trace_id=\"0102030405060708090a0b0c0d0e0f10\"";
  EXPECT_EQ(found, "c_total {" + id + ", \"x.y\"=\"vvv\"}\n" +
                       "h_bucket{le=\"+Inf\"} {\"x.y\"=\"vvvvvvvvv\"}\n" + "h_bucket{le=\"5\"} {" +
                       id + "}\n");
}

TEST_F(OtlpTest, WhatCannotBeStoredIsLeftOut) {
  // A name that gives no label: the metric ends there. Texts that are not UTF-8: the series.
  std::string broken;
  {
    protozero::pbf_writer request(broken);
    protozero::pbf_writer resource(request, 1);
    protozero::pbf_writer scope(resource, 2);
    for (const std::string value : {"\xff", "good"}) {
      protozero::pbf_writer metric(scope, 2);
      metric.add_string(1, "p");
      protozero::pbf_writer gauge(metric, 5);
      protozero::pbf_writer point(gauge, 1);
      point.add_fixed64(3, kNow * 1'000'000ULL);
      point.add_double(4, 2);
      protozero::pbf_writer pair(point, 7);
      pair.add_string(1, "a");
      protozero::pbf_writer any(pair, 2);
      any.add_string(1, value);
    }
  }
  EXPECT_EQ(Post(broken, "application/x-protobuf"), 200);
  EXPECT_EQ(
      Post(Request("", R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":1,"attributes":[)" +
                           Attribute("__", "x") + "]}]}}")),
      200);
  EXPECT_EQ(Dump(), "p{a=\"good\"} 2 @0\n");
}

TEST_F(OtlpTest, RefusedPointsFailTheRequest) {
  const std::string good = R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":1}]}},)";
  // Counts that do not add up.
  EXPECT_EQ(
      Post(Request("", good + R"({"name":"e","exponentialHistogram":{"aggregationTemporality":2,
      "dataPoints":[{@,"count":7,"scale":0,"positive":{"offset":1,"bucketCounts":[1]}}]}})")),
      400);
  // Eleven minutes ahead.
  const std::string ahead = std::to_string((kNow + 660'000) * 1'000'000);
  EXPECT_EQ(Post(Request("", good + R"({"name":"f","gauge":{"dataPoints":[{"timeUnixNano":")" +
                                 ahead + R"(","asDouble":1}]}})")),
            400);
  EXPECT_EQ(Dump(), "");
}

TEST_F(OtlpTest, ProtobufPlainAndCompressed) {
  std::string message;
  {
    protozero::pbf_writer request(message);
    protozero::pbf_writer resource(request, 1);
    protozero::pbf_writer scope(resource, 2);
    protozero::pbf_writer metric(scope, 2);
    metric.add_string(1, "p");
    protozero::pbf_writer gauge(metric, 5);
    protozero::pbf_writer point(gauge, 1);
    point.add_fixed64(3, kNow * 1'000'000ULL);
    point.add_double(4, 2);
  }
  EXPECT_EQ(Post(message, "application/x-protobuf"), 200);
  EXPECT_EQ(Dump(), "p 2 @0\n");
  EXPECT_EQ(Post(net::Compress(net::Encoding::kGzip, message), "application/x-protobuf", "gzip"),
            200);
}

TEST_F(OtlpTest, Refusals) {
  EXPECT_EQ(Post("", "text/plain"), 400);
  EXPECT_EQ(Post("{}", "application/json", "snappy"), 400);
  EXPECT_EQ(Post("[1"), 400);
  EXPECT_EQ(Post("\x0a\xff\xff\xff", "application/x-protobuf"), 400);
  EXPECT_EQ(Post("x", "application/x-protobuf", "gzip"), 400);
  EXPECT_EQ(Post("", "application/x-protobuf"), 200);
  ASSERT_EQ(Post(Request("", R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":1}]}})")), 200);
  EXPECT_EQ(Post(Request("", R"({"name":"g","gauge":{"dataPoints":[{@,"asDouble":2}]}})")), 400);
}

}  // namespace
}  // namespace meerkat::remote
