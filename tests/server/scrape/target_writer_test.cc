#include "server/scrape/target_writer.h"

#include <gtest/gtest.h>

#include "base/manual_clock.h"
#include "server/config/prometheus_config.h"
#include "tests/server/scrape/fake_storage.h"

namespace meerkat::scrape {
namespace {

class TargetWriterTest : public ::testing::Test {
 protected:
  void Configure(const std::string& rest, const Labels& group = {}) {
    const auto parsed =
        config::ParsePrometheusConfig("f.yml", "scrape_configs:\n- job_name: j\n" + rest);
    ASSERT_TRUE(parsed) << parsed.error().message();
    config_ = std::make_shared<const ScrapeConfig>(parsed->scrape_configs.front());
    auto made = MakeTarget(*config_, Labels{{"__address__", "h:1"}, {"instance", "i"}}, group);
    ASSERT_TRUE(made.target) << made.error;
    writer_ = std::make_shared<TargetWriter>(
        config_, std::make_shared<const Target>(*std::move(made.target)), storage_, clock_,
        metrics_, Logger::Silent(), false, false);
  }
  WriteOutcome Page(std::string_view body) {
    clock_.Advance(Millis(1000));
    return writer_->Write({.time = clock_.Now(),
                           .body = body,
                           .content_type = "text/plain",
                           .error = "",
                           .body_bytes = static_cast<std::int64_t>(body.size())});
  }
  WriteOutcome Fail(const std::string& error) {
    clock_.Advance(Millis(1000));
    return writer_->Write({.time = clock_.Now(), .body = {}, .content_type = {}, .error = error});
  }

