#include "server/scrape/scrape_loop.h"

#include <gtest/gtest.h>

#include <condition_variable>

#include "server/config/prometheus_config.h"
#include "server/net/system_clock.h"
#include "server/scrape/scrape_manager.h"
#include "tests/server/scrape/fake_storage.h"

namespace meerkat::scrape {
namespace {

// Answers every request with one page and counts.
class PageFetcher : public Fetcher {
 public:
  net::Awaitable<Result<net::ClientResponse>> Fetch(net::ClientRequest request) override {
    const MutexLock lock(mu_);
    ++requests_;
    last_ = std::move(request);
    net::ClientResponse response;
    response.status = 200;
    response.headers.Set("Content-Type", "text/plain");
    response.body = "a 1\n";
    changed_.notify_all();
    co_return response;
  }
  void WaitFor(int requests) {
    mu_.Lock();
    while (requests_ < requests) changed_.wait(mu_);
    mu_.Unlock();
  }
  net::ClientRequest last() {
    const MutexLock lock(mu_);
    return last_;
  }

 private:
  Mutex mu_;
  std::condition_variable_any changed_;
  int requests_ GUARDED_BY(mu_) = 0;
  net::ClientRequest last_ GUARDED_BY(mu_);
};

class ScrapeManagerTest : public ::testing::Test {
 protected:
  ScrapeManagerTest() {
    manager_ = std::make_unique<ScrapeManager>(
        ScrapeContext{io_, workers_, clock_, storage_, metrics_, Logger::Silent(), {}},
        [this](const net::HttpClientConfig&, const std::string&) { return fetcher_; });
  }
  ~ScrapeManagerTest() override {
    OnIo([this] { manager_->Stop(); });
    io_.Stop();
    workers_.Stop();
  }
  template <typename Work>
  void OnIo(Work work) {
    std::promise<void> done;
    io_.Post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  void Apply(const std::string& text) {
    auto config = config::ParsePrometheusConfig("f.yml", text);
    ASSERT_TRUE(config) << config.error().message();
    OnIo([&] {
      manager_->Apply(config->scrape_configs);
      for (const ScrapeConfig& job : config->scrape_configs) {
        const auto* sd = std::get_if<discovery::StaticSd>(&job.service_discovery.at(0));
        manager_->UpdateTargets(job.job_name, sd->groups);
      }
    });
  }

  net::IoThread io_;
  net::ThreadPool workers_{"test", 1};
  net::SystemClock clock_{io_};
  FakeStorage storage_;
  Registry registry_;
  ScrapeMetrics metrics_{registry_};
  std::shared_ptr<PageFetcher> fetcher_ = std::make_shared<PageFetcher>();
  std::unique_ptr<ScrapeManager> manager_;
};

TEST_F(ScrapeManagerTest, ScrapesAgainAndAgain) {
  Apply(
      "scrape_configs: [{job_name: j, scrape_interval: 20ms, static_configs: [{targets: "
      "['h:1']}]}]");
  fetcher_->WaitFor(3);
  const net::ClientRequest request = fetcher_->last();
  EXPECT_EQ(request.url, "http://h:1/metrics");
  EXPECT_EQ(request.headers.Get("X-Prometheus-Scrape-Timeout-Seconds"), "0.02");
  EXPECT_EQ(request.timeout, Millis(20));
  const auto pools = manager_->Targets("");
  ASSERT_EQ(pools.size(), 1u);
  ASSERT_EQ(pools[0].active.size(), 1u);
  EXPECT_EQ(pools[0].active[0].status.health, TargetStatus::Health::kUp);
}

TEST_F(ScrapeManagerTest, AReloadTouchesOnlyWhatChanged) {
  Apply(
      "scrape_configs: [{job_name: a, scrape_interval: 20ms, static_configs: [{targets: "
      "['h:1']}]}, {job_name: b, static_configs: [{targets: ['h:2']}]}]");
  fetcher_->WaitFor(1);
  const auto config_of = [&](std::string_view job) { return manager_->PoolConfig(job).get(); };
  const auto* const a = config_of("a");
  const auto* const b = config_of("b");
  Apply(
      "scrape_configs: [{job_name: a, scrape_interval: 20ms, static_configs: [{targets: "
      "['h:1']}]}, {job_name: b, honor_labels: true, static_configs: [{targets: ['h:2']}]}]");
  EXPECT_EQ(config_of("a"), a);
  EXPECT_NE(config_of("b"), b);
  Apply(
      "scrape_configs: [{job_name: a, scrape_interval: 20ms, static_configs: [{targets: "
      "['h:1']}]}]");
  EXPECT_EQ(manager_->PoolNames(), std::vector<std::string>{"a"});
}

TEST_F(ScrapeManagerTest, AReloadThatAddsATargetLeavesTheOthersRunning) {
  const std::string job = "scrape_configs: [{job_name: a, scrape_interval: 20ms, ";
  Apply(job + "static_configs: [{targets: ['h:1']}]}]");
  fetcher_->WaitFor(3);
  const auto only = manager_->Targets("a").at(0).active.at(0).target;
  Apply(job + "static_configs: [{targets: ['h:1', 'h:2']}]}]");
  while (manager_->Targets("a").at(0).active.size() != 2) OnIo([] {});
  EXPECT_EQ(manager_->Targets("a").at(0).active.at(0).target, only);
}

TEST_F(ScrapeManagerTest, TargetsKeepTheirHealthWhenTheyAreScrapedInAnotherWay) {
  const std::string rest = "static_configs: [{targets: ['h:1']}]}]";
  Apply("scrape_configs: [{job_name: a, scrape_interval: 20ms, " + rest);
  fetcher_->WaitFor(3);
  Apply("scrape_configs: [{job_name: a, scrape_interval: 1d, " + rest);
  while (manager_->Targets("a").at(0).active.empty()) OnIo([] {});
  const ActiveTarget after = manager_->Targets("a").at(0).active.at(0);
  EXPECT_EQ(after.target->interval, std::chrono::days(1));
  EXPECT_EQ(after.status.health, TargetStatus::Health::kUp);
}

}  // namespace
}  // namespace meerkat::scrape
