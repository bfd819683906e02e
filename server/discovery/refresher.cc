#include "server/discovery/refresher.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace meerkat::discovery {

Refresher::Refresher(const DiscoveryContext& context, std::string mechanism, std::string name,
                     Millis interval)
    : context_(context),
      mechanism_(std::move(mechanism)),
      name_(std::move(name)),
      interval_(interval),
      gate_(context.io.context(), boost::asio::steady_timer::time_point::max()) {}

void Refresher::Start(Sink sink) {
  sink_ = std::move(sink);
  context_.io.Spawn(Run(shared_from_this()));
}

void Refresher::Stop() {
  stopped_ = true;
  gate_.cancel();
}

void Refresher::Wake() {
  woken_ = true;
  gate_.cancel();
}

net::Awaitable<void> Refresher::WaitUntil(Timestamp when) {
  const auto timer = context_.clock.CallAt(when, [this] { gate_.cancel(); });
  constexpr auto kToken = boost::asio::as_tuple(boost::asio::use_awaitable);
  if (!woken_ && !stopped_) co_await gate_.async_wait(kToken);
  woken_ = false;
}

net::Awaitable<void> Refresher::Run(std::shared_ptr<Refresher> self) {
  Refresher& source = *self;
  const Labels labels{{"mechanism", source.mechanism_}, {"config", source.name_}};
  Registry& registry = source.context_.registry;
  Counter& failures =
      registry.counter("prometheus_sd_refresh_failures_total",
                       "Number of refresh failures for the given SD mechanism.", labels);
  Summary& durations =
      registry.summary("prometheus_sd_refresh_duration_seconds",
                       "The duration of a refresh in seconds for the given SD mechanism.", labels);
  BucketHistogram& histogram =
      registry.histogram("prometheus_sd_refresh_duration_histogram_seconds",
                         "The duration of a refresh for the given SD mechanism.", {.01, .1, 1, 10},
                         Labels{{"mechanism", source.mechanism_}});
  const Logger log =
      source.context_.log.With("discovery", source.mechanism_).With("config", source.name_);
  while (!source.stopped_) {
    const auto started = std::chrono::steady_clock::now();
    auto groups = co_await source.Refresh();
    if (source.stopped_) break;
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    durations.Observe(seconds);
    histogram.Observe(seconds);
    if (groups) {
      source.sink_(*std::move(groups));
    } else {
      failures.Add();
      log.Error("Unable to refresh target groups", {{"err", groups.error().message()}});
    }
    co_await source.WaitUntil(source.context_.clock.Now() + source.interval_);
  }
}

}  // namespace meerkat::discovery
