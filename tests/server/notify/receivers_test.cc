// Every kind of receiver, from the configuration file to the bytes of its messages: an alert fires,
// a second joins it, both resolve. The messages are those that upstream 0.33 sends.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "server/config/alertmanager_config.h"
#include "tests/alerting/world.h"

namespace meerkat::alerting {
namespace {

const std::string kData = std::string(MEERKAT_SOURCE_DIR) + "/tests/data/alerting/";

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

// Says what each service says when all is well. Jira knows the issues that were made.
class Services {
 public:
  Result<HttpResponse> operator()(const Message& message) {
    const auto* request = std::get_if<HttpRequest>(&message);
    if (request == nullptr) return HttpResponse{};
    const std::string& url = request->url;
    const auto has = [&url](const char* part) { return url.find(part) != std::string::npos; };
    if (!has("/ji")) {
      return HttpResponse{200, "application/json",
                          R"({"ok":true,"success":true,"errcode":0,"access_token":"AT"})"};
    }
    const std::string project = url.substr(0, url.find('/', url.find("/ji") + 1));
    if (url.ends_with("/issue")) {
      issues_.insert(project);
      return HttpResponse{201, "application/json", R"({"key":"K-1"})"};
    }
    if (has("search")) {
      return HttpResponse{200, "application/json",
                          issues_.contains(project)
                              ? R"({"issues":[{"key":"K-1","fields":{"status":{"name":"Open",)"
                                R"("statusCategory":{"key":"new"}}}}]})"
                              : R"({"issues":[]})"};
    }
    if (has("transitions") && request->method == "GET") {
      return HttpResponse{200, "application/json", R"({"transitions":[{"id":"7","name":"Done"}]})"};
    }
    return HttpResponse{204, "", ""};
  }

 private:
  std::set<std::string> issues_;
};

std::string Show(const SentMessage& sent) {
  if (const auto* mail = std::get_if<Email>(&sent.message)) {
    std::string out = "MAIL " + mail->host + ":" + mail->port + " FROM " + mail->from;
    for (const std::string& to : mail->to) out += " TO " + to;
    return out + "\n" + mail->message;
  }
  const HttpRequest& request = sent.http();
  std::string out = request.method + " " + request.url + "\n";
  for (const auto& [name, value] : request.headers) out += name + ": " + value + "\n";
  return out + "\n" + request.body + "\n";
}

std::string AllMessages() {
  const std::string path = kData + "receivers.yml";
  auto file = config::ParseAlertmanagerConfig(path, ReadAll(path));
  if (!file) return file.error().message();
  World world;
  world.config = std::make_shared<Config>(std::move(file->config));
  world.transport->answer = Services();
  world.Start();

  PostedAlert first;
  first.labels = {{"alertname", "X"}, {"severity", "critical"}, {"i", "1"}};
  first.annotations = {{"summary", "It <broke> & \"so\""}, {"d", "ü"}};
  first.generator_url = "http://g/1?a=1&b=2";
  first.starts_at = kStart - std::chrono::minutes(7) + Millis(678);
  PostedAlert second = first;
  second.labels = {{"alertname", "X"}, {"severity", "critical"}, {"i", "2"}};
  second.annotations = {{"summary", "It <broke> & \"so\""}};
  second.generator_url = "http://g/2";

  const auto post = [&world](std::vector<PostedAlert> alerts) {
    World::Must(world.manager->Post(std::move(alerts)));
    world.clock.Advance(std::chrono::seconds(3));
  };
  post({first});
  post({second});
  first.ends_at = second.ends_at = world.clock.Now();
  post({first, second});

  std::vector<std::string> messages;
  for (const SentMessage& sent : world.transport->sent) messages.push_back(Show(sent));
  // Channels work side by side; in the file each one's messages stand together.
  std::stable_sort(messages.begin(), messages.end(), [](const auto& a, const auto& b) {
    const auto service = [](const std::string& text) {
      const auto start = text.find("//");
      return start == std::string::npos
                 ? text.substr(0, 4)
                 : text.substr(start, text.find_first_of("/?\n", start + 8) - start);
    };
    return service(a) < service(b);
  });
  std::string out;
  for (const std::string& message : messages) out += "=== " + message;
  return out;
}

TEST(Receivers, SendWhatUpstreamSends) {
  EXPECT_EQ(AllMessages(), ReadAll(kData + "receivers.golden"));
}

}  // namespace
}  // namespace meerkat::alerting
