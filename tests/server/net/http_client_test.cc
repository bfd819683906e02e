#include "server/net/http_client.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>

#include "server/net/compression.h"
#include "server/net/server.h"

namespace meerkat::net {
namespace {

struct KeyPair {
  std::string cert, key;
};

// A certificate for localhost and 127.0.0.1 that vouches for itself.
KeyPair MakeKeyPair() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_pubkey(cert, key);
  X509_NAME* name = X509_get_subject_name(cert);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(cert, name);
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, cert, cert, nullptr, nullptr, 0);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_add_ext(cert, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(cert, key, EVP_sha256());
  KeyPair pair;
  const auto take = [](BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  };
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, cert);
  pair.cert = take(bio);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  pair.key = take(bio);
  X509_free(cert);
  EVP_PKEY_free(key);
  return pair;
}

class HttpClientTest : public testing::Test {
 protected:
  void SetUp() override {
    router_.Get("/ok", [this](const Request& request, std::stop_token) {
      last_ = request;
      return Response::Text(200, "fine");
    });
    router_.Post("/echo", [](const Request& request, std::stop_token) {
      return Response::Text(200, request.body);
    });
    router_.Get("/fails",
                [](const Request&, std::stop_token) { return Response::Text(500, "no"); });
    router_.Get("/large", [](const Request&, std::stop_token) {
      return Response::Text(200, std::string(300000, 'x'));
    });
    router_.Get("/moved", [](const Request&, std::stop_token) {
      return Response::Redirect(302, "/ok?after=1");
    });
    router_.Get("/round",
                [](const Request&, std::stop_token) { return Response::Redirect(302, "/round"); });
    router_.Get("/waits", [](const Request&, std::stop_token) {
      auto stream = std::make_shared<PushStream>();
      Response response;
      response.body = stream;  // nothing ever comes
      stream->Push("begun");
      return response;
    });
    router_.Post("/token", [this](const Request& request, std::stop_token) {
      ++tokens_;
      last_ = request;
      return Response::Json(200, R"({"access_token":"t0k","token_type":"bearer","expires_in":60})");
    });
  }

  void TearDown() override {
    if (server_ != nullptr) server_->Stop();
    io_.Stop();
    pool_.Stop();
  }

  std::string Start(std::shared_ptr<const WebConfig> config = nullptr) {
    ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    ServerHooks hooks;
    if (config != nullptr) {
      hooks.web_config = [config]() -> Result<std::shared_ptr<const WebConfig>> {
        return {config};
      };
    }
    auto made = Server::Listen(io_, Lanes{pool_, pool_, pool_}, router_, options, hooks, registry_,
                               Logger::Silent());
    EXPECT_TRUE(made.ok());
    server_ = std::move(*made);
    server_->Start();
    return server_->addresses()[0];
  }

  Result<ClientResponse> Fetch(HttpClient& client, ClientRequest request) {
    return BlockOn(io_, client.Fetch(std::move(request)));
  }
  Result<ClientResponse> Get(HttpClient& client, const std::string& url) {
    ClientRequest request;
    request.url = url;
    return Fetch(client, std::move(request));
  }

  IoThread io_;
  ThreadPool pool_{"pool", 4};
  Registry registry_;
  Router router_;
  std::unique_ptr<Server> server_;
  Request last_;
  std::atomic<int> tokens_{0};
};

TEST_F(HttpClientTest, KeepsItsConnection) {
  const std::string address = Start();
  HttpClient client(io_, pool_, {});
  for (int i = 0; i < 3; ++i) {
    auto got = Get(client, "http://" + address + "/ok?a=b");
    ASSERT_TRUE(got.ok()) << got.error().message();
    EXPECT_EQ(got->body, "fine");
    EXPECT_EQ(got->StatusLine(), "200 OK");
  }
  EXPECT_EQ(server_->connections(), 1U);
  EXPECT_EQ(last_.headers.Get("User-Agent"), "Prometheus/3.14.0");
  EXPECT_EQ(last_.headers.Get("Accept-Encoding"), "gzip");
  EXPECT_EQ(last_.headers.Get("Host"), address);
}

