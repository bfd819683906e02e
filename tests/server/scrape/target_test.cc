#include "server/scrape/target.h"

#include <gtest/gtest.h>

#include <set>

#include "server/config/prometheus_config.h"

namespace meerkat::scrape {
namespace {

ScrapeConfig Job(const std::string& rest) {
  const auto config = config::ParsePrometheusConfig(
      "f.yml", "scrape_configs:\n- job_name: j\n  scrape_interval: 15s\n" + rest);
  EXPECT_TRUE(config) << config.error().message();
  return config->scrape_configs.front();
}

TEST(Target, HasDefaultsAndAnInstance) {
  const auto made = MakeTarget(Job("  params: {a: [b, c], m: ['x y']}\n"),
                               Labels{{"__address__", "h:1"}}, Labels{{"zone", "z"}});
  ASSERT_TRUE(made.target) << made.error;
  EXPECT_EQ(made.target->labels.ToString(), "{instance=\"h:1\", job=\"j\", zone=\"z\"}");
  EXPECT_EQ(made.target->url, "http://h:1/metrics?a=b&a=c&m=x+y");
  EXPECT_EQ(made.target->interval, Millis(15000));
  EXPECT_EQ(made.target->timeout, Millis(10000));
  EXPECT_EQ(made.discovered.Get("__scrape_interval__"), "15s");
  EXPECT_EQ(made.discovered.Get("__param_a"), "b");
}

TEST(Target, RelabelingReachesEverything) {
  const auto made =
      MakeTarget(Job("  relabel_configs:\n"
                     "  - {target_label: __scrape_interval__, replacement: 3s}\n"
                     "  - {target_label: __scrape_timeout__, replacement: 2s}\n"
                     "  - {target_label: __metrics_path__, replacement: '/p q'}\n"
                     "  - {target_label: __scheme__, replacement: https}\n"
                     "  - {source_labels: [__address__], target_label: __param_target}\n"
                     "  - {target_label: __address__, replacement: 'exporter:9115'}\n"
                     "  - {source_labels: [__meta_x], target_label: x}\n"),
                 Labels{{"__address__", "site"}, {"__meta_x", "m"}}, Labels());
  ASSERT_TRUE(made.target) << made.error;
  EXPECT_EQ(made.target->url, "https://exporter:9115/p%20q?target=site");
  EXPECT_EQ(made.target->interval, Millis(3000));
  EXPECT_EQ(made.target->labels.ToString(), "{instance=\"exporter:9115\", job=\"j\", x=\"m\"}");
  EXPECT_FALSE(made.target->all.Has("__meta_x"));
}

TEST(Target, IsDroppedOrRefused) {
  const Labels address{{"__address__", "h:1"}};
  const auto dropped =
      MakeTarget(Job("  relabel_configs: [{action: drop, regex: ''}]\n"), address, Labels());
  EXPECT_FALSE(dropped.target);
  EXPECT_EQ(dropped.error, "");
  const std::pair<std::string, std::string> cases[] = {
      {"{target_label: __address__, replacement: ''}", "no address"},
      {"{target_label: __address__, replacement: 'a/b'}", "\"a/b\" is not a valid hostname"},
      {"{target_label: __scrape_interval__, replacement: 0s}", "scrape interval cannot be 0"},
      {"{target_label: __scrape_timeout__, replacement: 20s}",
       "scrape timeout cannot be greater than scrape interval (\"20s\" > \"15s\")"},
  };
  for (const auto& [rule, error] : cases) {
    const auto made = MakeTarget(Job("  relabel_configs: [" + rule + "]\n"), address, Labels());
    EXPECT_FALSE(made.target);
    EXPECT_EQ(made.error, error);
  }
}

TEST(Accept, OffersTheJobsProtocols) {
  EXPECT_EQ(AcceptHeader(Job("").scrape_protocols, EscapingScheme::kAllowUtf8),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
            "text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
}

TEST(Offset, IsStableAndWithinTheInterval) {
  const auto made = MakeTarget(Job(""), Labels{{"__address__", "h:1"}}, Labels());
  const Millis offset = ScrapeOffset(*made.target, 7);
  EXPECT_EQ(offset, ScrapeOffset(*made.target, 7));
  EXPECT_LT(offset, made.target->interval);
  EXPECT_NE(offset, ScrapeOffset(*made.target, 8));
}

// Waking up once for several scrapes is cheaper than once for each.
TEST(Offset, BringsTargetsTogetherTenTimesASecond) {
  std::set<Millis> offsets;
  for (int i = 0; i < 500; ++i) {
    const Labels labels{{"__address__", "h:" + std::to_string(i)},
                        {"__scrape_interval__", "2s"},
                        {"__scrape_timeout__", "2s"}};
    const auto made = MakeTarget(Job(""), labels, Labels());
    ASSERT_TRUE(made.target) << made.error;
    const Millis offset = ScrapeOffset(*made.target, 1234);
    EXPECT_EQ(offset % Millis(100), Millis(34));
    offsets.insert(offset);
  }
  EXPECT_EQ(offsets.size(), 20U);
}

}  // namespace
}  // namespace meerkat::scrape
