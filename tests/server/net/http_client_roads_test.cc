// The ways a request can take: proxies, sockets, other hosts; and what servers may do to a client.
// Beside our own server there is a plain one that answers with bytes.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <thread>

#include "base/mutex.h"
#include "server/net/base64.h"
#include "server/net/body_budget.h"
#include "server/net/compression.h"
#include "server/net/http_client.h"
#include "server/net/url.h"

namespace meerkat::net {
namespace {

// Gives each request's head and body to a function and sends what it returns. One connection after
// the other.
class PlainServer {
 public:
  using Answer = std::function<std::string(const std::string& head, const std::string& body)>;

  explicit PlainServer(Answer answer, const std::string& unix_path = "")
      : answer_(std::move(answer)) {
    if (unix_path.empty()) {
      listening_ = socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      socklen_t size = sizeof address;
      bind(listening_, reinterpret_cast<sockaddr*>(&address), size);
      getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
      address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    } else {
      listening_ = socket(AF_UNIX, SOCK_STREAM, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      unix_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
      bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    listen(listening_, 8);
    thread_ = std::thread([this] { Run(); });
  }
  ~PlainServer() {
    shutdown(listening_, SHUT_RDWR);
    thread_.join();
    close(listening_);
  }
  PlainServer(const PlainServer&) = delete;
  PlainServer& operator=(const PlainServer&) = delete;

  const std::string& address() const { return address_; }
  std::vector<std::string> heads() const {
    const MutexLock lock(mu_);
    return heads_;
  }

  static std::string Ok(const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

 private:
  void Run() {
    for (;;) {
      const int connection = accept(listening_, nullptr, nullptr);
      if (connection < 0) return;
      Serve(connection);
      close(connection);
    }
  }
  // Requests until the client leaves; a "Connection: close" or nothing to say ends it.
  void Serve(int connection) {
    std::string text;
    for (;;) {
      std::size_t end = 0;
      while ((end = text.find("\r\n\r\n")) == std::string::npos) {
        if (!Read(connection, text)) return;
      }
      const std::string head = text.substr(0, end);
      text.erase(0, end + 4);
      const std::size_t length = head.find("Content-Length: ");
      const std::size_t size =
          length == std::string::npos ? 0 : std::strtoull(head.c_str() + length + 16, nullptr, 10);
      while (text.size() < size) {
        if (!Read(connection, text)) return;
      }
      const std::string body = text.substr(0, size);
      text.erase(0, size);
      {
        const MutexLock lock(mu_);
        heads_.push_back(head);
      }
      const std::string answer = answer_(head, body);
      for (std::size_t at = 0; at < answer.size();) {
        const ssize_t sent = send(connection, answer.data() + at, answer.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) return;
        at += static_cast<std::size_t>(sent);
      }
      if (answer.empty() || answer.find("Connection: close") != std::string::npos) return;
    }
  }
  static bool Read(int connection, std::string& text) {
    char buffer[4096];
    const ssize_t count = read(connection, buffer, sizeof buffer);
    if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
    return count > 0;
  }

  const Answer answer_;
  int listening_ = -1;
  std::string address_;
  std::thread thread_;
  mutable Mutex mu_;
  std::vector<std::string> heads_ GUARDED_BY(mu_);
};

bool Has(const std::string& head, const std::string& line) {
  return (head + "\r\n").find("\r\n" + line + "\r\n") != std::string::npos;
}

class HttpClientRoadsTest : public testing::Test {
 protected:
  void TearDown() override {
    io_.Stop();
    pool_.Stop();
  }
  Result<ClientResponse> Get(const HttpClientConfig& config, const std::string& url,
                             HttpClientOptions options = {}) {
    HttpClient client(io_, pool_, config, std::move(options));
    ClientRequest request;
    request.url = url;
    request.timeout = std::chrono::seconds(20);
    request.max_body_bytes = 1 << 20;
    return BlockOn(io_, client.Fetch(std::move(request)));
  }

  IoThread io_;
  ThreadPool pool_{"pool", 2};
};

TEST_F(HttpClientRoadsTest, AProxyIsAskedForTheWholeUrl) {
  PlainServer proxy([](const auto&, const auto&) { return PlainServer::Ok("by proxy"); });
  HttpClientConfig config;
  config.proxy.url = "http://me:secret@" + proxy.address();
  config.basic_auth = BasicAuth{"u", "", SecretSource{Secret("p"), ""}};
  auto got = Get(config, "http://target.test/metrics?a=b");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->body, "by proxy");
  const std::string head = proxy.heads().at(0);
  EXPECT_TRUE(head.starts_with("GET http://target.test/metrics?a=b HTTP/1.1\r\n")) << head;
  EXPECT_TRUE(Has(head, "Host: target.test")) << head;
  EXPECT_TRUE(Has(head, "Proxy-Authorization: Basic " + Base64Encode("me:secret"))) << head;
  EXPECT_TRUE(Has(head, "Authorization: Basic " + Base64Encode("u:p"))) << head;
}

TEST_F(HttpClientRoadsTest, SecureTargetsAreReachedThroughATunnel) {
  PlainServer proxy([](const auto&, const auto&) {
    return std::string(
        "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n");
  });
  HttpClientConfig config;
  config.proxy.url = "http://me:secret@" + proxy.address();
  config.proxy.connect_headers = {{"X-Team", {Secret("a"), Secret("b")}}};
  config.basic_auth = BasicAuth{"u", "", SecretSource{Secret("p"), ""}};
  auto got = Get(config, "https://target.test/metrics");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message(),
            "Get \"https://target.test/metrics\": Proxy Authentication Required");
  const std::string head = proxy.heads().at(0);
  EXPECT_TRUE(head.starts_with("CONNECT target.test:443 HTTP/1.1\r\n")) << head;
  EXPECT_TRUE(Has(head, "Proxy-Authorization: Basic " + Base64Encode("me:secret"))) << head;
  EXPECT_TRUE(Has(head, "X-Team: a") && Has(head, "X-Team: b")) << head;
  EXPECT_EQ(head.find("\r\nAuthorization:"), std::string::npos)
      << "the target's secret is not the proxy's business: " << head;
}

TEST_F(HttpClientRoadsTest, WhatComesRightBehindATunnelsHeaderIsTheTargets) {
  // No TLS: the handshake must see it, and not wait for something else.
  PlainServer proxy(
      [](const auto&, const auto&) { return "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 400 Bad\r\n\r\n"; });
  HttpClientConfig config;
  config.proxy.url = "http://" + proxy.address();
  auto got = Get(config, "https://target.test/metrics");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message(),
            "Get \"https://target.test/metrics\": http: server gave HTTP response to HTTPS client");
}

TEST_F(HttpClientRoadsTest, SomeHostsNeedNoProxy) {
  PlainServer target([](const auto&, const auto&) { return PlainServer::Ok("direct"); });
  PlainServer proxy([](const auto&, const auto&) { return PlainServer::Ok("by proxy"); });
  HttpClientConfig config;
  config.proxy.url = "http://" + proxy.address();
  EXPECT_EQ(Get(config, "http://" + target.address() + "/")->body, "by proxy");
  for (const char* list : {"127.0.0.0/8", "127.0.0.1", "x.test, *"}) {
    config.proxy.no_proxy = list;
    EXPECT_EQ(Get(config, "http://" + target.address() + "/")->body, "direct") << list;
  }
  config.proxy.no_proxy = "example.test";
  EXPECT_EQ(Get(config, "http://other.test/")->body, "by proxy");
}

TEST_F(HttpClientRoadsTest, AUnixSocketStandsForEveryHost) {
  const auto path =
      std::filesystem::temp_directory_path() / ("roads-" + std::to_string(getpid()) + ".sock");
  std::filesystem::remove(path);
  {
    PlainServer engine([](const auto&, const auto&) { return PlainServer::Ok("here"); }, path);
    auto got = Get({}, "http://localhost/containers/json", {.unix_socket = path.string()});
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->body, "here");
    EXPECT_TRUE(engine.heads().at(0).starts_with("GET /containers/json HTTP/1.1\r\n"));
  }
  std::filesystem::remove(path);
  auto gone = Get({}, "http://localhost/", {.unix_socket = path.string()});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().message(), "Get \"http://localhost/\": dial unix " + path.string() +
                                        ": connect: no such file or directory");
}

