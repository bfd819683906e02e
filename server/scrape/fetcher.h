#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/net/client_config.h"
#include "server/net/http_client.h"

namespace meerkat::scrape {

// How a target is asked: over HTTP, inside the process, or by a test. Called on the io thread.
class Fetcher {
 public:
  virtual ~Fetcher() = default;
  // Bodies may come encoded; who asks passes them through net::Decode on a pool.
  virtual net::Awaitable<Result<net::ClientResponse>> Fetch(net::ClientRequest request) = 0;
};

// `job` is the name the connections count under.
using FetcherFactory = std::function<std::shared_ptr<Fetcher>(const net::HttpClientConfig& config,
                                                              const std::string& job)>;

// Produces a page inside the process: gets the path and query of the URL, computes on a pool.
using BuiltinPage = std::function<std::string(std::string_view query)>;
// By path: `builtin://anything/host` is the page "/host".
using BuiltinPages = std::map<std::string, BuiltinPage, std::less<>>;

// HTTP by one client for each configuration; `builtin://` URLs from `pages`.
// `registry` outlives the fetchers and the io thread.
FetcherFactory HttpFetchers(net::IoThread& io, net::ThreadPool& blocking, Registry& registry,
                            BuiltinPages pages);

}  // namespace meerkat::scrape
