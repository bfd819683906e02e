#include "server/web/alertmanager/api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/alerting/world.h"

namespace meerkat::web {
namespace {

using alerting::World;
using nlohmann::json;

struct Answer {
  int status = 0;
  std::string body;
  net::Headers headers;
  json parsed() const { return json::parse(body); }
};

struct ApiTest : ::testing::Test {
  ApiTest() {
    world.config->receivers[0].labels = {{"owner", "x"}};
    world.Start();
    api = std::make_unique<AlertmanagerApi>(*world.manager, world.metrics, BuildInfo{});
    api->AddRoutes(router, "/am", true);
  }

  Answer Ask(const std::string& method, const std::string& target, const std::string& body = "",
             const net::Headers& headers = {}) {
    net::Request request;
    request.method = method;
    request.target = target;
    request.raw_path = target.substr(0, target.find('?'));
    request.path = request.raw_path;
    if (target.find('?') != std::string::npos) {
      request.raw_query = target.substr(target.find('?') + 1);
      request.query = net::Params::Parse(request.raw_query);
    }
    request.headers.Set("Origin", "http://elsewhere");
    if (!body.empty()) request.headers.Set("Content-Type", "application/json");
    for (const auto& [name, value] : headers.fields()) request.headers.Set(name, value);
    request.body = body;
    const auto match = router.Find(method, request.raw_path);
    if (match.route == nullptr) return {404, "", {}};
    request.path_values = match.path_values;
    const net::Response response = match.route->handler(request, {});
    return {response.status, std::get<std::string>(response.body), response.headers};
  }

  World world;
  net::Router router;
  std::unique_ptr<AlertmanagerApi> api;
};

std::string SilenceBody(const std::string& matchers, const std::string& more = "") {
  return R"({"matchers":)" + matchers +
         R"(,"startsAt":"2030-01-01T00:00:00Z","endsAt":"2030-02-01T00:00:00Z",)"
         R"("createdBy":"x","comment":"y")" +
         more + "}";
}

// What upstream 0.33 answers to the same.
TEST_F(ApiTest, RefusesAsUpstreamDoes) {
  const struct {
    std::string method, target, body;
    int status;
    std::string answer;
  } kCases[] = {
      {"POST", "/am/api/v2/alerts", "{nonsense", 400,
       R"({"code":400,"message":"parsing alerts body from \"\" failed, because invalid character 'n' looking for beginning of object key string"})"},
      {"POST", "/am/api/v2/alerts", R"({"labels":{}})", 400,
       R"({"code":400,"message":"parsing alerts body from \"\" failed, because json: cannot unmarshal object into Go value of type models.PostableAlerts"})"},
      {"POST", "/am/api/v2/alerts", R"([{"labels":{}}])", 400,
       "\"at least one label pair required\"\n"},
      {"POST", "/am/api/v2/alerts", R"([{"annotations":{}}])", 422,
       R"({"code":602,"message":"0.labels in body is required"})"},
      {"POST", "/am/api/v2/alerts", R"([{"labels":{"a":1}}])", 400,
       R"({"code":400,"message":"parsing alerts body from \"\" failed, because json: cannot unmarshal number into Go struct field Alert.labels.a of type string"})"},
      {"POST", "/am/api/v2/alerts", R"([{"labels":{"a":"b"},"startsAt":"yesterday"}])", 400,
       R"({"code":400,"message":"parsing alerts body from \"\" failed, because parsing time \"yesterday\" as \"2006-01-02\": cannot parse \"yesterday\" as \"2006\""})"},
      {"POST", "/am/api/v2/alerts", R"([{"labels":{"a":"b"},"generatorURL":"::bad"}])", 422,
       R"({"code":601,"message":"0.generatorURL in body must be of type uri: \"::bad\""})"},
      {"GET", "/am/api/v2/alerts?filter=a~%22x%22", "", 400,
       "\"bad matcher format: a~\\\"x\\\"\"\n"},
      {"GET", "/am/api/v2/alerts?filter={a=%22x%22}", "", 400,
       "\"unexpected open or close brace: {a=\\\"x\\\"}\"\n"},
      {"GET", "/am/api/v2/alerts/?filter=a=b,c=d&active=", "", 200, "[]\n"},
      {"OPTIONS", "/am/api/v2/receivers", "", 405,
       R"({"code":405,"message":"method OPTIONS is not allowed, but [GET] are"})"},
      {"POST", "/am/api/v2/alerts", "[{", 400,
       R"({"code":400,"message":"parsing alerts body from \"\" failed, because unexpected EOF"})"},
      {"POST", "/am/api/v2/alerts", R"([{"labels":{"a":"b"},"generatorURL":"not a url"}])", 422,
       R"({"code":601,"message":"0.generatorURL in body must be of type uri: \"not a url\""})"},
      {"POST", "/am/api/v2/silences", "null", 422,
       R"({"code":602,"message":"comment in body is required"})"},
      {"GET", "/am/api/v2/alerts?receiver=(", "", 400,
       "\"failed to parse receiver param: error parsing regexp: missing closing ): "
       "`^(?:()$`\"\n"},
      {"GET", "/am/api/v2/nosuch", "", 404,
       R"({"code":404,"message":"path /am/api/v2/nosuch was not found"})"},
      {"DELETE", "/am/api/v2/alerts", "", 405,
       R"({"code":405,"message":"method DELETE is not allowed, but [GET,POST] are"})"},
      {"GET", "/am/api/v2/silence/zzz", "", 422,
       R"({"code":601,"message":"silenceID in path must be of type uuid: \"zzz\""})"},
      {"GET", "/am/api/v2/silence/00000000-0000-4000-8000-000000000001", "", 404, ""},
      {"DELETE", "/am/api/v2/silence/00000000-0000-4000-8000-000000000001", "", 404, ""},
      {"POST", "/am/api/v2/silences", "{}", 422,
       R"({"code":602,"message":"comment in body is required"})"},
      {"POST", "/am/api/v2/silences", SilenceBody("[]"), 422,
       R"({"code":612,"message":"matchers in body should have at least 1 items"})"},
      {"POST", "/am/api/v2/silences", SilenceBody(R"([{"name":"a","value":"b"}])"), 422,
       R"({"code":602,"message":"matchers.0.isRegex in body is required"})"},
      {"POST", "/am/api/v2/silences", SilenceBody(R"([{"name":"a","value":"(","isRegex":true}])"),
       400,
       "\"invalid silence: invalid label matcher 0 in set 0: invalid regular expression \\\"(\\\": "
       "error parsing regexp: missing closing ): `(`\"\n"},
      {"POST", "/am/api/v2/silences",
       SilenceBody(R"([{"name":"a","value":"x","isRegex":false}])",
                   R"(,"id":"00000000-0000-4000-8000-000000000001")"),
       404, "\"silence not found\"\n"},
  };
  for (const auto& c : kCases) {
    const Answer answer = Ask(c.method, c.target, c.body);
    EXPECT_EQ(answer.status, c.status) << c.target << " " << c.body;
    EXPECT_EQ(answer.body, c.answer) << c.target << " " << c.body;
  }
  EXPECT_TRUE(world.manager->AllSilences().empty());
}

