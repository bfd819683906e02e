#include "server/scrape/scrape_loop.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "base/duration.h"
#include "base/number.h"

namespace meerkat::scrape {
namespace {

// The first moment after `now` that lies `offset` behind a multiple of the interval.
Timestamp FirstScrape(Timestamp now, const Target& target, Millis offset) {
  const Millis since = now.time_since_epoch();
  const Millis into = since % target.interval;
  Timestamp next = now - into + offset;
  if (next < now) next += target.interval;
  return next;
}

// About 150,000 series: some ten milliseconds of parsing, more than others should wait for.
constexpr std::uint64_t kGiant = 16 << 20;

// Of a body, decoded, where the job sets no limit.
constexpr std::uint64_t kDefaultBodyLimit = 1 << 30;

}  // namespace

// One answer and what becomes of it; the worker's until `state` says otherwise.
struct ScrapeLoop::Exchange {
  enum State : unsigned char { kWriting, kWritten, kAwaited };

  explicit Exchange(std::shared_ptr<net::BodyBudget> bodies) : lease(std::move(bodies)) {}

  net::BodyLease lease;
  net::ClientResponse response;
  Answer answer;
  Timestamp started{};
  std::atomic<unsigned char> state{kWriting};
};

ScrapeLoop::ScrapeLoop(const ScrapeContext& context, std::shared_ptr<const ScrapeConfig> config,
                       std::shared_ptr<const Target> target, std::shared_ptr<Fetcher> fetcher,
                       FailureLog failures)
    : context_(context),
      config_(std::move(config)),
      target_(std::move(target)),
      fetcher_(std::move(fetcher)),
      failures_(std::move(failures)),
      writer_(std::make_shared<TargetWriter>(
          config_, target_, context.storage, context.clock, context.metrics,
          context.log.With("scrape_pool", config_->job_name).With("target", target_->url),
          context.options.extra_metrics, context.options.start_timestamps)),
      request_(MakeRequest()),
      gate_(context.io.context(), boost::asio::steady_timer::time_point::max()) {}

void ScrapeLoop::Inherit(const ScrapeLoop& before) {
  writer_->Inherit(before.writer_);
  const TargetStatus status = before.status();
  const MutexLock lock(mu_);
  status_ = status;
}

void ScrapeLoop::Start() {
  context_.io.Spawn(Run(shared_from_this()));
}

void ScrapeLoop::Stop(bool mark_end) {
  stopping_ = true;
  mark_end_ = mark_end;
  gate_.cancel();
}

net::Awaitable<void> ScrapeLoop::WaitUntil(Timestamp when) {
  const auto timer = context_.clock.CallAt(when, [this] { gate_.cancel(); });
  constexpr auto kToken = boost::asio::as_tuple(boost::asio::use_awaitable);
  co_await gate_.async_wait(kToken);
}

net::Awaitable<void> ScrapeLoop::Run(std::shared_ptr<ScrapeLoop> self) {
  ScrapeLoop& loop = *self;
  const Millis interval = loop.target_->interval;
  const std::string interval_text = FormatDuration(interval);
  Summary& lengths = loop.context_.metrics.registry.summary(
      "prometheus_target_interval_length_seconds", "Actual intervals between scrapes.",
      Labels{{"interval", interval_text}});
  BucketHistogram& spread = loop.context_.metrics.registry.histogram(
      "prometheus_target_interval_length_histogram_seconds", "Actual intervals between scrapes.",
      {.01, .1, 1, 10, 60, 120, 300, 600}, Labels{{"interval", interval_text}});
  const Millis offset = ScrapeOffset(*loop.target_, loop.context_.options.offset_seed);
  Timestamp due = FirstScrape(loop.context_.clock.Now(), *loop.target_, offset);
  Timestamp last{};
  while (!loop.stopping_) {
    co_await loop.WaitUntil(due);
    if (loop.stopping_) break;
    co_await loop.WaitUntilWritten();
    if (loop.stopping_) break;
    const Timestamp now = loop.context_.clock.Now();
    if (now < due) continue;  // the clock was set back, or a stop was taken back
    // A scrape that is late by whole intervals is skipped, not made up for.
    due += (now - due) / interval * interval;
    // Within the tolerance samples carry the planned time: equal distances compress far better.
    const Millis tolerance = std::min(loop.context_.options.timestamp_tolerance, interval / 100);
    const bool align = loop.context_.options.align_timestamps && now - due <= tolerance;
    if (last != Timestamp{}) {
      const double seconds = static_cast<double>((now - last).count()) / 1000;
      lengths.Observe(seconds);
      spread.Observe(seconds);
    }
    last = now;
    const Timestamp time = align ? due : now;
    co_await loop.ScrapeAt(time);
    due += interval;
  }
  co_await loop.WaitUntilWritten();
  if (loop.mark_end_ && last != Timestamp{}) co_await loop.MarkEnd(due);
}

net::ClientRequest ScrapeLoop::MakeRequest() const {
  net::ClientRequest request;
  request.url = target_->url;
  request.timeout = target_->timeout;
  request.max_body_bytes = config_->limits.body_size;
  request.accept_compressed = config_->enable_compression;
  request.decode = false;
  request.headers.Set("Accept", AcceptHeader(config_->scrape_protocols, config_->escaping_scheme));
  if (!config_->enable_compression) request.headers.Set("Accept-Encoding", "identity");
  request.headers.Set("X-Prometheus-Scrape-Timeout-Seconds",
                      FormatFloat(static_cast<double>(target_->timeout.count()) / 1000));
  return request;
}

net::Awaitable<void> ScrapeLoop::ScrapeAt(Timestamp time) {
  auto exchange = std::make_shared<Exchange>(context_.bodies);
  exchange->started = context_.clock.Now();
  exchange->answer.time = time;
  exchange->answer.started = std::chrono::steady_clock::now();
  exchange->answer.error = forced_error_;
  if (forced_error_.empty()) {
    net::ClientRequest request = request_;
    request.buffer = context_.buffers->Take();
    request.lease = &exchange->lease;
    auto response = co_await fetcher_->Fetch(std::move(request));
    if (stopping_) co_return;
    if (response) {
      exchange->response = *std::move(response);
    } else {
      exchange->answer.error = response.error().message();
    }
  }
  exchange_ = exchange;
  PoolFor(*exchange).Submit([self = shared_from_this(), exchange = std::move(exchange)] {
    try {
      self->Write(*exchange);
    } catch (const std::exception& error) {  // out of memory: this scrape is lost
      self->context_.log.Error("Scrape failed", {{"err", error.what()}});
    }
    if (exchange->state.exchange(Exchange::kWritten) == Exchange::kAwaited) {
      self->context_.io.Post([self] { self->gate_.cancel(); });
    }
  });
}

// A body is as large as the one before; of the first one only the size on the wire is known.
net::ThreadPool& ScrapeLoop::PoolFor(const Exchange& exchange) const {
  if (context_.giants == nullptr) return context_.workers;
  const net::ClientResponse& response = exchange.response;
  const bool packed = response.headers.Has("Content-Encoding");
  const std::uint64_t guess = response.body.size() * (packed && !giant_ ? 100 : 1);
  return giant_.value_or(false) || guess > kGiant ? *context_.giants : context_.workers;
}

// "" or why not. What comes out may fill what is left of the budget, but not more.
std::string ScrapeLoop::Decode(Exchange& exchange) const {
  const std::uint64_t limit = config_->limits.body_size;
  const std::uint64_t room = exchange.lease.room();
  const bool short_of_room = limit == 0 ? room < kDefaultBodyLimit : room < limit;
  const auto decoded =
      net::Decode(exchange.response, short_of_room ? std::max<std::uint64_t>(room, 1) : limit);
  const bool fits = exchange.lease.Hold(exchange.response.body.size());
  if (decoded) return fits ? "" : std::string(net::kBodyMemory);
  const std::string& error = decoded.error().message();
  return std::string(short_of_room && error == net::kBodyTooLarge ? net::kBodyMemory : error);
}

void ScrapeLoop::Write(Exchange& exchange) {
  Answer& answer = exchange.answer;
  net::ClientResponse& response = exchange.response;
  if (answer.error.empty() && response.status != 200) {
    answer.error = "server returned HTTP status " + response.StatusLine();
  }
  if (answer.error.empty()) {
    answer.error = Decode(exchange);
  }
  if (answer.error.empty()) {
    answer.body = response.body;
    answer.content_type = response.headers.Get("Content-Type");
    answer.body_bytes = static_cast<std::int64_t>(response.body.size());
  } else if (answer.error == net::kBodyTooLarge) {
    answer.body_bytes = -1;
    context_.metrics.exceeded_body_size_limit.Add();
  } else if (answer.error == net::kBodyMemory) {
    context_.metrics.exceeded_body_memory.Add();
  }
  giant_ = answer.body_bytes < 0 || static_cast<std::uint64_t>(answer.body_bytes) > kGiant;
  const WriteOutcome outcome = writer_->Write(answer);
  context_.buffers->Give(std::move(response.body));
  exchange.lease.Release();
  context_.metrics.scrape_duration.Observe(outcome.duration);
  Note(outcome, exchange.started);
}

net::Awaitable<void> ScrapeLoop::WaitUntilWritten() {
  if (exchange_ == nullptr) co_return;
  unsigned char writing = Exchange::kWriting;
  if (exchange_->state.compare_exchange_strong(writing, Exchange::kAwaited)) {
    constexpr auto kToken = boost::asio::as_tuple(boost::asio::use_awaitable);
    while (exchange_->state.load() != Exchange::kWritten) co_await gate_.async_wait(kToken);
  }
  exchange_.reset();
}

void ScrapeLoop::Note(const WriteOutcome& outcome, Timestamp started) {
  if (!outcome.error.empty() && failures_) failures_(*target_, outcome.error);
  const MutexLock lock(mu_);
  status_.health = outcome.error.empty() ? TargetStatus::Health::kUp : TargetStatus::Health::kDown;
  status_.error = outcome.error;
  status_.last_scrape = started;
  status_.duration = outcome.duration;
}

// A restarted or moved target often comes back under the same labels at once, so its end is written
// only when two intervals and a bit have passed, at the time the next scrape would have had.
net::Awaitable<void> ScrapeLoop::MarkEnd(Timestamp last_due) {
  const Millis interval = target_->interval;
  const Timestamp write_at = last_due + interval + interval / 10;
  while (context_.clock.Now() < write_at && mark_end_) co_await WaitUntil(write_at);
  if (!mark_end_) co_return;
  auto work = [writer = writer_, last_due] { writer->WriteEnd(last_due); };
  co_await net::Offload(context_.workers, std::move(work));
}

TargetStatus ScrapeLoop::status() const {
  const MutexLock lock(mu_);
  return status_;
}

}  // namespace meerkat::scrape
