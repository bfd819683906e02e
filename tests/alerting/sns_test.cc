#include <gtest/gtest.h>

#include <algorithm>

#include "alerting/receivers/aws_credentials.h"
#include "base/aws_profile.h"
#include "tests/alerting/world.h"

namespace meerkat::alerting {
namespace {

using std::chrono::minutes;

constexpr const char* kTopic = "arn:aws:sns:eu-central-1:123456789012:alerts";

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

struct SnsWorld : World {
  explicit SnsWorld(const Sigv4Config& sigv4) {
    SnsConfig sns;
    sns.topic_arn = kTopic;
    sns.sigv4 = sigv4;
    config->receivers[0].integrations[0].config = sns;
  }
};

TEST(AwsCredentials, AreThoseOfTheProfile) {
  const char* file =
      "# mine\n[default]\naws_access_key_id=A\naws_secret_access_key=S\n\n"
      "[ ops ]\r\naws_access_key_id = B\r\naws_secret_access_key = T=\r\naws_session_token = U\r\n"
      "[half]\naws_access_key_id = C\n";
  const auto own = AwsKeysOfProfile(file, "default");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->access_key + own->secret_key + own->session_token, "AS");
  const auto ops = AwsKeysOfProfile(file, "ops");
  ASSERT_TRUE(ops);
  EXPECT_EQ(ops->access_key + ops->secret_key + ops->session_token, "BT=U");
  EXPECT_FALSE(AwsKeysOfProfile(file, "half"));
  EXPECT_FALSE(AwsKeysOfProfile(file, "nobody"));
}

TEST(Sns, SignsWithTheKeysOfAProfile) {
  Sigv4Config sigv4;
  sigv4.profile = "ops";
  // The world's reader gives a file's name as its content.
  sigv4.credentials_file = "[ops]\naws_access_key_id=B\naws_secret_access_key=T\n";
  SnsWorld world(sigv4);
  world.Start();
  world.Fire({{"alertname", "A"}});
  world.clock.Advance(minutes(1));
  ASSERT_EQ(world.count(), 1U);
  EXPECT_EQ(world.last().url, "https://sns.eu-central-1.amazonaws.com");
  EXPECT_NE(HeaderOf(world.last(), "Authorization").find("Credential=B/"), std::string::npos);
}

TEST(Sns, SaysWhatIsMissing) {
  Sigv4Config sigv4;
  sigv4.profile = "other";
  sigv4.credentials_file = "[ops]\n";
  SnsWorld world(sigv4);
  world.Start();
  world.Fire({{"alertname", "A"}});
  world.clock.Advance(minutes(1));
  EXPECT_EQ(world.count(), 0U);
  const auto events = world.manager->ReadHistory({}, 10);
  EXPECT_NE(events->back().error.find("no keys of profile other"), std::string::npos)
      << events->back().error;
}

TEST(Sns, BorrowsTheKeysOfARoleAndKeepsThemWhileTheyLast) {
  Sigv4Config sigv4;
  sigv4.access_key = "OWN";
  sigv4.secret_key = "S";
  sigv4.role_arn = "arn:aws:iam::123456789012:role/alerts";
  sigv4.external_id = "x";
  SnsWorld world(sigv4);
  world.transport->answer = [&world](const Message& message) -> Result<HttpResponse> {
    const auto& request = std::get<HttpRequest>(message);
    if (request.url.find("//sts.") == std::string::npos) return HttpResponse{200, "", ""};
    return HttpResponse{200, "text/xml",
                        "<AssumeRoleResponse><Credentials><AccessKeyId>LENT</AccessKeyId>"
                        "<SecretAccessKey>T</SecretAccessKey><SessionToken>TOKEN</SessionToken>"
                        "<Expiration>" +
                            FormatRfc3339(world.clock.Now() + minutes(60)) +
                            "</Expiration></Credentials></AssumeRoleResponse>"};
  };
  world.Start();
  world.Fire({{"alertname", "A"}});
  world.clock.Advance(minutes(1));
  ASSERT_EQ(world.count(), 2U);
  const HttpRequest& role = world.transport->sent[0].http();
  EXPECT_EQ(role.url, "https://sts.eu-central-1.amazonaws.com");
  EXPECT_NE(role.body.find("Action=AssumeRole"), std::string::npos);
  EXPECT_NE(role.body.find("ExternalId=x"), std::string::npos);
  EXPECT_NE(HeaderOf(role, "Authorization").find("Credential=OWN/"), std::string::npos);
  const HttpRequest& publish = world.transport->sent[1].http();
  EXPECT_NE(HeaderOf(publish, "Authorization").find("Credential=LENT/"), std::string::npos);
  EXPECT_EQ(HeaderOf(publish, "X-Amz-Security-Token"), "TOKEN");

  world.Fire({{"alertname", "B"}});
  world.clock.Advance(minutes(1));
  const auto borrowed = [&world] {
    return std::count_if(world.transport->sent.begin(), world.transport->sent.end(),
                         [](const SentMessage& sent) {
                           return sent.http().url.find("//sts.") != std::string::npos;
                         });
  };
  EXPECT_EQ(world.count(), 3U);
  EXPECT_EQ(borrowed(), 1) << "the keys still last";
  world.clock.Advance(minutes(60));
  world.Fire({{"alertname", "C"}});
  world.clock.Advance(minutes(1));
  EXPECT_EQ(borrowed(), 2);
}

TEST(Sns, ARoleThatIsRefusedIsToldAsSuch) {
  Sigv4Config sigv4;
  sigv4.access_key = "OWN";
  sigv4.secret_key = "S";
  sigv4.role_arn = "arn:aws:iam::123456789012:role/alerts";
  SnsWorld world(sigv4);
  world.transport->answer = [](const Message&) -> Result<HttpResponse> {
    return HttpResponse{403, "text/xml", "<Error>AccessDenied</Error>"};
  };
  world.Start();
  world.Fire({{"alertname", "A"}});
  world.clock.Advance(minutes(1));
  EXPECT_EQ(world.count(), 1U);
  const auto events = world.manager->ReadHistory({}, 10);
  EXPECT_NE(events->back().error.find("assume role: unexpected status code 403"), std::string::npos)
      << events->back().error;
}

}  // namespace
}  // namespace meerkat::alerting