TEST_F(HttpClientTest, FailuresSpeakAsGoDoes) {
  const std::string address = Start();
  HttpClient client(io_, pool_, {});
  struct Case {
    std::string url;
    std::string error;
  };
  const Case cases[] = {
      {"http://127.0.0.1:1/metrics",
       "Get \"http://127.0.0.1:1/metrics\": dial tcp 127.0.0.1:1: connect: connection refused"},
      {"http://[::1]:1/metrics",
       "Get \"http://[::1]:1/metrics\": dial tcp [::1]:1: connect: connection refused"},
      {"ftp://x/", "Get \"ftp://x/\": unsupported protocol scheme \"ftp\""},
      {"http://u:p@127.0.0.1:1/",
       "Get \"http://u:xxxxx@127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: connection refused"},
      {"https://" + address + "/ok",
       "Get \"https://" + address + "/ok\": http: server gave HTTP response to HTTPS client"},
      {"http://" + address + "/round",
       "Get \"http://" + address + "/round\": stopped after 10 redirects"},
  };
  for (const Case& c : cases) {
    auto got = Get(client, c.url);
    ASSERT_FALSE(got.ok()) << c.url;
    EXPECT_EQ(got.error().message(), c.error);
  }
}

TEST_F(HttpClientTest, ItsConnectionsAreCountedUnderItsName) {
  const std::string address = Start();
  Registry counts;
  const auto count = [&counts](const std::string& what, const char* reason = nullptr) {
    Labels labels = {{"dialer_name", "shop"}};
    if (reason != nullptr) labels = {{"dialer_name", "shop"}, {"reason", reason}};
    return counts.counter("net_conntrack_dialer_conn_" + what + "_total", "", labels).value();
  };
  {
    HttpClient client(io_, pool_, {}, HttpClientOptions::CountedAs("shop", counts));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(Get(client, "http://" + address + "/ok").ok());
    EXPECT_EQ(count("attempted"), 1);
    EXPECT_EQ(count("established"), 1);
    EXPECT_EQ(count("closed"), 0) << "it rests";
    EXPECT_FALSE(Get(client, "http://127.0.0.1:1/").ok());
    EXPECT_FALSE(Get(client, "http://nobody..here:1/").ok());
    EXPECT_FALSE(Get(client, "https://" + address + "/ok").ok()) << "made, then of no use";
    EXPECT_EQ(count("attempted"), 4);
    EXPECT_EQ(count("established"), 2);
    EXPECT_EQ(count("failed", "refused"), 1);
    EXPECT_EQ(count("failed", "resolution"), 1);
    EXPECT_EQ(count("failed", "timeout"), 0);
  }
  std::promise<void> passed;  // the client's connections are closed on the io thread
  io_.Post([&passed] { passed.set_value(); });
  passed.get_future().wait();
  EXPECT_EQ(count("closed"), 2);
}

TEST_F(HttpClientTest, ADeadlineEndsTheExchange) {
  const std::string address = Start();
  HttpClient client(io_, pool_, {});
  ClientRequest request;
  request.url = "http://" + address + "/waits";
  request.timeout = Millis(1000);  // the header has come by then
  auto got = Fetch(client, std::move(request));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), Code::kTimeout);
  EXPECT_EQ(got.error().message(), "context deadline exceeded");
}

TEST_F(HttpClientTest, BodiesAreBoundedPlainAndCompressed) {
  const std::string address = Start();
  HttpClient client(io_, pool_, {});
  for (const bool compressed : {true, false}) {
    for (const std::uint64_t limit : {300000, 299999}) {
      ClientRequest request;
      request.url = "http://" + address + "/large";
      request.accept_compressed = compressed;
      request.max_body_bytes = limit;
      auto got = Fetch(client, std::move(request));
      EXPECT_EQ(got.ok(), limit == 300000);
      if (got) {
        EXPECT_EQ(got->body.size(), 300000U);
      } else {
        EXPECT_EQ(got.error().message(), "body size limit exceeded");
      }
    }
  }
}

TEST_F(HttpClientTest, FollowsRedirectsUnlessToldNotTo) {
  const std::string address = Start();
  HttpClient client(io_, pool_, {});
  auto got = Get(client, "http://" + address + "/moved");
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->body, "fine");
  EXPECT_EQ(got->url, "http://" + address + "/ok?after=1");
  HttpClientConfig stay;
  stay.follow_redirects = false;
  HttpClient staying(io_, pool_, stay);
  EXPECT_EQ(Get(staying, "http://" + address + "/moved")->status, 302);
}