TEST_F(HttpClientRoadsTest, SecretsStayWithTheHostTheyAreFor) {
  PlainServer other([](const auto&, const auto&) { return PlainServer::Ok("there"); });
  PlainServer first([&other](const std::string& head, const auto&) {
    const bool again = head.starts_with("GET /again");
    return "HTTP/1.1 302 Found\r\nLocation: " +
           (again ? "http://" + other.address() + "/there" : std::string("/again")) +
           "\r\nContent-Length: 0\r\n\r\n";
  });
  HttpClientConfig config;
  config.authorization =
      Authorization{.type = "Bearer", .credentials = {.value = Secret("t0k"), .file = {}}};
  auto got = Get(config, "http://" + first.address() + "/begin");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->body, "there");
  ASSERT_EQ(first.heads().size(), 2U);
  EXPECT_TRUE(Has(first.heads()[1], "Authorization: Bearer t0k")) << first.heads()[1];
  EXPECT_EQ(other.heads().at(0).find("Authorization"), std::string::npos) << other.heads()[0];
}

TEST_F(HttpClientRoadsTest, TokensAreBoughtWithASignedAssertion) {
  EVP_PKEY* const key = EVP_RSA_gen(2048);
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  const std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(bio);

  std::string form;
  PlainServer tokens([&form](const auto&, const std::string& body) {
    form = body;
    return PlainServer::Ok(R"({"access_token":"bought","expires_in":3600})");
  });
  PlainServer target([](const auto&, const auto&) { return PlainServer::Ok("x"); });
  HttpClientConfig config;
  config.oauth2 = Oauth2Config{};
  config.oauth2->client_id = "robot";
  config.oauth2->token_url = "http://" + tokens.address() + "/token";
  config.oauth2->grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  config.oauth2->client_certificate_key = {.value = Secret(pem), .file = {}};
  config.oauth2->client_certificate_key_id = "k1";
  config.oauth2->claims = {{"extra", "\"y\""}};
  config.oauth2->scopes = {"a", "b"};
  auto got = Get(config, "http://" + target.address() + "/");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_TRUE(Has(target.heads().at(0), "Authorization: Bearer bought")) << target.heads()[0];

  const Params sent = Params::Parse(form);
  EXPECT_EQ(sent.Get("grant_type"), config.oauth2->grant_type);
  const std::string assertion(sent.Get("assertion"));
  const std::size_t last = assertion.rfind('.');
  const std::size_t first = assertion.find('.');
  ASSERT_NE(first, last);
  const auto decode = [](std::string part) {
    for (char& c : part) c = c == '-' ? '+' : c == '_' ? '/' : c;
    while (part.size() % 4 != 0) part += '=';
    return Base64Decode(part).value_or("");
  };
  EXPECT_EQ(decode(assertion.substr(0, first)), R"({"alg":"RS256","typ":"JWT","kid":"k1"})");
  const std::string claims = decode(assertion.substr(first + 1, last - first - 1));
  for (const char* claim : {R"("iss":"robot")", R"("sub":"robot")", R"("scope":"a b")",
                            R"("extra":"y")", R"("exp":)"}) {
    EXPECT_NE(claims.find(claim), std::string::npos) << claims;
  }
  const std::string text = assertion.substr(0, last);
  const std::string signature = decode(assertion.substr(last + 1));
  EVP_MD_CTX* const check = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(check, nullptr, EVP_sha256(), nullptr, key);
  EXPECT_EQ(EVP_DigestVerify(check, reinterpret_cast<const unsigned char*>(signature.data()),
                             signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                             text.size()),
            1);
  EVP_MD_CTX_free(check);
  EVP_PKEY_free(key);
}