TEST_F(ApiTest, VersionTwoAsksForJsonVersionOneForNothing) {
  const std::string alerts = R"([{"labels":{"alertname":"X"}}])";
  const std::string form = "application/x-www-form-urlencoded";
  EXPECT_EQ(Ask("POST", "/am/api/v2/alerts", alerts, {{"Content-Type", form}}).status, 415);
  EXPECT_EQ(Ask("POST", "/am/api/v2/alerts", alerts, {{"Content-Type", ""}}).status, 415);
  EXPECT_EQ(
      Ask("POST", "/am/api/v2/alerts", alerts, {{"Content-Type", "Application/JSON;a=b"}}).status,
      200);
  EXPECT_EQ(Ask("POST", "/am/api/v1/alerts", alerts, {{"Content-Type", form}}).status, 200);
  EXPECT_EQ(Ask("GET", "/am/api/v2/alerts", "", {{"Accept", "text/plain"}}).status, 406);
  EXPECT_EQ(Ask("GET", "/am/api/v2/alerts", "", {{"Accept", "application/json;q=0"}}).status, 406);
  EXPECT_EQ(Ask("GET", "/am/api/v2/alerts", "", {{"Accept", "text/html, */*;q=0.8"}}).status, 200);
}

TEST_F(ApiTest, ShowsAlertsAsUpstreamDoes) {
  EXPECT_EQ(Ask("POST", "/am/api/v2/alerts",
                R"([{"labels":{"alertname":"X","empty":""},"annotations":{"e":""},)"
                R"("generatorURL":"http://g"}])")
                .status,
            200);
  const Answer answer = Ask("GET", "/am/api/v2/alerts");
  EXPECT_EQ(
      answer.body,
      R"([{"annotations":{"e":""},"endsAt":"2026-01-05T10:05:00.000Z","fingerprint":"d2aeefc389ca7746",)"
      R"("receivers":[{"name":"default"}],"startsAt":"2026-01-05T10:00:00.000Z","status":{)"
      R"("inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"},)"
      R"("updatedAt":"2026-01-05T10:00:00.000Z","generatorURL":"http://g",)"
      R"("labels":{"alertname":"X"}}])"
      "\n");
  EXPECT_EQ(answer.headers.Get("Cache-Control"), "no-store");
  EXPECT_EQ(answer.headers.Get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(Ask("GET", "/am/api/v2/alerts?active=false").body, "[]\n");
  EXPECT_EQ(Ask("GET", "/am/api/v2/alerts?receiver=def").body, "[]\n");
  EXPECT_EQ(Ask("GET", "/am/api/v2/alerts?receiver_matchers=owner%3Dy").body, "[]\n");
  EXPECT_EQ(Ask("GET", "/am/api/v2/alerts?receiver_matchers=owner%3Dx").parsed().size(), 1u);
  EXPECT_EQ(Ask("GET", "/am/api/v2/receivers").body,
            R"([{"labels":{"name":"default","owner":"x"},"name":"default"}])"
            "\n");
  const json groups = Ask("GET", "/am/api/v2/alerts/groups").parsed();
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0]["labels"], json({{"alertname", "X"}}));
  EXPECT_EQ(groups[0]["receiver"]["name"], "default");
}

