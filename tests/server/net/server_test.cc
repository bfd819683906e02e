#include "server/net/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <latch>
#include <string>

#include "server/net/compression.h"

namespace meerkat::net {
namespace {

using std::string_literals::operator""s;

// A blocking client that says exactly what it is told to: the other side of every promise here.
class Wire {
 public:
  explicit Wire(const std::string& address) {
    const auto colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    const timeval patience{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  Wire(Wire&& other) noexcept : fd_(std::exchange(other.fd_, -1)), got_(std::move(other.got_)) {}
  ~Wire() { Close(); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  void Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void EndSending() { shutdown(fd_, SHUT_WR); }
  // Until `text` has come, or the other side has ended.
  std::string ReadUntil(std::string_view text) {
    while (got_.find(text) == std::string::npos && ReadMore()) {
    }
    return std::exchange(got_, "");
  }
  std::string ReadAll() {
    while (ReadMore()) {
    }
    return std::exchange(got_, "");
  }
  bool ReadMore() {
    char room[65536];
    const ssize_t size = recv(fd_, room, sizeof(room), 0);
    was_reset_ = size < 0 && errno == ECONNRESET;
    if (size <= 0) return false;
    got_.append(room, static_cast<std::size_t>(size));
    return true;
  }
  // How the other side ended.
  bool was_reset() const { return was_reset_; }

 private:
  int fd_ = -1;
  bool was_reset_ = false;
  std::string got_;
};

std::string BodyOf(const std::string& response) {
  return response.substr(response.find("\r\n\r\n") + 4);
}

// Undoes chunked framing.
std::string Unchunk(std::string_view body) {
  std::string out;
  while (true) {
    const std::size_t size =
        std::stoul(std::string(body.substr(0, body.find("\r\n"))), nullptr, 16);
    body.remove_prefix(body.find("\r\n") + 2);
    if (size == 0) return out;
    out += body.substr(0, size);
    body.remove_prefix(size + 2);
  }
}

// `pieces` parts of `size` bytes.
class Pieces : public BodySource {
 public:
  Pieces(int pieces, std::size_t size, std::atomic<int>* pulled = nullptr)
      : left_(pieces), size_(size), pulled_(pulled) {}
  Result<bool> Next(std::string& chunk) override {
    chunk.assign(size_, static_cast<char>('a' + left_ % 26));
    if (pulled_ != nullptr) pulled_->fetch_add(1);
    return --left_ > 0;
  }

 private:
  int left_;
  std::size_t size_;
  std::atomic<int>* pulled_;
};

// Parts that are all different, and then, when asked to, an error. Says when it is gone.
class Numbers : public BodySource {
 public:
  Numbers(int parts, bool fails, std::promise<void>* gone = nullptr)
      : parts_(parts), fails_(fails), gone_(gone) {}
  ~Numbers() override {
    if (gone_ != nullptr) gone_->set_value();
  }
  static std::string Part(int number) {
    std::string part;
    while (part.size() < 65536) part += std::to_string(number * 77 + part.size()) + ",";
    return part;
  }
  Result<bool> Next(std::string& chunk) override {
    if (next_ == parts_ && fails_) return Error(Code::kUnavailable, "the disk is gone");
    chunk = Part(next_++);
    return next_ < parts_ || fails_;
  }

 private:
  int next_ = 0;
  const int parts_;
  const bool fails_;
  std::promise<void>* const gone_;
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.listen = {"127.0.0.1:0"};
    router_.Add({.methods = {"GET", "HEAD"},
                 .pattern = "/hello",
                 .handler = [](const Request& request, std::stop_token) {
                   return Response::Text(200, "hello " + std::string(request.query.Get("name")));
                 }});
    router_.Post("/echo", [](const Request& request, std::stop_token) {
      return Response::Text(200, request.method + " " + request.body);
    });
    router_.Get("/stream", [](const Request& request, std::stop_token) {
      Response response;
      response.body =
          std::make_unique<Pieces>(std::stoi(std::string(request.query.Get("n"))), 65536);
      return response;
    });
    router_.Get("/throws", [](const Request&, std::stop_token) -> Response {
      throw std::runtime_error("boom");
    });
  }

  Wire Connect() {
    if (server_ == nullptr) {
      auto made = Server::Listen(io_, Lanes{quick_, query_, query_}, router_, options_, hooks_,
                                 registry_, Logger::Silent());
      EXPECT_TRUE(made.ok());
      server_ = std::move(*made);
      server_->Start();
    }
    return Wire(server_->addresses()[0]);
  }

  std::string Ask(std::string_view text) {
    Wire wire = Connect();
    wire.Send(text);
    return wire.ReadAll();
  }

  void TearDown() override {
    if (server_ != nullptr) server_->Stop();
    io_.Stop();
    quick_.Stop();
    query_.Stop();
  }

  std::atomic<int> pulled_{0};  // parts, until the server has stopped
  IoThread io_;
  ThreadPool quick_{"quick", 2};
  ThreadPool query_{"query", 2};
  Registry registry_;
  Router router_;
  ServerOptions options_;
  ServerHooks hooks_;
  std::unique_ptr<Server> server_;
};

// A route that answers at once does so on the io thread, unless it declines.
TEST_F(ServerTest, APromptRouteIsAnsweredOnTheIoThread) {
  Route route;
  route.methods = {"GET"};
  route.pattern = "/prompt";
  const auto where = [this] { return io_.is_current() ? "io thread" : "pool"; };
  route.handler = [where](const Request&, std::stop_token) { return Response::Text(200, where()); };
  route.prompt = [where](const Request& request) -> std::optional<Response> {
    if (request.query.Get("throw") == "1") throw std::runtime_error("boom");
    if (request.query.Get("decline") == "1") return std::nullopt;
    return Response::Text(200, where());
  };
  router_.Add(std::move(route));
  const auto ask = [this](const std::string& query) {
    return Ask("GET /prompt" + query + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  };
  EXPECT_EQ(BodyOf(ask("")), "io thread");
  EXPECT_EQ(BodyOf(ask("?decline=1")), "pool");
  EXPECT_TRUE(ask("?throw=1").starts_with("HTTP/1.1 500 "));
}

// Its first part is made at once; the rest, however long, elsewhere.
TEST_F(ServerTest, ALongPromptAnswerIsContinuedOnAPool) {
  Route route;
  route.methods = {"GET"};
  route.pattern = "/prompt";
  route.handler = [](const Request&, std::stop_token) { return Response::Empty(500); };
  route.prompt = [](const Request&) -> std::optional<Response> {
    Response response;
    response.body = std::make_unique<Pieces>(20, 65536);
    return response;
  };
  router_.Add(std::move(route));
  const std::string got = Ask("GET /prompt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(Unchunk(BodyOf(got)).size(), 20U * 65536);
}

// The web configuration is a file, and files may keep who reads them waiting.
TEST_F(ServerTest, WithAWebConfigurationNothingIsPrompt) {
  hooks_.web_config = [] { return Result(std::make_shared<const WebConfig>()); };
  Route route;
  route.methods = {"GET"};
  route.pattern = "/prompt";
  route.handler = [](const Request&, std::stop_token) { return Response::Text(200, "pool"); };
  route.prompt = [](const Request&) -> std::optional<Response> {
    return Response::Text(200, "at once");
  };
  router_.Add(std::move(route));
  const std::string got = Ask("GET /prompt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(BodyOf(got), "pool");
}

TEST(Router, KnowsWhatACarelessPathMeans) {
  Router router;
  const auto answer = [](const Request&, std::stop_token) { return Response::Empty(200); };
  router.Get("/metrics", answer);
  router.Add({{"GET", "POST"}, "/api/v1/query", answer});
  router.Get("/api/v1/label/{name}/values", answer);
  router.Add({{"OPTIONS"}, "/api/v1/{path...}", answer});
  const struct {
    std::string method, target;
    int status;
    std::string location;
  } cases[] = {
      {"GET", "//metrics", 301, "/metrics"},
      {"GET", "/api//v1/./x/../query?a=b", 301, "/api/v1/query?a=b"},
      {"GET", "//evil.example/..//x/", 301, "/x/"},
      {"GET", "/metrics/", 301, "/metrics"},
      {"POST", "/api/v1/query/", 307, "/api/v1/query"},
      {"GET", "/nothing/", 404, ""},
      {"GET", "/api/v1/nothing", 404, ""},
      {"GET", "//a?b=é", 301, "/a?b=%c3%a9"},
      {"GET", "/a\"b//é?c=\"", 301, "/a%22b/%C3%A9?c=\""},
      {"GET", "/api/v1/label/../values", 301, "/api/v1/values"},
      {"DELETE", "/api/v1/query", 405, ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.method + " " + c.target);
    Request request;
    const auto question = c.target.find('?');
    if (question != std::string::npos) request.raw_query = c.target.substr(question + 1);
    const Router::Match match = router.Find(c.method, c.target.substr(0, question));
    ASSERT_EQ(match.route, nullptr);
    const Response response = match.fallback(request, {});
    EXPECT_EQ(response.status, c.status);
    EXPECT_EQ(response.headers.Get("Location"), c.location);
    EXPECT_EQ(response.headers.Has("X-Content-Type-Options"), c.status >= 400);
  }
  EXPECT_NE(router.Find("OPTIONS", "/api/v1/nothing").route, nullptr);
}

TEST_F(ServerTest, AnswersAndClosesWhenAsked) {
  const std::string got =
      Ask("GET /hello?name=a%20b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n")) << got;
  EXPECT_NE(got.find("Content-Length: 9\r\n"), std::string::npos);
  EXPECT_NE(got.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(BodyOf(got), "hello a b");
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  std::string all;
  for (int i = 0; i < 100; ++i) {
    all += "GET /hello?name=n" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n" +
           (i == 99 ? "Connection: close\r\n" : "") + "\r\n";
  }
  const std::string got = Ask(all);
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = got.find("hello n" + std::to_string(i) + (i == 99 ? "" : "HTTP"), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(ServerTest, RefusesWhatIsNotHttp) {
  struct Case {
    std::string request;
    std::string status;
  };
  const Case cases[] = {
      {"GET /hello\r\n\r\n", "400"},
      {"\x16\x03\x01\x02"s + std::string(600, 'A'), "400"},
      {"GET /hello HTTP/1.1\r\n\r\n", "400"},  // no Host
      {"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", "400"},
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "404"},
      {"POST /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "405"},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n", "417"},
      {"GET /throws HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "500"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nx", "400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nx", "400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nq\r\n", "400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\nx", "413"},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nX: "s + std::string(3 << 20, 'a') + "\r\n\r\n", "431"},
  };
  for (const Case& c : cases) {
    const std::string got = Ask(c.request);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 " + c.status)) << c.request.substr(0, 90) << "\n" << got;
  }
}

TEST_F(ServerTest, TakesBodiesByLengthAndInChunks) {
  EXPECT_EQ(BodyOf(Ask("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                       "Content-Length: 3\r\n\r\nabc")),
            "POST abc");
  EXPECT_EQ(BodyOf(Ask("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")),
            "POST abcde");
}

TEST_F(ServerTest, SaysContinueBeforeTheBodyIsSent) {
  Wire wire = Connect();
  wire.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n"
      "Content-Length: 2\r\n\r\n");
  EXPECT_EQ(wire.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  wire.Send("ok");
  EXPECT_EQ(BodyOf(wire.ReadAll()), "POST ok");
}

TEST_F(ServerTest, HeadHasLengthButNoBody) {
  const std::string got = Ask("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(got.find("Content-Length: 6\r\n"), std::string::npos);
  EXPECT_EQ(BodyOf(got), "");
}

TEST_F(ServerTest, Http10ClosesAndGetsNoChunks) {
  const std::string got = Ask("GET /stream?n=3 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(got.find("chunked"), std::string::npos);
  EXPECT_EQ(BodyOf(got).size(), 3 * 65536);
}

TEST_F(ServerTest, CompressesAsAsked) {
  struct Case {
    std::string accept;
    std::string coding;
  };
  for (const Case& c : {Case{"gzip", "gzip"}, Case{"deflate", "deflate"}, Case{"zstd", "zstd"},
                        Case{"deflate, gzip;q=0.5", "deflate"}}) {
    for (const std::string path : {"/hello?name=you", "/stream?n=1", "/stream?n=20"}) {
      const std::string got =
          Ask("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: " +
              c.accept + "\r\n\r\n");
      EXPECT_NE(got.find("Content-Encoding: " + c.coding + "\r\n"), std::string::npos) << got;
      EXPECT_NE(got.find("Vary: Accept-Encoding\r\n"), std::string::npos);
      const bool chunked = got.find("Transfer-Encoding: chunked") != std::string::npos;
      const std::string body = chunked ? Unchunk(BodyOf(got)) : BodyOf(got);
      auto plain = Decompress(c.coding, body, 10 << 20);
      ASSERT_TRUE(plain.ok()) << plain.error().message();
      EXPECT_EQ(plain->size(), path == "/hello?name=you" ? 9
                               : path.ends_with("20")    ? 20 * 65536
                                                         : 65536);
    }
  }
}

TEST_F(ServerTest, ASlowClientHoldsNoThreadAndLittleMemory) {
  router_.Add({.methods = {"GET"},
               .pattern = "/endless",
               .handler =
                   [this](const Request&, std::stop_token) {
                     Response response;
                     response.body = std::make_unique<Pieces>(1 << 20, 65536, &pulled_);
                     return response;
                   },
               .lane = Lane::kQuick});
  Wire first = Connect();
  Wire second = Connect();
  Wire third = Connect();
  for (Wire* slow : {&first, &second, &third}) {
    slow->Send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    slow->ReadMore();
  }
  // Two threads serve three clients that read no further, and this one as well.
  const std::string got = Ask("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200")) << got;
  EXPECT_LT(pulled_.load(), 3 * 200);  // what socket buffers take, 64 kB each
}

TEST_F(ServerTest, AnAnswerThatFailsMidwayCannotBeTakenForAWhole) {
  router_.Get("/fails", [](const Request&, std::stop_token) {
    Response response;
    response.body = std::make_unique<Numbers>(3, true);
    return response;
  });
  for (const std::string version : {"1.1", "1.0"}) {
    Wire wire = Connect();
    wire.Send("GET /fails HTTP/" + version + "\r\nHost: x\r\n\r\n");
    const std::string got = wire.ReadAll();
    EXPECT_FALSE(got.ends_with("0\r\n\r\n")) << version;
    EXPECT_TRUE(wire.was_reset()) << version;
  }
  server_->Stop();
  EXPECT_EQ(registry_.counter("meerkat_http_responses_cut_total", "").value(), 2);
}

TEST_F(ServerTest, WhatASlowClientWaitsForIsMadeAndLetGo) {
  static constexpr int kParts = 300;  // 20 MB: more than the sockets take
  std::string whole;
  for (int i = 0; i < kParts; ++i) whole += Numbers::Part(i);
  options_.slow_client = Millis(0);
  std::promise<void> gone;
  router_.Get("/numbers", [&gone](const Request&, std::stop_token) {
    Response response;
    response.body = std::make_unique<Numbers>(kParts, false, &gone);
    return response;
  });
  for (const std::string coding : {"", "gzip"}) {
    gone = std::promise<void>();
    Wire wire = Connect();
    wire.Send("GET /numbers HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: " +
              coding + "\r\n\r\n");
    // Not a byte is read before the source is gone.
    ASSERT_EQ(gone.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
    std::string body = Unchunk(BodyOf(wire.ReadAll()));
    if (coding == "gzip") body = Decompress(coding, body, 64 << 20).value();
    EXPECT_EQ(body.size(), whole.size());
    EXPECT_TRUE(body == whole) << coding;
  }
}

TEST_F(ServerTest, SlowClientsTogetherHaveALimit) {
  options_.slow_client = Millis(0);
  options_.max_kept_bytes = 100 << 10;
  std::promise<void> gone;
  router_.Get("/numbers", [&gone](const Request&, std::stop_token) {
    Response response;
    response.body = std::make_unique<Numbers>(300, false, &gone);
    return response;
  });
  Wire wire = Connect();
  wire.Send("GET /numbers HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(gone.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  wire.ReadAll();
  server_->Stop();  // when the connection is done with
  EXPECT_EQ(registry_.counter("meerkat_http_responses_cut_total", "").value(), 1);
}

TEST_F(ServerTest, AClientThatLeavesStopsItsQuery) {
  std::promise<void> stopped;
  std::latch entered(1);
  router_.Add({.methods = {"GET"},
               .pattern = "/query",
               .handler =
                   [&](const Request&, std::stop_token stop) {
                     std::promise<void> seen;
                     std::stop_callback notice(stop, [&seen] { seen.set_value(); });
                     entered.count_down();
                     seen.get_future().wait();
                     stopped.set_value();
                     return Response::Empty(200);
                   },
               .lane = Lane::kQuery});
  {
    Wire wire = Connect();
    wire.Send("GET /query HTTP/1.1\r\nHost: x\r\n\r\n");
    entered.wait();
  }
  EXPECT_EQ(stopped.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST_F(ServerTest, StopWaitsForWhatIsInFlight) {
  std::latch entered(1);
  std::promise<void> go;
  router_.Get("/wait", [&](const Request&, std::stop_token) {
    entered.count_down();
    go.get_future().wait();
    return Response::Text(200, "done");
  });
  Wire wire = Connect();
  wire.Send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.wait();
  Wire idle = Connect();
  auto stop = std::async(std::launch::async, [this] { server_->Stop(); });
  EXPECT_EQ(idle.ReadAll(), "");  // ends at once
  go.set_value();
  EXPECT_EQ(BodyOf(wire.ReadAll()), "done");
  stop.get();
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(ServerTest, StopCutsWhatOutlastsTheGrace) {
  options_.stop_grace = Millis(20);
  std::latch entered(1);
  router_.Get("/stuck", [&](const Request&, std::stop_token stop) {
    std::promise<void> seen;
    std::stop_callback notice(stop, [&seen] { seen.set_value(); });
    entered.count_down();
    seen.get_future().wait();
    return Response::Text(200, "late");
  });
  Wire wire = Connect();
  wire.Send("GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.wait();
  server_->Stop();
  EXPECT_EQ(server_->connections(), 0U);
  EXPECT_EQ(wire.ReadAll(), "");
  EXPECT_TRUE(wire.was_reset());
}

TEST_F(ServerTest, EventStreamsPushUntilTheClientLeaves) {
  std::promise<std::shared_ptr<PushStream>> handed;
  router_.Get("/events", [&](const Request&, std::stop_token) {
    auto stream = std::make_shared<PushStream>();
    stream->Push("data: first\n\n");
    Response response;
    response.headers.Set("Content-Type", "text/event-stream");
    response.body = stream;
    handed.set_value(stream);
    return response;
  });
  Wire wire = Connect();
  wire.Send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  auto stream = handed.get_future().get();
  EXPECT_NE(wire.ReadUntil("first\n\n").find("text/event-stream"), std::string::npos);
  EXPECT_TRUE(stream->Push("data: second\n\n"));
  EXPECT_NE(wire.ReadUntil("second\n\n").find("data: second"), std::string::npos);
  wire.Close();
  // Every push wakes the connection, so it notices within a few of them at the latest.
  for (int i = 0; i < 1000000 && !stream->closed(); ++i) stream->Push("x");
  EXPECT_TRUE(stream->closed());
}

TEST_F(ServerTest, UsersOfTheWebConfigMustKnowTheirPassword) {
  auto config = std::make_shared<WebConfig>();
  config->basic_auth_users["admin"] =
      "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";  // "secret"
  config->headers["X-Frame-Options"] = "deny";
  hooks_.web_config = [config]() -> Result<std::shared_ptr<const WebConfig>> { return {config}; };
  const auto ask = [this](const std::string& auth) {
    return Ask("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + auth + "\r\n");
  };
  EXPECT_TRUE(ask("").starts_with("HTTP/1.1 401"));
  EXPECT_NE(ask("").find("WWW-Authenticate: Basic\r\n"), std::string::npos);
  EXPECT_TRUE(ask("Authorization: Basic YWRtaW46d3Jvbmc=\r\n").starts_with("HTTP/1.1 401"));
  EXPECT_TRUE(ask("Authorization: Basic bm9ib2R5OnNlY3JldA==\r\n").starts_with("HTTP/1.1 401"));
  EXPECT_TRUE(ask("Authorization: Basic !!!\r\n").starts_with("HTTP/1.1 401"));
  const std::string got = ask("Authorization: Basic YWRtaW46c2VjcmV0\r\n");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200")) << got;
  EXPECT_NE(got.find("X-Frame-Options: deny\r\n"), std::string::npos);
}

TEST_F(ServerTest, IdleConnectionsAreKept) {
  std::vector<Wire> idle;
  for (int i = 0; i < 400; ++i) {
    idle.push_back(Connect());
    idle.back().Send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(idle.back().ReadUntil("hello ").find("200 OK"), std::string::npos);
  }
  EXPECT_EQ(server_->connections(), 400U);
  idle.front().Send("GET /hello?name=again HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(BodyOf(idle.front().ReadAll()), "hello again");
}

}  // namespace
}  // namespace meerkat::net