TEST_F(HttpClientRoadsTest, EndlessHeadersEnd) {
  PlainServer server([](const auto&, const auto&) {
    std::string answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    for (int i = 0; i < 40000; ++i) answer += "X-Padding-" + std::to_string(i) + ": " + "x\r\n";
    return answer + "X-Long: " + std::string(3 << 20, 'x');
  });
  auto got = Get({}, "http://" + server.address() + "/");
  EXPECT_FALSE(got);
}

TEST_F(HttpClientRoadsTest, BodiesAreBoundedBeforeTheyAreKept) {
  // A length that is not true must not be believed, nor a bomb be unpacked.
  const std::string bomb(64 << 20, '\0');
  const std::pair<std::string, std::string> answers[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\nx", "body size limit exceeded"},
      {PlainServer::Ok(Compress(Encoding::kGzip, bomb), "Content-Encoding: gzip\r\n"),
       "body size limit exceeded"},
      {PlainServer::Ok(Compress(Encoding::kZstd, bomb), "Content-Encoding: zstd\r\n"),
       "body size limit exceeded"},
      {PlainServer::Ok(Compress(Encoding::kDeflate, bomb), "Content-Encoding: deflate\r\n"),
       "body size limit exceeded"},
  };
  for (const auto& [answer, error] : answers) {
    PlainServer server([&body = answer](const auto&, const auto&) { return body; });
    auto got = Get({}, "http://" + server.address() + "/");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().message(), error);
  }
}

