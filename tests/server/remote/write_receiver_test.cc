#include "server/remote/write_receiver.h"

#include <array>
#include <protozero/pbf_writer.hpp>
#include <vector>

#include "server/remote/snappy_body.h"
#include "server/remote/wire.h"
#include "tests/server/remote/fixture.h"
#include "tests/server/remote/messages.h"

namespace meerkat::remote {
namespace {

class WriteReceiverTest : public RemoteFixture {
 protected:
  WriteReceiver::Outcome V1(const std::string& message) {
    return receiver_.WriteV1(message, *database_);
  }
  WriteReceiver::Outcome V2(const std::string& message) {
    return receiver_.WriteV2(message, *database_);
  }
  net::Response Post(const std::string& body, const std::string& type,
                     const std::string& encoding = "snappy") {
    net::Request request;
    request.method = "POST";
    request.body = body;
    if (!type.empty()) request.headers.Set("Content-Type", type);
    if (!encoding.empty()) request.headers.Set("Content-Encoding", encoding);
    return receiver_.Handle(request, {});
  }

  WriteReceiver receiver_{clock_, [this] { return database_.get(); },
                          WriteReceiverOptions{true, true}, registry_, Logger::Silent()};
};

TEST_F(WriteReceiverTest, StoresSamplesOfManySeriesAgainAndAgain) {
  for (const std::int64_t t : {0, 1000, 2000}) {
    const auto outcome = V1(SeriesV1({{"__name__", "m"}, {"a", "1"}}, {{kNow + t, 1.5}}) +
                            SeriesV1({{"a", "2"}, {"__name__", "m"}}, {{kNow + t, 2}}));
    EXPECT_EQ(outcome.status, 204) << outcome.error;
    EXPECT_EQ(outcome.samples, 2U);
  }
  EXPECT_EQ(Dump(),
            "m{a=\"1\"} 1.5 @0\nm{a=\"1\"} 1.5 @1000\nm{a=\"1\"} 1.5 @2000\n"
            "m{a=\"2\"} 2 @0\nm{a=\"2\"} 2 @1000\nm{a=\"2\"} 2 @2000\n");
}

TEST_F(WriteReceiverTest, ARefusalFailsTheWholeRequest) {
  ASSERT_EQ(V1(SeriesV1({{"__name__", "b"}}, {{kNow, 4}})).status, 204);
  struct Case {
    Points points;
    int status;
    std::string error;
  };
  const Case cases[] = {
      {{{kNow, 4}}, 204, ""},  // the same again is fine
      {{{kNow, 5}}, 400, "duplicate sample for timestamp"},
      {{{kNow - 1000, 5}}, 400, "out of order sample"},
      {{{kNow + 11 * 60 * 1000, 5}}, 400, "out of bounds: timestamp is too far in the future"},
  };
  int i = 0;
  for (const Case& c : cases) {
    const std::string before = Dump();
    const auto outcome = V1(SeriesV1({{"__name__", "a" + std::to_string(++i)}}, {{kNow, 1}}) +
                            SeriesV1({{"__name__", "b"}}, c.points));
    EXPECT_EQ(outcome.status, c.status);
    EXPECT_EQ(outcome.error, c.error);
    if (c.status != 204) EXPECT_EQ(Dump(), before);
  }
}

TEST_F(WriteReceiverTest, SeriesWithBadLabelsArePassedOver) {
  const auto outcome = V1(SeriesV1({{"only", "label"}}, {{kNow, 1}}) +
                          SeriesV1({{"__name__", "x"}, {"__name__", "y"}}, {{kNow, 1}}) +
                          SeriesV1({{"__name__", "x"}, {"bad", "\xff"}}, {{kNow, 1}}) +
                          SeriesV1({{"__name__", "good"}}, {{kNow, 1}}));
  EXPECT_EQ(outcome.status, 204);
  EXPECT_EQ(Dump(), "good 1 @0\n");
}

TEST_F(WriteReceiverTest, TakesNativeHistograms) {
  Histogram h;
  h.integer = true;
  h.count = 4;
  h.sum = 10;
  h.zero_threshold = 0.001;
  h.positive_spans = {{0, 2}};
  h.positive_buckets = {1, 3};
  std::string message;
  WriteHistogram(message, FromMillis(kNow), h);
  EXPECT_EQ(V1(SeriesV1({{"__name__", "h"}}, {}, message)).histograms, 1U);
  EXPECT_EQ(Dump(), "h 4/10 @0\n");
  const WireHistogram back = ReadHistogram(message);
  EXPECT_TRUE(back.histogram->SameAs(h));
}

std::string Native(std::int32_t schema, double count, double sum) {
  Histogram h;
  h.integer = true;
  h.schema = schema;
  h.count = count;
  h.sum = sum;
  h.positive_spans = {{0, 2}};
  h.positive_buckets = {1, 3};
  std::string message;
  WriteHistogram(message, FromMillis(1'700'000'000'000), h);
  return message;
}

TEST_F(WriteReceiverTest, HistogramsThatContradictThemselvesAreRefused) {
  const std::string fault =
      "4 observations found in buckets, but the Count field is 5: histogram's observation count "
      "should equal the number of observations found in the buckets (in absence of NaN)";
  const auto all = V1(SeriesV1({{"__name__", "good"}}, {{kNow, 1}}) +
                      SeriesV1({{"__name__", "h"}}, {}, Native(0, 5, 1)));
  EXPECT_EQ(all.status, 400);
  EXPECT_EQ(all.error, fault);
  EXPECT_EQ(Dump(), "");
  std::string part = RequestV2({"", "__name__", "good", "h"}, {1, 2}, {{kNow, 1}});
  {
    protozero::pbf_writer request(part);
    protozero::pbf_writer series(request, 5);
    const std::uint32_t refs[] = {1, 3};
    series.add_packed_uint32(1, std::begin(refs), std::end(refs));
    series.add_message(3, Native(0, 5, 1));
  }
  const auto rest = V2(part);
  EXPECT_EQ(rest.status, 400);
  EXPECT_EQ(rest.error, fault + " for series {__name__=\"h\"}");
  EXPECT_EQ(rest.samples, 1U);
  EXPECT_EQ(rest.histograms, 0U);
  EXPECT_EQ(Dump(), "good 1 @0\n");
}

TEST_F(WriteReceiverTest, SchemasOfTheFutureAreStoredAsTheFinest) {
  EXPECT_EQ(V1(SeriesV1({{"__name__", "h"}}, {}, Native(52, 4, 1))).status, 204);
  EXPECT_EQ(Dump(), "h 4/1 @0\n");
  for (const std::int32_t schema : {53, -5, -54}) {
    EXPECT_EQ(V1(SeriesV1({{"__name__", "h"}}, {}, Native(schema, 4, 1))).error,
              "histogram has an invalid schema " + std::to_string(schema));
  }
  // More buckets named than given: not hidden by merging them.
  std::string broken = Native(20, 4, 1);
  {
    protozero::pbf_writer writer(broken);
    protozero::pbf_writer span(writer, 11);
    span.add_sint32(1, 0);
    span.add_uint32(2, 3);
  }
  EXPECT_EQ(V1(SeriesV1({{"__name__", "h"}}, {}, broken)).status, 400);
}

TEST_F(WriteReceiverTest, DisorderWithinARequestCostsThatSampleOnly) {
  const Points points = {
      {kNow, 1}, {kNow + 2000, 2}, {kNow + 1000, 3}, {kNow + 2000, 4}, {kNow + 3000, 5}};
  EXPECT_EQ(V1(SeriesV1({{"__name__", "one"}}, points)).status, 204);
  const auto two = V2(RequestV2({"", "__name__", "two"}, {1, 2}, points));
  EXPECT_EQ(two.status, 204);
  EXPECT_EQ(two.samples, 3U);
  EXPECT_EQ(Dump(),
            "one 1 @0\none 2 @2000\none 5 @3000\n"
            "two 1 @0\ntwo 2 @2000\ntwo 5 @3000\n");
}

TEST_F(WriteReceiverTest, ExemplarsMayComeAlone) {
  const auto request = [](std::int64_t at) {
    std::string message = RequestV2({"", "__name__", "m", "id", "x"}, {1, 2}, {});
    protozero::pbf_writer request(message);
    protozero::pbf_writer series(request, 5);
    const std::uint32_t refs[] = {1, 2};
    series.add_packed_uint32(1, std::begin(refs), std::end(refs));
    protozero::pbf_writer exemplar(series, 4);
    const std::uint32_t labels[] = {3, 4};
    exemplar.add_packed_uint32(1, std::begin(labels), std::end(labels));
    exemplar.add_double(2, 1);
    exemplar.add_int64(3, at);
    return message;
  };
  const auto first = V2(request(kNow));
  // The series before it has nothing at all.
  EXPECT_EQ(first.error,
            "TimeSeries must contain at least one sample or histogram for series "
            "{__name__=\"m\"}");
  EXPECT_EQ(first.exemplars, 1U);
  const auto late = V2(request(kNow - 1));
  EXPECT_TRUE(late.error.ends_with("out of order exemplar for series {__name__=\"m\"}"))
      << late.error;
  EXPECT_EQ(late.exemplars, 0U);
}

TEST_F(WriteReceiverTest, TheKindOfTheCountSaysWhichBucketsHold) {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_uint64(1, 4);
  const std::array<double, 1> counts = {1e300};
  const std::array<std::int64_t, 2> deltas = {1, 2};
  writer.add_packed_double(13, counts.begin(), counts.end());
  writer.add_packed_sint64(12, deltas.begin(), deltas.end());
  EXPECT_EQ(ReadHistogram(message).histogram->positive_buckets, (std::vector<double>{1, 3}));
  writer.add_double(2, 4);
  EXPECT_EQ(ReadHistogram(message).histogram->positive_buckets, (std::vector<double>{1e300}));
}

TEST_F(WriteReceiverTest, VersionTwoStoresWhatIsGood) {
  const auto good = V2(RequestV2({"", "__name__", "m", "a", "b"}, {1, 2, 3, 4}, {{kNow, 7}}));
  EXPECT_EQ(good.status, 204) << good.error;
  EXPECT_EQ(good.samples, 1U);
  const auto half =
      V2(RequestV2({"", "a", "b", "__name__", "m"}, {1, 2, 3, 4}, {{kNow - 1, 6}, {kNow + 1, 8}}));
  EXPECT_EQ(half.status, 400);
  EXPECT_EQ(half.error, "out of order sample for series {__name__=\"m\", a=\"b\"}");
  EXPECT_EQ(half.samples, 1U);
  EXPECT_EQ(Dump(), "m{a=\"b\"} 7 @0\nm{a=\"b\"} 8 @1\n");
}

TEST_F(WriteReceiverTest, VersionTwoRefusals) {
  struct Case {
    std::string message;
    std::string error;
  };
  const Case cases[] = {
      {RequestV2({"", "__name__", "m"}, {1, 99}, {{kNow, 1}}),
       "parsing labels for series [1 99]: labelRefs 1 (name) = 99 (value) outside of symbols table "
       "(size 3)"},
      {RequestV2({"", "__name__", "m"}, {1, 2, 1}, {{kNow, 1}}),
       "parsing labels for series [1 2 1]: invalid labelRefs length 3"},
      {RequestV2({"", "__name__", "m"}, {1, 2}, {}),
       "TimeSeries must contain at least one sample or histogram for series {__name__=\"m\"}"},
      {RequestV2({"", "a", "b"}, {1, 2}, {{kNow, 1}}),
       "invalid metric name or labels, got {a=\"b\"}"},
      {RequestV2({"", "__name__", "m", "a"}, {1, 2, 3, 2, 3, 1}, {{kNow, 1}}),
       "invalid labels for series, labels {__name__=\"m\", a=\"m\", a=\"__name__\"}, duplicated "
       "label a"},
  };
  for (const Case& c : cases) {
    const auto outcome = V2(c.message);
    EXPECT_EQ(outcome.status, 400);
    EXPECT_EQ(outcome.error, c.error);
  }
  EXPECT_EQ(Dump(), "");
}

TEST_F(WriteReceiverTest, AnswersByTypeAndEncoding) {
  const std::string good = Snappy(SeriesV1({{"__name__", "m"}}, {{kNow, 1}}));
  struct Case {
    std::string body, type, encoding;
    int status;
  };
  const Case cases[] = {
      {good, "application/x-protobuf", "snappy", 204},
      {good, "", "", 204},
      {good, "application/x-protobuf;proto=prometheus.WriteRequest", "snappy", 204},
      {good, "application/json", "snappy", 415},
      {good, "application/x-protobuf;proto=other", "snappy", 415},
      {good, "application/x-protobuf;nonsense", "snappy", 415},
      {good, "application/x-protobuf;", "snappy", 415},
      {good, "application/x-protobuf;proto=a=b", "snappy", 415},
      {good, " application/x-protobuf; proto=prometheus.WriteRequest", "Snappy", 204},
      {good, "application/x-protobuf", "zstd", 415},
      {"", "application/x-protobuf", "snappy", 400},
      {"\xde\xad\xbe\xef", "application/x-protobuf", "snappy", 400},
      {std::string("\xff\xff\xff\xff\x0f\x00", 6), "application/x-protobuf", "snappy", 400},
      {Snappy("\x08\x05"), "application/x-protobuf", "snappy", 400},
      {Snappy(""), "application/x-protobuf", "snappy", 204},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Post(c.body, c.type, c.encoding).status, c.status) << c.type << " " << c.encoding;
  }
  const auto text = [&](const std::string& body) {
    return std::get<std::string>(Post(body, "").body);
  };
  EXPECT_EQ(text(std::string("\xff\xff\xff\xff\x0f\x00", 6)),
            "snappy: decoded length 4294967295 exceeds limit 33554432\n");
  EXPECT_EQ(text(Snappy("\x0a\x05")), "unexpected EOF\n");
  const net::Response v2 = Post(Snappy(RequestV2({"", "__name__", "n"}, {1, 2}, {{kNow, 1}})),
                                "application/x-protobuf;proto=io.prometheus.write.v2.Request");
  EXPECT_EQ(v2.status, 204);
  EXPECT_EQ(v2.headers.Get("X-Prometheus-Remote-Write-Samples-Written"), "1");
  EXPECT_EQ(v2.headers.Get("X-Prometheus-Remote-Write-Histograms-Written"), "0");
}

}  // namespace
}  // namespace meerkat::remote