TEST_F(HttpClientTest, ARepeatedRequestGetsTheSameAnswers) {
  const std::string address = Start();
  HttpClient client(io_, pool_, {});
  const std::string urls[] = {
      "http://" + address + "/ok?a=b", "http://" + address + "/moved",
      "http://" + address + "/fails",  "http://" + address + "/large",
      "http://" + address + "/round",  "http://u:p@127.0.0.1:1/metrics",
      "https://" + address + "/ok",
  };
  for (const std::string& url : urls) {
    SCOPED_TRACE(url);
    ClientRequest request;
    request.url = url;
    request.accept_compressed = false;
    request.max_body_bytes = 299999;
    request.headers.Set("Accept", "text/plain");
    const auto expected = Fetch(client, request);
    request.decode = false;  // as scrapes ask
    for (int i = 0; i < 3; ++i) {
      if (i == 2) request.headers.Set("Accept", "text/html");
      auto got = Fetch(client, request);
      ASSERT_EQ(got.ok(), expected.ok());
      if (!got) {
        EXPECT_EQ(got.error().message(), expected.error().message());
        continue;
      }
      EXPECT_EQ(got->StatusLine(), expected->StatusLine());
      EXPECT_EQ(got->body, expected->body);
      EXPECT_EQ(got->url, expected->url);
      if (got->status == 200) {
        EXPECT_EQ(last_.headers.Get("Accept"), i == 2 ? "text/html" : "text/plain");
      }
    }
  }
}

TEST_F(HttpClientTest, SendsBodies) {
  const std::string address = Start();
  HttpClient client(io_, pool_, {});
  ClientRequest request;
  request.method = "POST";
  request.url = "http://" + address + "/echo";
  request.body = std::string(1 << 20, 'b');
  auto got = Fetch(client, std::move(request));
  ASSERT_TRUE(got.ok()) << got.error().message();
  EXPECT_EQ(got->body.size(), 1U << 20);
}

TEST_F(HttpClientTest, SecretsAreReadAgainFromTheirFiles) {
  const std::string address = Start();
  const auto file =
      std::filesystem::temp_directory_path() / ("meerkat-secret-" + std::to_string(getpid()));
  HttpClientConfig config;
  config.basic_auth = BasicAuth{"me", "", SecretSource{Secret(), file.string()}};
  config.http_headers["X-Extra"] = HttpHeaderValues{{"1", "2"}, {Secret("3")}, {}};
  HttpClient client(io_, pool_, config);
  auto without = Get(client, "http://" + address + "/ok");
  ASSERT_FALSE(without.ok());
  EXPECT_NE(without.error().message().find("unable to read basic auth password: open " +
                                           file.string() + ": no such file or directory"),
            std::string::npos)
      << without.error().message();
  std::ofstream(file) << "one\n";
  ASSERT_TRUE(Get(client, "http://" + address + "/ok").ok());
  EXPECT_EQ(last_.headers.Get("Authorization"), "Basic bWU6b25l");
  EXPECT_EQ(last_.headers.All("X-Extra").size(), 3U);
  std::ofstream(file) << "two\n";
  ASSERT_TRUE(Get(client, "http://" + address + "/ok").ok());
  EXPECT_EQ(last_.headers.Get("Authorization"), "Basic bWU6dHdv");
  std::filesystem::remove(file);
}

TEST_F(HttpClientTest, FetchesOneTokenForManyRequests) {
  const std::string address = Start();
  HttpClientConfig config;
  config.oauth2 = Oauth2Config{};
  config.oauth2->client_id = "id";
  config.oauth2->client_secret.value = Secret("s");
  config.oauth2->token_url = "http://" + address + "/token";
  config.oauth2->scopes = {"a", "b"};
  HttpClient client(io_, pool_, config);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Get(client, "http://" + address + "/ok").ok());
  EXPECT_EQ(tokens_.load(), 1);
  EXPECT_EQ(last_.headers.Get("Authorization"), "Bearer t0k");
}