TEST_F(HttpClientRoadsTest, BodiesInFlightShareABudget) {
  const auto budget = std::make_shared<BodyBudget>(256 << 10);
  BodyLease other(budget);
  ASSERT_TRUE(other.Hold(100 << 10));
  PlainServer server([](const auto&, const auto&) {
    return PlainServer::Ok(std::string(200 << 10, 'x'), "Connection: close\r\n");
  });
  const auto get = [&] {
    HttpClient client(io_, pool_, {});
    BodyLease lease(budget);
    ClientRequest request;
    request.url = "http://" + server.address() + "/";
    request.lease = &lease;
    return BlockOn(io_, client.Fetch(std::move(request)));
  };
  auto got = get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message(), kBodyMemory);
  other.Release();
  got = get();
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->body.size(), 200U << 10);
  EXPECT_EQ(budget->free(), 256U << 10);
}

// A scrape that is waiting when the server stops ends after all else.
TEST(BodyLease, KeepsTheBudgetItGivesBackTo) {
  auto budget = std::make_shared<BodyBudget>(256 << 10);
  const std::weak_ptr<BodyBudget> known = budget;
  auto lease = std::make_unique<BodyLease>(std::move(budget));
  EXPECT_TRUE(lease->Hold(1));
  ASSERT_FALSE(known.expired());
  EXPECT_LT(known.lock()->free(), 256U << 10);
  lease.reset();
  EXPECT_TRUE(known.expired());
}

TEST_F(HttpClientRoadsTest, MembersOfAGzipBodyAreJoined) {
  PlainServer server([](const auto&, const auto&) {
    return PlainServer::Ok(Compress(Encoding::kGzip, "a 1\n") + Compress(Encoding::kGzip, "b 2\n"),
                           "Content-Encoding: gzip\r\n");
  });
  auto got = Get({}, "http://" + server.address() + "/");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->body, "a 1\nb 2\n");
}

TEST_F(HttpClientRoadsTest, InterimAnswersAndTrailersArePassedOver) {
  PlainServer server([](const auto&, const auto&) {
    return "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
           "4;note=1\r\na 1\n\r\n0\r\nX-Sum: 1\r\n\r\n";
  });
  HttpClient client(io_, pool_, {});
  for (int i = 0; i < 2; ++i) {  // the connection is fit for another
    ClientRequest request;
    request.url = "http://" + server.address() + "/";
    auto got = BlockOn(io_, client.Fetch(std::move(request)));
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->status, 200);
    EXPECT_EQ(got->body, "a 1\n");
  }
}

TEST_F(HttpClientRoadsTest, EveryCodingIsUndone) {
  for (const Encoding encoding : {Encoding::kGzip, Encoding::kZstd, Encoding::kDeflate}) {
    PlainServer server([encoding](const auto&, const auto&) {
      return PlainServer::Ok(Compress(encoding, "m 1\n"),
                             "Content-Encoding: " + std::string(NameOf(encoding)) + "\r\n");
    });
    auto got = Get({}, "http://" + server.address() + "/");
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->body, "m 1\n");
  }
}

}  // namespace
}  // namespace meerkat::net