  FakeStorage storage_;
  ManualClock clock_{FromMillis(1'700'000'000'000)};
  Registry registry_;
  ScrapeMetrics metrics_{registry_};
  std::shared_ptr<const ScrapeConfig> config_;
  std::shared_ptr<TargetWriter> writer_;
};

TEST_F(TargetWriterTest, StoresSamplesAndReports) {
  Configure("");
  const WriteOutcome outcome = Page("a 1\nb{x=\"y\"} 2\n");
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.series_added, 2u);
  EXPECT_EQ(storage_.Last("a{instance=\"i\", job=\"j\"}"), 1);
  EXPECT_EQ(storage_.Last("b{instance=\"i\", job=\"j\", x=\"y\"}"), 2);
  EXPECT_EQ(storage_.Last("up{instance=\"i\", job=\"j\"}"), 1);
  EXPECT_EQ(storage_.Last("scrape_samples_scraped{instance=\"i\", job=\"j\"}"), 2);
  EXPECT_EQ(storage_.Last("scrape_series_added{instance=\"i\", job=\"j\"}"), 2);
  Page("a 1\nb{x=\"y\"} 2\n");
  EXPECT_EQ(storage_.Last("scrape_series_added{instance=\"i\", job=\"j\"}"), 0);
  EXPECT_EQ(storage_.commits, 2);
}

TEST_F(TargetWriterTest, AFollowerEndsWhatVanishedBetweenTheTwo) {
  Configure("");
  Page("a 1\nb 1\n");
  const std::size_t resolved = storage_.resolved;
  const std::shared_ptr<TargetWriter> before = writer_;
  Configure("  scrape_timeout: 5s\n");
  writer_->Inherit(before);
  Page("a 2\n");
  EXPECT_EQ(storage_.resolved, resolved);
  EXPECT_TRUE(storage_.EndsStale("b{instance=\"i\", job=\"j\"}"));
  EXPECT_EQ(storage_.Last("scrape_series_added{instance=\"i\", job=\"j\"}"), 0);
}

TEST_F(TargetWriterTest, KnownSeriesAreNotResolvedAgain) {
  Configure("");
  Page("# TYPE a gauge\na 1\nb 2\n");
  const std::size_t resolved = storage_.resolved;
  Page("# TYPE a gauge\na 3\nb 4\n");
  Page("b 5\na 6\n# TYPE a gauge\n");
  EXPECT_EQ(storage_.resolved, resolved);
  EXPECT_EQ(storage_.Last("a{instance=\"i\", job=\"j\"}"), 6);
  EXPECT_EQ(storage_.Last("b{instance=\"i\", job=\"j\"}"), 5);
}

TEST_F(TargetWriterTest, VanishedSeriesEndAndMayReturn) {
  Configure("");
  Page("a 1\nb 2\n");
  Page("a 1\n");
  EXPECT_TRUE(storage_.EndsStale("b{instance=\"i\", job=\"j\"}"));
  EXPECT_FALSE(storage_.EndsStale("a{instance=\"i\", job=\"j\"}"));
  Page("a 1\nb 3\n");
  EXPECT_EQ(storage_.Last("b{instance=\"i\", job=\"j\"}"), 3);
}

TEST_F(TargetWriterTest, AFailedScrapeEndsEverythingButTheReports) {
  Configure("");
  Page("a 1\n");
  EXPECT_EQ(Fail("connection refused").error, "connection refused");
  EXPECT_TRUE(storage_.EndsStale("a{instance=\"i\", job=\"j\"}"));
  EXPECT_EQ(storage_.Last("up{instance=\"i\", job=\"j\"}"), 0);
  const std::size_t samples = storage_.Find("a{instance=\"i\", job=\"j\"}")->samples.size();
  Fail("again");
  EXPECT_EQ(storage_.Find("a{instance=\"i\", job=\"j\"}")->samples.size(), samples);
}

TEST_F(TargetWriterTest, APageThatTakesTooMuchOfAWorkerFails) {
  Configure("  scrape_interval: 1ms\n  scrape_timeout: 1ms\n");
  std::string body;
  for (int i = 0; i < 1'000'000; ++i) body += "a 1\n";  // some 50 ms of CPU time
  EXPECT_EQ(Page(body).error, "reading the body took more CPU time than the scrape timeout");
  EXPECT_EQ(storage_.Last("up{instance=\"i\", job=\"j\"}"), 0);
  EXPECT_EQ(Page("a 1\n").error, "");
}

TEST_F(TargetWriterTest, ABadPageStoresNothing) {
  Configure("");
  Page("a 1\n");
  const WriteOutcome outcome = Page("a 2\nnew 1\nb{ 2\n");
  EXPECT_NE(outcome.error, "");
  EXPECT_EQ(outcome.scraped, 2u);
  EXPECT_TRUE(storage_.EndsStale("a{instance=\"i\", job=\"j\"}"));
  EXPECT_FALSE(storage_.Last("new{instance=\"i\", job=\"j\"}"));
  Page("a 3\n");
  EXPECT_EQ(storage_.Last("a{instance=\"i\", job=\"j\"}"), 3);
}

TEST_F(TargetWriterTest, SeriesWithTheirOwnTimesDoNotEnd) {
  Configure("");
  Page("a 1 1700000000500\nb 2\n");
  Page("b 2\n");
  EXPECT_FALSE(storage_.EndsStale("a{instance=\"i\", job=\"j\"}"));
  Configure("  track_timestamps_staleness: true\n");
  Page("c 1 1700000002500\n");
  Page("b 2\n");
  EXPECT_TRUE(storage_.EndsStale("c{instance=\"i\", job=\"j\"}"));
}

TEST_F(TargetWriterTest, TimesFarAheadAreDropped) {
  Configure("");
  const WriteOutcome outcome = Page("a 1 1900000000000\nb 2\n");
  EXPECT_EQ(outcome.error, "");
  EXPECT_FALSE(storage_.Last("a{instance=\"i\", job=\"j\"}"));
  EXPECT_EQ(metrics_.out_of_bounds.value(), 1);
}

TEST_F(TargetWriterTest, OfTheSameSeriesTwiceTheFirstCounts) {
  Configure("");
  for (int i = 0; i < 2; ++i) {
    const WriteOutcome outcome = Page("a 1\na 2\n");
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.scraped, 2u);
    EXPECT_EQ(outcome.after_relabeling, 2u);
    EXPECT_EQ(storage_.Last("a{instance=\"i\", job=\"j\"}"), 1);
  }
  EXPECT_EQ(metrics_.duplicate_timestamp.value(), 2);
}

TEST_F(TargetWriterTest, ConflictingLabelsAreRenamedOrHonored) {
  Configure("", Labels{{"zone", "t"}});
  Page("a{job=\"x\",exported_job=\"y\",zone=\"\"} 1\n");
  EXPECT_EQ(storage_.Last("a{exported_exported_job=\"x\", exported_job=\"y\", instance=\"i\", "
                          "job=\"j\", zone=\"t\"}"),
            1);
  Configure("  honor_labels: true\n", Labels{{"zone", "t"}});
  Page("h{job=\"x\",zone=\"\"} 1\n");
  EXPECT_EQ(storage_.Last("h{instance=\"i\", job=\"x\"}"), 1);
}

