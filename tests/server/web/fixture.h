#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "promql/engine.h"
#include "server/net/router.h"
#include "server/web/web.h"
#include "tests/server/database_fixture.h"

namespace meerkat::web {

// A Web over a real database in a temporary directory, asked without any socket.
class WebFixture : public DatabaseFixture {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(DatabaseFixture::SetUp());
    engine_ = std::make_shared<promql::Engine>(promql::EngineOptions(), *database_);
    doors_.clock = &clock_;
    doors_.phase = [this] { return phase_; };
    doors_.database = [this] { return database_.get(); };
    doors_.engine = [this] { return engine_; };
    doors_.external_labels = [this] { return external_labels_; };
    web_options_.enable_remote_write = true;
    web_options_.remote_write_v2 = true;
    web_options_.snapshot_directory = (path_ / "snapshots").string();
  }

  void TearDown() override {
    web_.reset();
    engine_.reset();
    DatabaseFixture::TearDown();
  }

  void Load(const Labels& labels, std::initializer_list<std::pair<std::int64_t, double>> samples) {
    auto appender = database_->NewAppender();
    const tsdb::SeriesRef ref = appender->Resolve(labels);
    for (const auto& [seconds, value] : samples) {
      ASSERT_EQ(appender->Append(ref, FromMillis(kNow + seconds * 1000), value),
                tsdb::Refusal::kNone);
    }
    ASSERT_TRUE(appender->Commit().ok());
  }

  struct Answer {
    int status = 0;
    net::Headers headers;
    std::string body;
    nlohmann::json json;
  };

  Answer Ask(net::Request request) {
    const auto match = Find(request);
    return Read(match.route != nullptr ? match.route->handler(request, {})
                                       : match.fallback(request, {}));
  }
  // As the io thread asks. Nothing: the route does not answer at once.
  std::optional<Answer> AskPromptly(net::Request request) {
    const auto match = Find(request);
    if (match.route == nullptr || !match.route->prompt) return std::nullopt;
    auto response = match.route->prompt(request);
    if (!response) return std::nullopt;
    return Read(std::move(*response));
  }
  static net::Request GetOf(const std::string& target) {
    net::Request request;
    request.method = "GET";
    request.target = target;
    return request;
  }
  Answer Get(const std::string& target) { return Ask(GetOf(target)); }
  Answer Post(const std::string& target, const std::string& form) {
    net::Request request;
    request.method = "POST";
    request.target = target;
    request.body = form;
    request.headers.Set("Content-Type", "application/x-www-form-urlencoded");
    return Ask(std::move(request));
  }

  net::Router::Match Find(net::Request& request) {
    if (web_ == nullptr) {
      web_ =
          std::make_unique<Web>(web_options_, doors_, registry_, notifications_, Logger::Silent());
      web_->AddRoutes(router_);
    }
    const auto question = request.target.find('?');
    request.raw_path = request.target.substr(0, question);
    if (question != std::string::npos) request.raw_query = request.target.substr(question + 1);
    request.path = net::PercentDecode(request.raw_path).value_or("");
    request.query = net::Params::Parse(request.raw_query);
    auto match = router_.Find(request.method, request.path);
    request.path_values = match.path_values;
    return match;
  }
  Answer Read(net::Response response) {
    Answer answer;
    answer.status = response.status;
    answer.headers = response.headers;
    if (auto* text = std::get_if<std::string>(&response.body)) {
      answer.body = *text;
    } else if (auto* source = std::get_if<std::unique_ptr<net::BodySource>>(&response.body)) {
      for (bool more = true; more;) {
        std::string piece;
        auto next = (*source)->Next(piece);
        EXPECT_TRUE(next.ok());
        more = next.ok() && *next;
        answer.body += piece;
      }
    }
    answer.json = nlohmann::json::parse(answer.body, nullptr, false);
    return answer;
  }

  Notifications notifications_{clock_, registry_, 2};
  Labels external_labels_;
  Phase phase_ = Phase::kReady;
  std::shared_ptr<const promql::Engine> engine_;
  Doors doors_;
  WebOptions web_options_;
  net::Router router_;
  std::unique_ptr<Web> web_;
};

}  // namespace meerkat::web
