#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "server/net/connection.h"

using namespace meerkat;

namespace {

// Three pieces, so that the answer travels in chunks.
class Pieces : public net::BodySource {
 public:
  Result<bool> Next(std::string& chunk) override {
    chunk = std::string(1000, 'x');
    return ++made_ < 3;
  }

 private:
  int made_ = 0;
};

net::Response Echo(const net::Request& request, std::stop_token) {
  std::string text;
  for (const auto& [name, value] : request.path_values) text += name + "=" + value + "\n";
  const net::Params form = request.Form();
  for (const auto& [name, value] : form.pairs()) text += name + "=" + value + "\n";
  net::Response response = net::Response::Text(200, std::move(text));
  response.headers.Set("X-Echo", std::string(request.headers.Get("X-Echo")));
  return response;
}

net::Response Stream(const net::Request&, std::stop_token) {
  net::Response response = net::Response::Text(200, "");
  response.body = std::make_unique<Pieces>();
  return response;
}

// A server of one connection at a time, over a pair of sockets.
class World {
 public:
  World() {
    router_.Add({{"GET", "HEAD"}, "/label/{name}/values", Echo});
    router_.Add({{"POST"}, "/form", Echo, net::Lane::kQuery, 1 << 16});
    router_.Add({{"GET", "POST"}, "/stream/{path...}", Stream});
    net::ServerOptions options;
    options.max_header_bytes = 1 << 14;
    shared_ =
        std::make_shared<net::ServerShared>(io_, net::Lanes{pool_, pool_, pool_}, router_, options,
                                            net::ServerHooks(), registry_, Logger::Silent());
  }

  // What a client hears that sends `bytes` and then no more.
  std::string Ask(std::string_view bytes) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
    std::promise<void> done;
    if (!bytes.empty() && send(ends[0], bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) std::abort();
    shutdown(ends[0], SHUT_WR);
    io_.Spawn(Serve(shared_, ends[1], done));
    std::string heard;
    std::array<char, 4096> part;
    ssize_t got = 0;
    while ((got = recv(ends[0], part.data(), part.size(), 0)) > 0) {
      heard.append(part.data(), static_cast<std::size_t>(got));
    }
    close(ends[0]);
    done.get_future().wait();
    return heard;
  }

 private:
  static net::Awaitable<void> Serve(std::shared_ptr<net::ServerShared> shared, int end,
                                    std::promise<void>& done) {
    boost::asio::local::stream_protocol::socket socket(shared->io.context(),
                                                       boost::asio::local::stream_protocol(), end);
    auto connection =
        std::make_shared<net::Connection>(shared, net::Socket(std::move(socket)), "pair:1");
    co_await connection->Run();
    connection.reset();
    done.set_value();
  }

  Registry registry_;
  net::IoThread io_;
  net::ThreadPool pool_{"fuzz", 1};
  net::Router router_;
  std::shared_ptr<net::ServerShared> shared_;
};

}  // namespace

// A whole connection: whatever is sent, it ends, and what is said is HTTP.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 1 << 16;  // fits the socket's buffer, so that sending cannot block
  if (size > kMost) return 0;
  static World world;
  const std::string heard = world.Ask(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!heard.empty() && !heard.starts_with("HTTP/1.")) std::abort();
  return 0;
}
