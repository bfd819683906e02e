#include "base/number.h"
#include "tests/server/web/fixture.h"

namespace meerkat::web {
namespace {

class SeriesTest : public WebFixture {
 protected:
  void SetUp() override {
    WebFixture::SetUp();
    for (const std::string room : {"attic", "cellar", "kitchen"}) {
      Load(Labels{{"__name__", "temp"}, {"room", room}, {"job", "j"}}, {{-30, 1}, {0, 20.5}});
    }
    Load(Labels{{"__name__", "up"}, {"job", "j"}, {"instance", "i:1"}}, {{0, 1}});
    Load(Labels{{"__name__", "my.name"}, {"a.b", "é"}}, {{0, 4}});
    Load(Labels{{"__name__", "gone"}}, {{-30, 1}, {0, StaleNan()}});
  }
};

TEST_F(SeriesTest, NamesAndValues) {
  EXPECT_EQ(Get("/api/v1/labels?match[]=temp").json["data"].dump(), R"(["__name__","job","room"])");
  EXPECT_EQ(Get("/api/v1/labels?match[]=temp&match[]=up").json["data"].dump(),
            R"(["__name__","instance","job","room"])");
  EXPECT_EQ(Get("/api/v1/label/room/values").json["data"].dump(),
            R"(["attic","cellar","kitchen"])");
  EXPECT_EQ(Get("/api/v1/label/U__a_2e_b/values").json["data"].dump(), R"(["é"])");
  EXPECT_EQ(Get("/api/v1/label/nothing/values").json["data"].dump(), "[]");
  EXPECT_EQ(Post("/api/v1/label/room/values", "").status, 405);
}

TEST_F(SeriesTest, LimitsCutWithAWarning) {
  struct Case {
    std::string target;
    std::size_t size;
    bool warned;
  };
  for (const Case& c : {Case{"/api/v1/labels?match[]=temp&limit=2", 2, true},
                        Case{"/api/v1/label/room/values?limit=3", 3, false},
                        Case{"/api/v1/label/room/values?limit=1", 1, true},
                        Case{"/api/v1/series?match[]=temp&limit=2", 2, true},
                        Case{"/api/v1/series?match[]=temp&limit=3", 3, false},
                        Case{"/api/v1/series?match[]=temp&limit=0", 3, false}}) {
    const Answer got = Get(c.target);
    EXPECT_EQ(got.json["data"].size(), c.size) << c.target;
    EXPECT_EQ(got.json.contains("warnings"), c.warned) << c.target;
  }
}

TEST_F(SeriesTest, SeriesAreTheUnionOfSelectors) {
  const Answer got = Get("/api/v1/series?match[]=temp&match[]=%7Broom%3D%22attic%22%7D&match[]=up");
  EXPECT_EQ(got.json["data"].size(), 4U);
  EXPECT_EQ(Get("/api/v1/series?match[]=temp&start=1000&end=2000").json["data"].dump(), "[]");
}

TEST_F(SeriesTest, Refusals) {
  struct Case {
    std::string target;
    std::string error;
  };
  const Case cases[] = {
      {"/api/v1/series", "no match[] parameter provided"},
      {"/api/v1/series?match[]=up&start=x",
       "invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid "
       "timestamp"},
      // All are read before any is judged.
      {"/api/v1/labels?match[]=%7B%7D&match[]=1", "1:1: parse error: unexpected number \"1\""},
      {"/api/v1/rules?group_limit=2147483648",
       "invalid parameter \"group_limit\": group_limit needs to be a valid number: "
       "strconv.ParseInt: parsing \"2147483648\": value out of range"},
      {"/api/v1/series?match[]=up&limit=abc",
       "invalid parameter \"limit\": strconv.Atoi: parsing \"abc\": invalid syntax"},
      {"/api/v1/series?match[]=%7Ba%3D%22%22%7D",
       "invalid parameter \"match[]\": match[] must contain at least one non-empty matcher"},
      {"/api/v1/metadata?limit=two", "limit must be a number"},
      {"/api/v1/metadata?limit_per_metric=x", "limit_per_metric must be a number"},
      {"/api/v1/targets/metadata?limit=x", "limit must be a number"},
      {"/api/v1/rules?type=other", "invalid parameter \"type\": not supported value \"other\""},
      {"/api/v1/rules?group_limit=0",
       "invalid parameter \"group_limit\": group_limit needs to be greater than 0"},
      {"/api/v1/rules?group_next_token=abc",
       "invalid parameter \"group_next_token\": group_limit needs to be present in order to "
       "paginate over the groups"},
  };
  for (const Case& c : cases) {
    const Answer got = Get(c.target);
    EXPECT_EQ(got.status, 400) << c.target;
    EXPECT_EQ(got.json["error"], c.error) << c.target;
  }
}

TEST_F(SeriesTest, FederationGivesTheNewestOfEach) {
  external_labels_ = Labels{{"cluster", "c"}, {"job", "other"}};
  EXPECT_EQ(Get("/federate?match[]=temp").body,
            "# TYPE temp untyped\n"
            "temp{job=\"j\",room=\"attic\",cluster=\"c\",instance=\"\"} 20.5 1700000000000\n"
            "temp{job=\"j\",room=\"cellar\",cluster=\"c\",instance=\"\"} 20.5 1700000000000\n"
            "temp{job=\"j\",room=\"kitchen\",cluster=\"c\",instance=\"\"} 20.5 1700000000000\n");
  EXPECT_EQ(Get("/federate?match[]=gone").body, "");
  EXPECT_EQ(Get("/federate").body, "");
  EXPECT_EQ(Get("/federate?match[]=%7B").status, 400);
}

TEST_F(SeriesTest, FederationEscapesNamesAsAsked) {
  struct Case {
    std::string accept;
    std::string type;
    std::string line;
  };
  const Case cases[] = {
      {"", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
       "my_name{a_b=\"é\",instance=\"\"} 4 1700000000000\n"},
      {"text/plain;version=1.0.0;escaping=allow-utf-8",
       "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
       "{\"my.name\",\"a.b\"=\"é\",instance=\"\"} 4 1700000000000\n"},
      {"text/plain;version=1.0.0;escaping=values",
       "text/plain; version=1.0.0; charset=utf-8; escaping=values",
       "U__my_2e_name{U__a_2e_b=\"é\",instance=\"\"} 4 1700000000000\n"},
      {"text/plain;version=1.0.0;escaping=dots",
       "text/plain; version=1.0.0; charset=utf-8; escaping=dots",
       "my_dot_name{a_dot_b=\"é\",instance=\"\"} 4 1700000000000\n"},
      // What a Prometheus sends: the way to escape may stand at a type that is not there.
      {"application/openmetrics-text;version=1.0.0;escaping=dots;q=0.6,text/plain;q=0.3,*/*;q=0.2",
       "text/plain; version=0.0.4; charset=utf-8; escaping=dots",
       "my_dot_name{a_dot_b=\"é\",instance=\"\"} 4 1700000000000\n"},
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
       "q=0.2,text/plain;q=0.3",
       "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
       "my_name{a_b=\"é\",instance=\"\"} 4 1700000000000\n"},
  };
  for (const Case& c : cases) {
    net::Request request;
    request.method = "GET";
    request.target = "/federate?match[]=%7B%22my.name%22%7D";
    if (!c.accept.empty()) request.headers.Set("Accept", c.accept);
    const Answer got = Ask(request);
    EXPECT_EQ(got.headers.Get("Content-Type"), c.type);
    EXPECT_EQ(got.body.substr(got.body.find('\n') + 1), c.line) << c.accept;
  }
}

TEST_F(SeriesTest, FederationEscapesNoLegalNames) {
  Load(Labels{{"__name__", "a_b:c"}, {"d_e", "1"}, {"f:g", "2"}, {"h.i", "3"}}, {{0, 1}});
  net::Request request = GetOf("/federate?match[]=a_b:c");
  request.headers.Set("Accept", "text/plain;escaping=dots");
  EXPECT_EQ(Ask(request).body,
            "# TYPE a_b:c untyped\n"
            "a_b:c{d_e=\"1\",f:g=\"2\",h_dot_i=\"3\",instance=\"\"} 1 1700000000000\n");
}

TEST_F(SeriesTest, SlashesOfAPathSeparateHoweverTheyAreWritten) {
  EXPECT_EQ(Get("/api/v1/label/a%2Fb/values").status, 404);
  EXPECT_EQ(Get("/api/v1/%6cabel/room/values").status, 200);
  EXPECT_EQ(Get("/api/v1/label/%2e%2e/values").headers.Get("Location"), "/api/v1/values");
  EXPECT_EQ(Get("/api/v1?a=b").headers.Get("Location"), "/api/v1/?a=b");
  EXPECT_EQ(Get("/api/v1/").status, 404);
}

TEST_F(SeriesTest, FederationSpeaksProtobufWhenThatIsLikedBest) {
  using std::string_literals::operator""s;
  net::Request request;
  request.method = "GET";
  request.target = "/federate?match[]=%7B%22my.name%22%7D";
  request.headers.Set("Accept",
                      "text/plain;q=0.2,application/vnd.google.protobuf;"
                      "proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6");
  const Answer got = Ask(request);
  EXPECT_EQ(got.headers.Get("Content-Type"),
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
            "encoding=delimited; escaping=underscores");
  // 56 bytes: name, untyped, one metric of 43: two labels, the value 4, the time.
  EXPECT_EQ(got.body,
            "\x38\n\x07my_name\x18\x03\"\x2b"
            "\n\x09\n\x03"
            "a_b\x12\x02é"
            "\n\x0c\n\x08instance\x12\x00"
            "\x2a\x09\x09\x00\x00\x00\x00\x00\x00\x10\x40"
            "\x30\x80\xd0\x95\xff\xbc\x31"s);
}

TEST_F(SeriesTest, AdminRoutesAreOffByDefault) {
  const Answer off = Post("/api/v1/admin/tsdb/delete_series?match[]=temp", "");
  EXPECT_EQ(off.status, 500);
  EXPECT_EQ(off.json["errorType"], "unavailable");
  EXPECT_EQ(off.json["error"], "admin APIs disabled");
}

TEST_F(SeriesTest, DeletesSeries) {
  web_options_.enable_admin_api = true;
  EXPECT_EQ(
      Post("/api/v1/admin/tsdb/delete_series?match[]=temp%7Broom%3D%22attic%22%7D", "").status,
      204);
  EXPECT_EQ(Get("/api/v1/query?query=count(temp)").json["data"]["result"][0]["value"][1], "2");
  EXPECT_EQ(Get("/api/v1/admin/tsdb/delete_series?match[]=temp").status, 405);
  const Answer snapshot = Post("/api/v1/admin/tsdb/snapshot", "");
  EXPECT_EQ(snapshot.status, 200) << snapshot.body;
  EXPECT_TRUE(std::filesystem::exists(path_ / "snapshots" /
                                      snapshot.json["data"]["name"].get<std::string>()));
}

TEST_F(SeriesTest, TakesHistoryIn) {
  web_options_.enable_admin_api = true;
  const std::string path = "/api/v1/admin/tsdb/import";
  const std::string day_before = std::to_string(kNow / 1000 - 86400);  // within the retention
  const Answer text = Post(path, "old_total{x=\"y\"} 7 " + day_before + "\n# EOF\n");
  EXPECT_EQ(text.status, 200) << text.body;
  EXPECT_EQ(text.json["data"]["samples"], 1);
  EXPECT_EQ(
      Get("/api/v1/query?query=old_total&time=" + day_before).json["data"]["result"][0]["value"][1],
      "7");
  const Answer directory =
      Post(path + "?prometheus=" MEERKAT_SOURCE_DIR "/tests/data/tsdb/prometheus", "");
  EXPECT_EQ(directory.status, 200) << directory.body;
  EXPECT_EQ(directory.json["data"]["samples"], 2512);
  EXPECT_EQ(directory.json["data"]["damage"].size(), 0U);
  const Answer untimed = Post(path, "old_total 7\n# EOF\n");
  EXPECT_EQ(untimed.status, 400);
  EXPECT_EQ(untimed.json["error"], "expected timestamp for series got none: old_total");
}

TEST_F(SeriesTest, StatusPages) {
  doors_.build = {"3.14.0", "r", "b", "u", "d", "g"};
  EXPECT_EQ(Get("/api/v1/status/buildinfo").json["data"]["version"], "3.14.0");
  EXPECT_EQ(Get("/version").json["version"], "3.14.0");
  EXPECT_EQ(Get("/api/v1/status/tsdb").json["data"]["headStats"]["numSeries"], 6);
  EXPECT_EQ(Get("/api/v1/status/tsdb?limit=10001").status, 400);
  EXPECT_TRUE(Get("/api/v1/features").json["data"]["promql_functions"]["rate"].get<bool>());
  EXPECT_TRUE(Get("/api/v1/openapi.yaml").body.starts_with("openapi: 3.1"));
  Get("/-/healthy");
  EXPECT_NE(
      Get("/metrics")
          .body.find("prometheus_http_requests_total{code=\"200\",handler=\"/-/healthy\"} 1\n"),
      std::string::npos);
  const auto metrics =
      Get("/api/v1/status/self_metrics?metric_name_pattern=prometheus_http_requests_total");
  EXPECT_EQ(metrics.json["data"][0]["type"], "COUNTER");
}

TEST_F(SeriesTest, SearchIsAFeature) {
  EXPECT_EQ(Get("/api/v1/search/metric_names").status, 500);  // its feature is off
}

TEST_F(SeriesTest, SearchFindsByPartAndByLikeness) {
  web_options_.features = {"search-api"};
  EXPECT_EQ(Get("/api/v1/search/metric_names?search[]=em").body,
            "{\"results\":[{\"name\":\"temp\"}]}\n{\"status\":\"success\",\"has_more\":false}\n");
  EXPECT_EQ(Get("/api/v1/search/metric_names?search[]=tmp").body,
            "{\"status\":\"success\",\"has_more\":false}\n");
  EXPECT_NE(Get("/api/v1/search/metric_names?search[]=tmp&fuzz_threshold=40").body.find("temp"),
            std::string::npos);
  EXPECT_EQ(Get("/api/v1/search/label_values?label=room&limit=2&batch_size=1&sort_dir=dsc").body,
            "{\"results\":[{\"value\":\"kitchen\"}]}\n{\"results\":[{\"value\":\"cellar\"}]}\n"
            "{\"status\":\"success\",\"has_more\":true}\n");
  EXPECT_EQ(Get("/api/v1/search/label_values").status, 400);
  EXPECT_EQ(Get("/api/v1/search/label_names?fuzz_threshold=101").status, 400);
}

TEST_F(SeriesTest, NotificationsAreListedAndStreamed) {
  notifications_.Add("something");
  EXPECT_EQ(Get("/api/v1/notifications").json["data"][0]["text"], "something");
  auto first = notifications_.Subscribe();
  auto second = notifications_.Subscribe();
  EXPECT_EQ(Get("/api/v1/notifications/live").status, 204);  // no room for a third
  EXPECT_NE(first->Take().find("\"text\":\"something\""), std::string::npos);
  notifications_.Delete("something");
  EXPECT_NE(first->Take().find("\"active\":false"), std::string::npos);
  EXPECT_EQ(Get("/api/v1/notifications").json["data"].dump(), "[]");
}

}  // namespace
}  // namespace meerkat::web