TEST_F(ApiTest, SilencesLiveTheirLife) {
  const Answer made = Ask(
      "POST", "/am/api/v2/silences",
      SilenceBody(R"([{"name":"a","value":"x","isRegex":false}])", R"(,"annotations":{"t":"u"})"));
  ASSERT_EQ(made.status, 200) << made.body;
  const std::string id = made.parsed()["silenceID"];
  const json silence = Ask("GET", "/am/api/v2/silence/" + id).parsed();
  EXPECT_EQ(silence["status"]["state"], "pending");
  EXPECT_EQ(silence["annotations"], json({{"t", "u"}}));
  EXPECT_EQ(silence["matchers"],
            json::parse(R"([{"isEqual":true,"isRegex":false,"name":"a","value":"x"}])"));
  EXPECT_EQ(Ask("GET", "/am/api/v2/silences?filter=a%3D%22x%22").parsed().size(), 1u);
  EXPECT_EQ(Ask("GET", "/am/api/v2/silences?filter=a%3D~%22x%22").parsed().size(), 0u);
  EXPECT_EQ(Ask("GET", "/am/api/v2/silences?pending=false").parsed().size(), 0u);
  EXPECT_EQ(Ask("DELETE", "/am/api/v2/silence/" + id).status, 200);
  EXPECT_EQ(Ask("DELETE", "/am/api/v2/silence/" + id).status, 200);
  EXPECT_EQ(Ask("GET", "/am/api/v2/silence/" + id).parsed()["status"]["state"], "expired");
}

TEST_F(ApiTest, AcknowledgesAndRemembers) {
  ASSERT_EQ(Ask("POST", "/am/api/v2/alerts", R"([{"labels":{"alertname":"X"}}])").status, 200);
  const std::string path = "/am/api/v2/alert/d2aeefc389ca7746/acknowledge";
  EXPECT_EQ(Ask("POST", path, "{}").status, 422);
  const Answer done = Ask("POST", path, R"({"createdBy":"me","comment":"on it"})");
  ASSERT_EQ(done.status, 200) << done.body;
  const json alerts = Ask("GET", "/am/api/v2/alerts").parsed();
  EXPECT_EQ(alerts[0]["status"]["silencedBy"][0], done.parsed()["silenceID"]);
  EXPECT_EQ(
      Ask("POST", "/am/api/v2/alert/0000000000000001/acknowledge", R"({"createdBy":"me"})").status,
      404);
  const json history = Ask("GET", "/am/api/v2/history").parsed();
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0]["event"], "firing");
}

TEST_F(ApiTest, VersionOneAnswersRunbooks) {
  EXPECT_EQ(Ask("POST", "/am/api/v1/alerts", R"([{"labels":{"alertname":"X"}}])").body,
            "{\"status\":\"success\"}\n");
  const json alerts = Ask("GET", "/am/api/v1/alerts").parsed();
  EXPECT_EQ(alerts["data"][0]["status"]["state"], "active");
  EXPECT_EQ(alerts["data"][0]["receivers"], json::array({"default"}));
  const Answer bad = Ask("POST", "/am/api/v1/alerts", R"([{"labels":{}}])");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.parsed()["errorType"], "bad_data");
  const json made = Ask("POST", "/am/api/v1/silences",
                        SilenceBody(R"([{"name":"a","value":"x","isRegex":false}])"))
                        .parsed();
  const std::string id = made["data"]["silenceId"];
  EXPECT_EQ(Ask("GET", "/am/api/v1/silences").parsed()["data"][0]["id"], id);
  EXPECT_EQ(Ask("DELETE", "/am/api/v1/silence/" + id).status, 200);
  EXPECT_EQ(Ask("GET", "/am/api/v1/status").parsed()["status"], "success");
}

}  // namespace
}  // namespace meerkat::web