TEST_F(HttpClientTest, ChecksTheServersCertificate) {
  const KeyPair pair = MakeKeyPair();
  auto web = std::make_shared<WebConfig>();
  web->tls.cert = pair.cert;
  web->tls.key.value = Secret(pair.key);
  const std::string address = Start(web);
  const std::string url = "https://" + address + "/ok";
  {
    HttpClient client(io_, pool_, {});
    auto got = Get(client, url);
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().message(), "Get \"" + url +
                                         "\": tls: failed to verify certificate: x509: certificate "
                                         "signed by unknown authority");
  }
  {
    HttpClientConfig config;
    config.tls.ca = pair.cert;
    HttpClient client(io_, pool_, config);
    for (int i = 0; i < 2; ++i) {
      auto got = Get(client, url);
      ASSERT_TRUE(got.ok()) << got.error().message();
      EXPECT_TRUE(last_.secure);
    }
  }
  {
    HttpClientConfig config;
    config.tls.ca = pair.cert;
    config.tls.server_name = "other.test";
    HttpClient client(io_, pool_, config);
    auto got = Get(client, url);
    ASSERT_FALSE(got.ok());
    EXPECT_NE(
        got.error().message().find("certificate is valid for localhost, 127.0.0.1, not other.test"),
        std::string::npos)
        << got.error().message();
  }
  {
    HttpClientConfig config;
    config.tls.insecure_skip_verify = true;
    HttpClient client(io_, pool_, config);
    EXPECT_TRUE(Get(client, url).ok());
  }
}

TEST_F(HttpClientTest, ClientsMustShowACertificateWhenAsked) {
  const KeyPair pair = MakeKeyPair();
  auto web = std::make_shared<WebConfig>();
  web->tls.cert = pair.cert;
  web->tls.key.value = Secret(pair.key);
  web->tls.client_ca = pair.cert;
  web->tls.client_auth = ClientAuth::kRequireAndVerify;
  const std::string url = "https://" + Start(web) + "/ok";
  HttpClientConfig config;
  config.tls.ca = pair.cert;
  {
    HttpClient client(io_, pool_, config);
    EXPECT_FALSE(Get(client, url).ok());
  }
  config.tls.cert = pair.cert;
  config.tls.key.value = Secret(pair.key);
  HttpClient client(io_, pool_, config);
  auto got = Get(client, url);
  EXPECT_TRUE(got.ok()) << got.error().message();
}

TEST_F(HttpClientTest, VersionsOfTlsAreBounded) {
  const KeyPair pair = MakeKeyPair();
  auto web = std::make_shared<WebConfig>();
  web->tls.cert = pair.cert;
  web->tls.key.value = Secret(pair.key);
  web->tls.max_version = TlsVersion::kTls12;
  const std::string url = "https://" + Start(web) + "/ok";
  const auto reaches = [&](TlsVersion least, TlsVersion most) {
    HttpClientConfig config;
    config.tls.ca = pair.cert;
    config.tls.min_version = least;
    config.tls.max_version = most;
    HttpClient client(io_, pool_, config);
    return Get(client, url).ok();
  };
  EXPECT_TRUE(reaches(TlsVersion::kDefault, TlsVersion::kDefault));
  EXPECT_TRUE(reaches(TlsVersion::kTls12, TlsVersion::kTls12));
  EXPECT_FALSE(reaches(TlsVersion::kTls13, TlsVersion::kDefault));
  EXPECT_FALSE(reaches(TlsVersion::kTls13, TlsVersion::kTls12)) << "nothing is left between";
}

TEST_F(HttpClientTest, AChangedAuthorityCountsAtOnce) {
  const KeyPair pair = MakeKeyPair();
  auto web = std::make_shared<WebConfig>();
  web->tls.cert = pair.cert;
  web->tls.key.value = Secret(pair.key);
  const std::string url = "https://" + Start(web) + "/ok";
  const auto file =
      std::filesystem::temp_directory_path() / ("meerkat-ca-" + std::to_string(getpid()));
  std::ofstream(file) << MakeKeyPair().cert;
  HttpClientConfig config;
  config.tls.ca_file = file.string();
  HttpClient client(io_, pool_, config);
  EXPECT_FALSE(Get(client, url).ok());
  std::ofstream(file) << pair.cert;
  auto got = Get(client, url);
  EXPECT_TRUE(got.ok()) << got.error().message();
  // The kept connection was made with the old file.
  std::ofstream(file) << MakeKeyPair().cert;
  EXPECT_FALSE(Get(client, url).ok());
  std::filesystem::remove(file);
}

TEST_F(HttpClientTest, PassesPiecesOfALongBodyOn) {
  const std::string address = Start();
  HttpClient client(io_, pool_, {});
  ClientRequest request;
  request.url = "http://" + address + "/waits";
  std::string seen;
  request.on_body = [&seen](std::string_view piece) {
    seen += piece;
    return seen != "begun";
  };
  auto got = Fetch(client, std::move(request));
  ASSERT_TRUE(got.ok()) << got.error().message();
  EXPECT_EQ(seen, "begun");
}

}  // namespace
}  // namespace meerkat::net