TEST_F(TargetWriterTest, MetricRelabelingDropsAndRenames) {
  Configure(
      "  sample_limit: 2\n  metric_relabel_configs:\n"
      "  - {source_labels: [__name__], regex: 'drop_.*', action: drop}\n"
      "  - {source_labels: [__name__], regex: 'old_(.*)', target_label: __name__, replacement: "
      "'new_$1'}\n");
  for (int i = 0; i < 2; ++i) {
    const WriteOutcome outcome = Page("drop_a 1\ndrop_b 1\nold_a 1\nold_b 2\n");
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.scraped, 4u);
    EXPECT_EQ(outcome.after_relabeling, 2u);
  }
  EXPECT_EQ(storage_.Last("new_b{instance=\"i\", job=\"j\"}"), 2);
}

TEST_F(TargetWriterTest, LimitsFailTheScrape) {
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"  sample_limit: 1\n", "a 1\nb 2\n", "sample limit exceeded"},
      {"  label_limit: 3\n", "a{x=\"1\"} 1\n",
       "label_limit exceeded (metric: a, number of labels: 4, limit: 3)"},
      {"  label_name_length_limit: 8\n", "a{long_name=\"1\"} 1\n",
       "label_name_length_limit exceeded (metric: a, label name: long_name, length: 9, limit: 8)"},
      {"  label_value_length_limit: 3\n", "a{x=\"1234\"} 1\n",
       "label_value_length_limit exceeded (metric: a, label name: x, value: \"1234\", length: 4, "
       "limit: 3)"},
      {"", "a{x=\"1\",x=\"2\"} 1\n", "label name \"x\" is not unique: invalid sample"},
      {"  metric_name_validation_scheme: legacy\n", "{\"a.b\"} 1\n",
       "invalid metric name or label names: {\"a.b\", instance=\"i\", job=\"j\"}"},
      {"  metric_relabel_configs: [{target_label: __name__, replacement: ''}]\n", "a 1\n",
       "missing metric name (__name__ label)"},
  };
  for (const auto& [config, page, error] : cases) {
    Configure(config);
    EXPECT_EQ(Page(page).error, error) << config;
  }
}

TEST_F(TargetWriterTest, KeepsMetadataForTenScrapes) {
  Configure("");
  Page("# HELP a text\n# TYPE a counter\na 1\n");
  ASSERT_EQ(writer_->Metadata().size(), 1u);
  EXPECT_EQ(writer_->Metadata()[0].metadata.help, "text");
  EXPECT_EQ(storage_.metadata.at("a").type, tsdb::MetricType::kCounter);
  for (int i = 0; i < 10; ++i) Page("b 1\n");
  EXPECT_EQ(writer_->Metadata().size(), 1u);
  Page("b 1\n");
  EXPECT_EQ(writer_->Metadata().size(), 0u);
}

TEST_F(TargetWriterTest, AnEmptyPageIsAPage) {
  Configure("");
  Page("a 1\n");
  const WriteOutcome outcome = Page("");
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(storage_.Last("up{instance=\"i\", job=\"j\"}"), 1);
  EXPECT_TRUE(storage_.EndsStale("a{instance=\"i\", job=\"j\"}"));
}

TEST_F(TargetWriterTest, TheEndMarksReportsToo) {
  Configure("");
  Page("a 1\n");
  writer_->WriteEnd(clock_.Now() + Millis(1000));
  EXPECT_TRUE(storage_.EndsStale("a{instance=\"i\", job=\"j\"}"));
  EXPECT_TRUE(storage_.EndsStale("up{instance=\"i\", job=\"j\"}"));
}

TEST_F(TargetWriterTest, AManyTimesChangedPageStaysRight) {
  Configure("");
  // Series come, go and move; whatever the order, the last value of each is the page's.
  std::uint32_t random = 1;
  for (int round = 0; round < 200; ++round) {
    std::string page;
    std::map<std::string, int> values;
    for (int i = 0; i < 30; ++i) {
      random = random * 1664525 + 1013904223;
      const std::string name = "m" + std::to_string((random >> 16) % 40);
      if (values.contains(name)) continue;
      values[name] = round * 100 + i;
      if ((random >> 8) % 3 == 0) page += "# TYPE " + name + " gauge\n";
      page += name + " " + std::to_string(values[name]) + "\n";
    }
    ASSERT_EQ(Page(page).error, "");
    for (int i = 0; i < 40; ++i) {
      const std::string name = "m" + std::to_string(i);
      const std::string key = name + "{instance=\"i\", job=\"j\"}";
      if (values.contains(name)) {
        ASSERT_EQ(storage_.Last(key), values[name]) << page;
      } else if (storage_.Last(key)) {
        ASSERT_TRUE(storage_.EndsStale(key)) << name;
      }
    }
  }
}

}  // namespace
}  // namespace meerkat::scrape
