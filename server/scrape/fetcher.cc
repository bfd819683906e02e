#include "server/scrape/fetcher.h"

#include <utility>

namespace meerkat::scrape {
namespace {

constexpr std::string_view kBuiltin = "builtin://";

class HttpFetcher : public Fetcher {
 public:
  HttpFetcher(net::IoThread& io, net::ThreadPool& blocking, const net::HttpClientConfig& config,
              net::HttpClientOptions options, std::shared_ptr<const BuiltinPages> pages)
      : client_(io, blocking, config, std::move(options)),
        blocking_(blocking),
        pages_(std::move(pages)) {}

  net::Awaitable<Result<net::ClientResponse>> Fetch(net::ClientRequest request) override {
    if (!request.url.starts_with(kBuiltin)) {
      auto response = co_await client_.Fetch(std::move(request));
      co_return response;
    }
    const std::string_view rest = std::string_view(request.url).substr(kBuiltin.size());
    const std::string_view target = rest.substr(std::min(rest.find('/'), rest.size()));
    const std::size_t question = std::min(target.find('?'), target.size());
    const auto page = pages_->find(target.substr(0, question));
    if (page == pages_->end()) {
      co_return Error(Code::kNotFound, "there is no built-in page " + request.url);
    }
    auto produce = [page,
                    query = std::string(target.substr(std::min(question + 1, target.size())))] {
      return page->second(query);
    };
    net::ClientResponse response;
    response.body = co_await net::Offload(blocking_, std::move(produce));
    response.status = 200;
    response.headers.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    co_return response;
  }

 private:
  net::HttpClient client_;
  net::ThreadPool& blocking_;
  std::shared_ptr<const BuiltinPages> pages_;
};

}  // namespace

FetcherFactory HttpFetchers(net::IoThread& io, net::ThreadPool& blocking, Registry& registry,
                            BuiltinPages pages) {
  auto shared = std::make_shared<const BuiltinPages>(std::move(pages));
  return [&io, &blocking, &registry, shared](const net::HttpClientConfig& config,
                                             const std::string& job) -> std::shared_ptr<Fetcher> {
    return std::make_shared<HttpFetcher>(io, blocking, config,
                                         net::HttpClientOptions::CountedAs(job, registry), shared);
  };
}

}  // namespace meerkat::scrape
