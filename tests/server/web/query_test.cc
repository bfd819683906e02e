#include <fstream>

#include "tests/server/web/fixture.h"

namespace meerkat::web {
namespace {

class QueryTest : public WebFixture {
 protected:
  void SetUp() override {
    WebFixture::SetUp();
    for (const std::string code : {"200", "404", "500"}) {
      Load(Labels{{"__name__", "requests_total"}, {"code", code}},
           {{-120, 1}, {-60, 2}, {0, std::stod(code)}});
    }
    Load(Labels{{"__name__", "odd"}, {"v", "q\" \\ \n é"}}, {{0, 1e21}});
  }
};

TEST_F(QueryTest, InstantVector) {
  const Answer got = Get("/api/v1/query?query=requests_total%7Bcode%3D%22500%22%7D");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.headers.Get("Content-Type"), "application/json");
  EXPECT_EQ(got.body,
            R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":)"
            R"("requests_total","code":"500"},"value":[1700000000,"500"]}]}})");
}

TEST_F(QueryTest, TheFormOfAPostCountsBeforeTheUrl) {
  const Answer got = Post("/api/v1/query?query=up&time=1700000000", "query=odd");
  EXPECT_EQ(got.json["data"]["result"][0]["value"][1], "1e+21");
  EXPECT_EQ(got.json["data"]["result"][0]["metric"]["v"], "q\" \\ \n é");
}

TEST_F(QueryTest, ScalarsHaveAllTheirDigits) {
  EXPECT_EQ(Get("/api/v1/query?query=1e21&time=1").json["data"]["result"][1],
            "1000000000000000000000");
  EXPECT_EQ(Get("/api/v1/query?query=1e-7&time=1").json["data"]["result"][1], "0.0000001");
  EXPECT_EQ(Get("/api/v1/query?query=vector(1e-7)&time=1").json["data"]["result"][0]["value"][1],
            "1e-07");
}

TEST_F(QueryTest, RangeGivesAMatrix) {
  const Answer got =
      Get("/api/v1/query_range?query=requests_total%7Bcode%3D%22404%22%7D&start=1699999880&"
          "end=1700000000&step=1m");
  EXPECT_EQ(got.json["data"]["resultType"], "matrix");
  EXPECT_EQ(got.json["data"]["result"][0]["values"].dump(),
            R"([[1699999880,"1"],[1699999940,"2"],[1700000000,"404"]])");
}

// With a limit the answer is made at once, without it series by series while it is sent.
TEST_F(QueryTest, AWideRangeIsTheSameHoweverItIsMade) {
  for (int i = 0; i < 40; ++i) {
    Load(Labels{{"__name__", "wide"}, {"i", std::to_string(1000 + i)}}, {{-60, i}, {0, 2 * i}});
  }
  const std::string target =
      "/api/v1/query_range?query=wide&start=1699999000&end=1700000000&step=1&stats=true";
  const Answer streamed = Get(target);
  Answer at_once = Get(target + "&limit=1000000");
  ASSERT_EQ(streamed.json["data"]["result"].size(), 40U);
  EXPECT_EQ(streamed.json["data"]["result"], at_once.json["data"]["result"]);
  const auto& samples = streamed.json["data"]["stats"]["samples"];
  EXPECT_EQ(samples["totalQueryableSamples"],
            at_once.json["data"]["stats"]["samples"]["totalQueryableSamples"]);
  EXPECT_LT(samples["peakSamples"], at_once.json["data"]["stats"]["samples"]["peakSamples"]);
  EXPECT_EQ(registry_.gauge("prometheus_engine_queries", "").value(), 0);
}

TEST_F(QueryTest, BadParametersAreNamed) {
  struct Case {
    std::string target;
    int status;
    std::string type;
    std::string error;
  };
  const std::string range = "/api/v1/query_range?query=up&";
  const Case cases[] = {
      {"/api/v1/query", 400, "bad_data",
       "invalid parameter \"query\": unknown position: parse error: no expression found in input"},
      {"/api/v1/query?query=up&time=x", 400, "bad_data",
       "invalid parameter \"time\": invalid time value for 'time': cannot parse \"x\" to a valid "
       "timestamp"},
      {"/api/v1/query?query=up&time=1e400", 400, "bad_data",
       "invalid parameter \"time\": invalid time value for 'time': cannot parse \"1e400\" to a "
       "valid "
       "timestamp"},
      {"/api/v1/query?query=up&limit=99999999999999999999", 400, "bad_data",
       "invalid parameter \"limit\": strconv.Atoi: parsing \"99999999999999999999\": value out of "
       "range"},
      {range + "start=NaN&end=10&step=10", 400, "bad_data",
       "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
       "resolution (?step=XX)"},
      {range + "start=0&end=NaN&step=10", 400, "bad_data",
       "invalid parameter \"end\": end timestamp must not be before start time"},
      {range + "start=0&end=10&step=1e-9", 400, "bad_data",
       "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
       "resolution (?step=XX)"},
      {"/api/v1/query?query=up&timeout=soon", 400, "bad_data",
       "invalid parameter \"timeout\": cannot parse \"soon\" to a valid duration"},
      {"/api/v1/query?query=up&timeout=1e30", 400, "bad_data",
       "invalid parameter \"timeout\": cannot parse \"1e30\" to a valid duration. It overflows "
       "int64"},
      {"/api/v1/query?query=up&limit=-1", 400, "bad_data",
       "invalid parameter \"limit\": limit must be non-negative"},
      {"/api/v1/query?query=up&lookback_delta=abc", 400, "bad_data",
       "error parsing lookback delta duration: cannot parse \"abc\" to a valid duration"},
      {range + "start=10&end=0&step=1", 400, "bad_data",
       "invalid parameter \"end\": end timestamp must not be before start time"},
      {range + "start=0&end=10&step=0", 400, "bad_data",
       "invalid parameter \"step\": zero or negative query resolution step widths are not "
       "accepted. Try a positive integer"},
      {range + "start=0&end=11001&step=1", 400, "bad_data",
       "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
       "resolution (?step=XX)"},
      {range + "start=-9e15&end=9e15&step=1", 400, "bad_data",
       "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
       "resolution (?step=XX)"},
  };
  for (const Case& c : cases) {
    const Answer got = Get(c.target);
    EXPECT_EQ(got.status, c.status) << c.target;
    EXPECT_EQ(got.json["errorType"], c.type) << c.target;
    EXPECT_EQ(got.json["error"], c.error) << c.target;
  }
}

// The answers of a Prometheus on the same processors: what does not fit wraps around.
TEST_F(QueryTest, EveryNumberIsATime) {
  const std::pair<std::string, std::string> cases[] = {
      {"5", "5"},
      {"1.5", "1.5"},
      {"-1", "-1"},
      {"1_000", "1000"},
      {"0x1p4", "16"},
      {"NaN", "-9223372036.854"},
      {"-Inf", "-9223372036.854"},
      {"1e300", "0"},
      {"1e18", "-6930898827.444"},
      {"9223372036854775807", "0"},
      {"9223372036854775", "0.192"},
      {"-9223372036854775.808", "-0.192"},
      {"253402300800", "-4852116231.933"},
      {"-62135596800", "-6795364578.871"},
      {"2015-07-01T20:10:51.781Z", "1435781451.781"},
  };
  for (const auto& [text, time] : cases) {
    const Answer got = Get("/api/v1/query?query=1&time=" + text);
    EXPECT_EQ(got.status, 200) << text;
    EXPECT_EQ(got.body, "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[" +
                            time + ",\"1\"]}}")
        << text;
  }
}

TEST_F(QueryTest, ALookbackBelowAMillisecondFindsNothing) {
  const std::string found =
      Get("/api/v1/query?query=count(odd)&time=1700000000&lookback_delta=0.001").body;
  const std::string none =
      Get("/api/v1/query?query=count(odd)&time=1700000000&lookback_delta=0.0009").body;
  EXPECT_NE(found.find(R"("value":[1700000000,)"), std::string::npos) << found;
  EXPECT_NE(none.find(R"("result":[])"), std::string::npos) << none;
}

TEST_F(QueryTest, LimitCutsAndWarns) {
  const Answer cut = Get("/api/v1/query?query=requests_total&limit=2");
  EXPECT_EQ(cut.json["data"]["result"].size(), 2U);
  EXPECT_EQ(cut.json["warnings"][0], "results truncated due to limit");
  const Answer all = Get("/api/v1/query?query=requests_total&limit=3");
  EXPECT_EQ(all.json["data"]["result"].size(), 3U);
  EXPECT_FALSE(all.json.contains("warnings"));
}

TEST_F(QueryTest, StatsWhenAsked) {
  EXPECT_FALSE(Get("/api/v1/query?query=1").json["data"].contains("stats"));
  const Answer got = Get("/api/v1/query?query=requests_total&stats=true");
  EXPECT_EQ(got.json["data"]["stats"]["samples"]["totalQueryableSamples"], 3);
  EXPECT_FALSE(got.json.contains("warnings"));
  EXPECT_EQ(Get("/api/v1/query?query=1&stats=yes").json["warnings"].size(), 1U);
}

TEST_F(QueryTest, TheQueryLogTellsWhoAsked) {
  Get("/api/v1/query?query=1");  // there is a server now
  const std::string file = (path_ / "query.log").string();
  ASSERT_TRUE(web_->SetQueryLog(file));
  Get("/api/v1/query?query=requests_total");
  Get("/api/v1/query?query=requests_total%7B");  // no query
  promql::QueryOptions options;
  options.start = options.end = FromMillis(1'500);
  web_->LogRuleQuery("r.yml", "g", "up == 0", options, {}, "out of luck");

  std::ifstream in(file);
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["params"]["query"], "requests_total");
  EXPECT_EQ(lines[0]["stats"]["samples"]["totalQueryableSamples"], 3);
  EXPECT_EQ(lines[0]["httpRequest"]["path"], "/api/v1/query");
  EXPECT_FALSE(lines[0].contains("ruleGroup"));
  EXPECT_EQ(lines[1]["params"]["start"], "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(lines[1]["error"], "out of luck");
  EXPECT_EQ(lines[1]["ruleGroup"]["file"], "r.yml");
  EXPECT_EQ(lines[1]["ruleGroup"]["name"], "g");
}

TEST_F(QueryTest, FormatsAndParses) {
  EXPECT_EQ(Get("/api/v1/format_query?query=foo%2Fbar").json["data"], "foo / bar");
  EXPECT_EQ(Get("/api/v1/parse_query?query=1%2B2").json["data"]["type"], "binaryExpr");
  EXPECT_EQ(Get("/api/v1/parse_query?query=foo%2B").status, 400);
}

TEST_F(QueryTest, ManySeriesComeInPieces) {
  for (int i = 0; i < 3000; ++i) {
    Load(Labels{{"__name__", "many"}, {"i", std::to_string(i)}}, {{0, static_cast<double>(i)}});
  }
  const Answer got = Get("/api/v1/query?query=many");
  ASSERT_TRUE(got.json.is_object());
  EXPECT_EQ(got.json["data"]["result"].size(), 3000U);
  EXPECT_GT(got.body.size(), 128U << 10);
}

TEST_F(QueryTest, NothingIsAnsweredBeforeTheStoreIsOpen) {
  phase_ = Phase::kStarting;
  const Answer got = Get("/api/v1/query?query=1");
  EXPECT_EQ(got.status, 503);
  EXPECT_EQ(got.body, "Service Unavailable");
  EXPECT_EQ(got.headers.Get("X-Prometheus-Stopping"), "false");
  EXPECT_EQ(Get("/-/ready").status, 503);
  EXPECT_EQ(Get("/-/healthy").status, 200);
  EXPECT_EQ(Get("/api/v1/status/walreplay").status, 200);
}

TEST_F(QueryTest, CrossOriginHeaders) {
  net::Request request;
  request.method = "GET";
  request.target = "/api/v1/query?query=1";
  request.headers.Set("Origin", "http://any.test");
  const Answer got = Ask(request);
  EXPECT_EQ(got.headers.Get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(got.headers.Get("Access-Control-Allow-Methods"), "GET, POST, OPTIONS");
  EXPECT_EQ(Get("/api/v1/query?query=1").headers.Get("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(Get("/api/v1/query?query=1").headers.Get("Vary"), "Origin");
  EXPECT_EQ(Get("/api/v1/nothing").headers.Get("Vary"), "");
  request.method = "OPTIONS";
  for (const std::string target : {"/api/v1/query", "/api/v1/nothing", "/api/v1/"}) {
    request.target = target;
    EXPECT_EQ(Ask(request).status, 204) << target;
  }
}

TEST_F(QueryTest, PagesOfOtherSitesCannotChangeAnything) {
  web_options_.enable_lifecycle = true;
  web_options_.enable_admin_api = true;
  bool quit = false;
  doors_.quit = [&quit] { quit = true; };
  for (const std::string target : {"/-/quit", "/api/v1/admin/tsdb/clean_tombstones"}) {
    net::Request request;
    request.method = "POST";
    request.target = target;
    request.headers.Set("Sec-Fetch-Site", "cross-site");
    EXPECT_EQ(Ask(request).status, 403) << target;
  }
  EXPECT_FALSE(quit);
  EXPECT_EQ(Post("/-/quit", "").body, "Requesting termination... Goodbye!");
  EXPECT_TRUE(quit);
}

}  // namespace
}  // namespace meerkat::web
