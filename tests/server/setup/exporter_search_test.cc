#include "server/setup/exporter_search.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "server/net/same_site.h"
#include "server/setup/listeners.h"

namespace meerkat::setup {
namespace {

TEST(Recognise, NamesAnExporterByMetricsOnlyItHas) {
  const struct {
    const char* page;
    const char* job;
    const char* title;
  } rows[] = {
      {"go_goroutines 7\nnode_exporter_build_info{version=\"1\"} 1\n", "node", "Node exporter"},
      {"# HELP redis_up x\nredis_exporter_scrapes_total 3\nredis_up 1\n", "redis", "Redis"},
      {"pg_exporter_last_scrape_error 0\n", "postgresql", "PostgreSQL"},
      {"flask_app_requests_total{method=\"GET\"} 1\n", "flask", "Flask application"},
      {"made_here 1\n", "app", "/metrics on port 8080"},
  };
  for (const auto& row : rows) {
    const auto found = Recognise(row.page, "127.0.0.1:8080");
    ASSERT_TRUE(found) << row.page;
    EXPECT_EQ(found->job, row.job);
    EXPECT_EQ(found->title, row.title);
    EXPECT_EQ(found->address, "127.0.0.1:8080");
  }
}

TEST(Recognise, CountsSamplesNotComments) {
  const auto found = Recognise("# TYPE a counter\na 1\n\na{b=\"c\"} 2\n# EOF\n", "127.0.0.1:1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->samples, 2u);
}

TEST(Recognise, WhatIsNoPageOfMetricsIsNothing) {
  for (const char* page : {"", "# only words\n", "<html>\n", "hello\n", "{\"a\": 1}\n"})
    EXPECT_FALSE(Recognise(page, "127.0.0.1:1")) << page;
}

TEST(ListeningPorts, AreThoseTheLoopbackReaches) {
  const auto proc = std::filesystem::path(testing::TempDir()) / "listening-ports";
  std::filesystem::create_directories(proc / "net");
  std::ofstream(proc / "net" / "tcp")
      << "  sl  local_address rem_address   st tx_queue\n"
         "   0: 0100007F:23C1 00000000:0000 0A 00000000:00000000\n"   // 127.0.0.1:9153
         "   1: 00000000:23A1 00000000:0000 0A 00000000:00000000\n"   // 0.0.0.0:9121
         "   2: 0200000A:1F90 00000000:0000 0A 00000000:00000000\n"   // 10.0.0.2:8080
         "   3: 0100007F:C001 0100007F:23C1 01 00000000:00000000\n";  // connected
  std::ofstream(proc / "net" / "tcp6")
      << "  sl  local_address rem_address   st\n"
         "   0: 00000000000000000000000000000000:23C1 00000000000000000000000000000000:0000 0A\n"
         "   1: 0000000000000000FFFF00000100007F:1388 00000000000000000000000000000000:0000 0A\n"
         "   2: 000080FE00000000FFFF0000010000FE:1389 00000000000000000000000000000000:0000 0A\n";
  EXPECT_EQ(ListeningPorts(proc), (std::vector<std::uint16_t>{5000, 9121, 9153}));
  std::filesystem::remove_all(proc);
  EXPECT_TRUE(ListeningPorts(proc).empty());
}

TEST(CrossSite, IsWhatABrowserSaysOfItself) {
  const struct {
    net::Headers headers;
    bool cross;
  } rows[] = {
      {{{"Host", "a:9090"}}, false},  // no browser
      {{{"Host", "a:9090"}, {"Sec-Fetch-Site", "same-origin"}}, false},
      {{{"Host", "a:9090"}, {"Sec-Fetch-Site", "none"}}, false},
      {{{"Host", "a:9090"}, {"Sec-Fetch-Site", "cross-site"}}, true},
      {{{"Host", "a:9090"}, {"Sec-Fetch-Site", "same-site"}}, true},
      {{{"Host", "a:9090"}, {"Origin", "http://A:9090"}}, false},
      {{{"Host", "a:9090"}, {"Origin", "http://b:9090"}}, true},
      {{{"Host", "a:9090"}, {"Origin", "null"}}, true},
  };
  for (const auto& row : rows) {
    net::Request request;
    request.headers = row.headers;
    EXPECT_EQ(net::IsCrossSite(request), row.cross) << row.headers.fields().back().second;
  }
}

}  // namespace
}  // namespace meerkat::setup
