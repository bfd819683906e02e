#include "server/web/instrument.h"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <utility>
#include <variant>

namespace meerkat::web {
namespace {

constexpr std::size_t kCodes = 600;

// The metrics of one handler. Counters are made at the first response of their code and then found
// without a lock.
class HandlerMetrics {
 public:
  HandlerMetrics(Registry& registry, std::string name)
      : registry_(registry),
        name_(std::move(name)),
        duration_(registry.histogram(
            "prometheus_http_request_duration_seconds", "Histogram of latencies for HTTP requests.",
            {.1, .2, .4, 1, 3, 8, 20, 60, 120}, Labels{{"handler", name_}})),
        size_(registry.histogram(
            "prometheus_http_response_size_bytes", "Histogram of response size for HTTP requests.",
            {100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}, Labels{{"handler", name_}})) {
    CounterOf(200);  // shown from the start
  }

  void Answered(int status, double seconds) {
    CounterOf(status).Add();
    duration_.Observe(seconds);
  }
  void Sent(std::size_t bytes) { size_.Observe(static_cast<double>(bytes)); }

 private:
  Counter& CounterOf(int status) {
    const auto index = static_cast<std::size_t>(status) % kCodes;
    Counter* counter = counters_[index].load(std::memory_order_acquire);
    if (counter == nullptr) {
      counter = &registry_.counter("prometheus_http_requests_total", "Counter of HTTP requests.",
                                   Labels{{"handler", name_}, {"code", std::to_string(status)}});
      counters_[index].store(counter, std::memory_order_release);
    }
    return *counter;
  }

  Registry& registry_;
  const std::string name_;
  BucketHistogram& duration_;
  BucketHistogram& size_;
  std::array<std::atomic<Counter*>, kCodes> counters_{};
};

// Counts what a streamed body brings, when it ends.
class CountedBody : public net::BodySource {
 public:
  CountedBody(std::unique_ptr<net::BodySource> inner, std::shared_ptr<HandlerMetrics> metrics)
      : inner_(std::move(inner)), metrics_(std::move(metrics)) {}
  ~CountedBody() override { metrics_->Sent(bytes_); }

  Result<bool> Next(std::string& chunk) override {
    auto more = inner_->Next(chunk);
    bytes_ += chunk.size();
    return more;
  }

 private:
  const std::unique_ptr<net::BodySource> inner_;
  const std::shared_ptr<HandlerMetrics> metrics_;
  std::size_t bytes_ = 0;
};

void Observe(const std::shared_ptr<HandlerMetrics>& metrics,
             std::chrono::steady_clock::time_point begin, net::Response& response) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  metrics->Answered(response.status, took.count());
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    metrics->Sent(text->size());
  } else if (const auto* bytes = std::get_if<net::StaticBytes>(&response.body)) {
    metrics->Sent(bytes->bytes.size());
  } else if (auto* source = std::get_if<std::unique_ptr<net::BodySource>>(&response.body);
             source != nullptr && *source != nullptr) {
    *source = std::make_unique<CountedBody>(std::move(*source), metrics);
  }
}

}  // namespace

void Instrument(Registry& registry, net::Route& route) {
  const auto metrics = std::make_shared<HandlerMetrics>(registry, route.name);
  route.handler = [metrics, inner = std::move(route.handler)](const net::Request& request,
                                                              std::stop_token stop) {
    const auto begin = std::chrono::steady_clock::now();
    net::Response response = inner(request, std::move(stop));
    Observe(metrics, begin, response);
    return response;
  };
  if (!route.prompt) return;
  route.prompt = [metrics, inner = std::move(route.prompt)](const net::Request& request) {
    const auto begin = std::chrono::steady_clock::now();
    std::optional<net::Response> response = inner(request);
    if (response) Observe(metrics, begin, *response);
    return response;
  };
}

}  // namespace meerkat::web
