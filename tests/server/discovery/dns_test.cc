#include <gtest/gtest.h>

#include <condition_variable>
#include <future>

#include "base/mutex.h"
#include "server/discovery/dns_discovery.h"
#include "server/discovery/dns_lookup.h"
#include "server/net/system_clock.h"
#include "tests/server/net/dnsmasq.h"

namespace meerkat::discovery {
namespace {

using Type = DnsSd::Type;

class DnsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!dns_.installed()) GTEST_SKIP() << "dnsmasq is not installed";
    ASSERT_TRUE(dns_.running());
  }
  std::string Lookup(const std::string& name, Type type) {
    const auto records = LookupDns(name, type, dns_.options());
    if (!records) return records.error().message();
    std::string text;
    for (const DnsRecord& record : *records) {
      text += record.host + (type == Type::kSrv ? ":" + std::to_string(record.port) : "") + " ";
    }
    return text;
  }

  net::Dnsmasq dns_;
};

TEST_F(DnsTest, ReadsEveryKindOfRecord) {
  EXPECT_EQ(Lookup("both.test", Type::kA), "127.0.0.1 ");
  EXPECT_EQ(Lookup("both.test", Type::kAaaa), "::1 ");
  EXPECT_EQ(Lookup("_web._tcp.test", Type::kSrv), "both.test.:8080 ");
  EXPECT_EQ(Lookup("mail.test", Type::kMx), "mx1.test. ");
  EXPECT_EQ(Lookup("ns.test", Type::kNs), "ns1.test. ");
  EXPECT_EQ(Lookup("none.test", Type::kA), "") << "no such name is no records";
}

// Behind a headless service of Kubernetes stand as many addresses as it has pods.
TEST(DnsAnswer, EveryAddressOfALongOneCounts) {
  constexpr int kAddresses = 3000;
  const auto two = [](int value) {
    return std::string{static_cast<char>(value >> 8), static_cast<char>(value)};
  };
  std::string message = two(7) + two(0x8180) + two(1) + two(kAddresses) + two(0) + two(0) +
                        std::string("\1a\4test\0\0\1\0\1", 12);
  for (int i = 0; i < kAddresses; ++i) {
    message += two(0xc00c) + two(1) + two(1) + two(0) + two(60) + two(4) + two(10 << 8) + two(i);
  }
  const auto records = ParseDnsAnswer(Type::kA, message);
  ASSERT_TRUE(records) << records.error().message();
  ASSERT_EQ(records->size(), static_cast<std::size_t>(kAddresses));
  EXPECT_EQ(records->back().host, "10.0.11.183");
  EXPECT_FALSE(ParseDnsAnswer(Type::kA, std::string_view(message).substr(0, 60)));
}

TEST_F(DnsTest, TargetsStayWhenTheServerDoesNotAnswer) {
  net::IoThread io;
  net::ThreadPool blocking{"test", 2};
  net::SystemClock clock(io);
  Registry registry;
  const DiscoveryContext context{io, blocking, clock, registry, Logger::Silent(), dns_.options()};
  DnsSd config;
  config.names = {"_web._tcp.test"};
  config.refresh_interval = Millis(20);
  const auto source = std::make_shared<DnsDiscovery>(context, config, "j");
  Mutex mu;
  std::condition_variable_any news;
  std::vector<TargetGroup> last;
  int updates = 0;
  io.Post([&] {
    source->Start([&](std::vector<TargetGroup> groups) {
      const MutexLock lock(mu);
      last = std::move(groups);
      ++updates;
      news.notify_all();
    });
  });
  const auto wait_for_more = [&](int more) {
    mu.Lock();
    const int wanted = updates + more;
    while (updates < wanted) news.wait(mu);
    mu.Unlock();
  };
  wait_for_more(1);
  dns_.Stop();
  wait_for_more(2);
  std::promise<void> stopped;
  io.Post([&] {
    source->Stop();
    stopped.set_value();
  });
  stopped.get_future().wait();
  io.Stop();
  blocking.Stop();
  ASSERT_EQ(last.size(), 1u);
  ASSERT_EQ(last[0].targets.size(), 1u);
  EXPECT_EQ(last[0].targets[0].ToString(),
            "{__address__=\"both.test:8080\", __meta_dns_name=\"_web._tcp.test\", "
            "__meta_dns_srv_record_port=\"8080\", __meta_dns_srv_record_target=\"both.test.\"}");
  EXPECT_GE(registry.counter("prometheus_sd_dns_lookup_failures_total", "").value(), 1);
}

}  // namespace
}  // namespace meerkat::discovery
