#include "server/net/resolver.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

#include "server/net/dial.h"
#include "tests/server/net/dnsmasq.h"

namespace meerkat::net {
namespace {

class ResolverTest : public testing::Test {
 protected:
  void TearDown() override {
    io_.Stop();
    pool_.Stop();
  }
  // The addresses, or the error.
  std::string Resolve(Resolver& resolver, const std::string& host) {
    auto found = BlockOn(io_, resolver.Resolve(host, 80));
    if (!found) return found.error().message();
    std::string text;
    for (const Address& address : *found) text += address.text + " ";
    return text;
  }

  IoThread io_;
  ThreadPool pool_{"pool", 2};
};

TEST_F(ResolverTest, LiteralAddressesNeedNoServer) {
  Resolver resolver(pool_, {.servers = "127.0.0.1:1", .timeout = Millis(1000), .tries = 1});
  EXPECT_EQ(Resolve(resolver, "127.0.0.1"), "127.0.0.1:80 ");
  EXPECT_EQ(Resolve(resolver, "::1"), "[::1]:80 ");
  EXPECT_EQ(Resolve(resolver, "2001:db8::1"), "[2001:db8::1]:80 ");
}

TEST_F(ResolverTest, LocalhostIsThisHost) {
  Resolver resolver(pool_);
  const std::string found = Resolve(resolver, "localhost");
  EXPECT_NE(found.find("127.0.0.1:80"), std::string::npos) << found;
}

TEST_F(ResolverTest, AnswersAreKeptAsLongAsTheySay) {
  Dnsmasq dns;
  if (!dns.installed()) GTEST_SKIP() << "dnsmasq is not installed";
  ASSERT_TRUE(dns.running());
  Resolver resolver(pool_, dns.options());
  const std::string both = Resolve(resolver, "both.test");
  EXPECT_NE(both.find("127.0.0.1:80"), std::string::npos) << both;
  EXPECT_NE(both.find("[::1]:80"), std::string::npos) << both;
  const std::string none = Resolve(resolver, "none.test");
  EXPECT_TRUE(none.starts_with("lookup none.test") && none.ends_with(": no such host")) << none;
  EXPECT_NE(Resolve(resolver, "short.test").find("127.0.0.1:80"), std::string::npos);
  dns.Stop();
  EXPECT_EQ(Resolve(resolver, "both.test"), both) << "the answer is good for a minute";
  const std::string gone = Resolve(resolver, "short.test");
  EXPECT_TRUE(gone.starts_with("lookup short.test"))
      << "one without a lifetime is not kept: " << gone;
}

TEST_F(ResolverTest, TheOtherFamilyIsTriedWhenTheFirstFails) {
  using boost::asio::ip::tcp;
  boost::asio::io_context context;
  tcp::acceptor listening(context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  Resolver resolver(pool_);
  const std::uint16_t port = listening.local_endpoint().port();
  std::vector<Address> addresses;
  for (const char* host : {"::1", "127.0.0.1"}) {
    auto found = BlockOn(io_, resolver.Resolve(host, port));
    ASSERT_TRUE(found);
    addresses.push_back(found->front());
  }
  auto stream = BlockOn(io_, Dial(io_, addresses, std::chrono::seconds(10)));
  EXPECT_TRUE(stream) << stream.error().message();
  std::swap(addresses[0], addresses[1]);
  stream = BlockOn(io_, Dial(io_, addresses, std::chrono::seconds(10)));
  EXPECT_TRUE(stream) << stream.error().message();
  listening.close();
  stream = BlockOn(io_, Dial(io_, addresses, std::chrono::seconds(10)));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().message(),
            "dial tcp 127.0.0.1:" + std::to_string(port) + ": connect: connection refused");
}

}  // namespace
}  // namespace meerkat::net
