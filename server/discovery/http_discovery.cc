#include "server/discovery/http_discovery.h"

#include <utility>

#include "base/letter_case.h"
#include "base/number.h"
#include "base/quote.h"
#include "server/discovery/group_json.h"

namespace meerkat::discovery {
namespace {

// application/json, with the charset UTF-8 or none.
bool IsJson(std::string_view content_type) {
  std::string plain;
  for (const char c : ToLower(content_type)) {
    if (c != ' ' && c != '"') plain += c;
  }
  return plain == "application/json" || plain == "application/json;charset=utf-8";
}

}  // namespace

HttpDiscovery::HttpDiscovery(const DiscoveryContext& context, HttpSd config,
                             const std::string& name)
    : Refresher(context, "http", name, config.refresh_interval),
      config_(std::move(config)),
      client_(context.io, context.blocking, config_.http,
              net::HttpClientOptions::CountedAs("http", context.registry)) {}

net::Awaitable<Result<std::vector<TargetGroup>>> HttpDiscovery::Refresh() {
  net::ClientRequest request;
  request.url = config_.url;
  request.timeout = config_.refresh_interval;
  request.headers.Set("Accept", "application/json");
  request.headers.Set("X-Prometheus-Refresh-Interval-Seconds",
                      FormatFloat(static_cast<double>(config_.refresh_interval.count()) / 1000));
  auto response = co_await client_.Fetch(std::move(request));
  Counter& failures = context().registry.counter("prometheus_sd_http_failures_total",
                                                 "Number of HTTP service discovery refresh "
                                                 "failures.");
  if (!response) {
    failures.Add();
    co_return std::move(response).error();
  }
  if (response->status != 200) {
    failures.Add();
    co_return Error(Code::kUnavailable, "server returned HTTP status " + response->StatusLine());
  }
  const std::string_view content_type = response->headers.Get("Content-Type");
  if (!IsJson(content_type)) {
    failures.Add();
    co_return Error(Code::kInvalid, "unsupported content type " + Quote(content_type));
  }
  auto work = [body = std::move(response->body), url = config_.url] {
    return ParseGroups(body, url, "__meta_url");
  };
  auto groups = co_await net::Offload(context().blocking, std::move(work));
  if (!groups) failures.Add();
  co_return groups;
}

}  // namespace meerkat::discovery
