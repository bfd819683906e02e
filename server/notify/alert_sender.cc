#include "server/notify/alert_sender.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "base/json_writer.h"
#include "base/rfc3339.h"

namespace meerkat::notify {

std::string AlertsJson(const std::vector<alerting::Alert>& alerts) {
  std::string body;
  JsonWriter json(body);
  const auto pairs = [&](const char* key, const Labels& labels) {
    json.Key(key).BeginObject();
    for (const Label label : labels) json.Key(label.name).String(label.value);
    json.EndObject();
  };
  json.BeginArray();
  for (const alerting::Alert& alert : alerts) {
    json.BeginObject();
    pairs("annotations", alert.annotations);
    json.Key("endsAt").String(FormatRfc3339Millis(alert.ends_at));
    json.Key("startsAt").String(FormatRfc3339Millis(alert.starts_at));
    json.Key("generatorURL").String(alert.generator_url);
    pairs("labels", alert.labels);
    json.EndObject();
  }
  json.EndArray();
  return body;
}

AlertSender::AlertSender(net::IoThread& io, std::shared_ptr<net::HttpClient> client,
                         std::string url, Options options, Registry& registry, Logger log)
    : io_(io),
      client_(std::move(client)),
      url_(std::move(url)),
      options_(options),
      registry_(registry),
      log_(log.With("alertmanager", url_)),
      metric_labels_({{"alertmanager", url_}}),
      news_(io.context()) {
  registry_.counter("prometheus_notifications_sent_total", "Total number of alerts sent.",
                    metric_labels_);
  registry_.counter("prometheus_notifications_errors_total",
                    "Total number of sent alerts affected by errors.", metric_labels_);
  registry_.counter("prometheus_notifications_dropped_total",
                    "Total number of alerts dropped due to errors when sending to Alertmanager.",
                    metric_labels_);
  registry_.gauge("prometheus_notifications_queue_length",
                  "The number of alert notifications in the queue.", metric_labels_);
}

AlertSender::~AlertSender() {
  for (const char* name :
       {"prometheus_notifications_sent_total", "prometheus_notifications_errors_total",
        "prometheus_notifications_dropped_total", "prometheus_notifications_queue_length",
        "prometheus_notifications_latency_seconds",
        "prometheus_notifications_latency_histogram_seconds"}) {
    registry_.Remove(name, metric_labels_);
  }
}

void AlertSender::Start() {
  const auto self = shared_from_this();
  io_.Post([self] { self->io_.Spawn(self->Run()); });
}

void AlertSender::Push(const std::vector<alerting::Alert>& alerts) {
  {
    MutexLock lock(mu_);
    if (closed_) return;
    queue_.insert(queue_.end(), alerts.begin(), alerts.end());
    const std::size_t surplus =
        queue_.size() > options_.capacity ? queue_.size() - options_.capacity : 0;
    if (surplus > 0) {
      queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(surplus));
      registry_.counter("prometheus_notifications_dropped_total", "", metric_labels_)
          .Add(static_cast<double>(surplus));
      log_.Warn("Alert notification queue full, dropping the oldest alerts",
                {{"num_dropped", std::to_string(surplus)}});
    }
    registry_.gauge("prometheus_notifications_queue_length", "", metric_labels_)
        .Set(static_cast<double>(queue_.size()));
  }
  Wake();
}

void AlertSender::Close(bool drain) {
  {
    MutexLock lock(mu_);
    closed_ = true;
    if (!drain) queue_.clear();
  }
  Wake();
}

bool AlertSender::WaitFinished(Millis longest) {
  const auto deadline = std::chrono::steady_clock::now() + longest;
  MutexLock lock(mu_);
  while (!finished_) {
    if (ended_.wait_until(mu_, deadline) == std::cv_status::timeout) return finished_;
  }
  return true;
}

void AlertSender::Wake() {
  const auto self = weak_from_this();
  io_.Post([self] {
    if (const auto alive = self.lock()) alive->news_.cancel();
  });
}

std::vector<alerting::Alert> AlertSender::TakeBatch(bool& last) {
  MutexLock lock(mu_);
  const std::size_t count = std::min(queue_.size(), options_.batch);
  std::vector<alerting::Alert> batch(queue_.begin(),
                                     queue_.begin() + static_cast<std::ptrdiff_t>(count));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  registry_.gauge("prometheus_notifications_queue_length", "", metric_labels_)
      .Set(static_cast<double>(queue_.size()));
  last = batch.empty() && closed_;
  if (last) {
    finished_ = true;
    ended_.notify_all();
  }
  return batch;
}

net::Awaitable<> AlertSender::Run() {
  const auto self = shared_from_this();  // alive until the last alert has gone
  while (true) {
    bool last = false;
    std::vector<alerting::Alert> batch = TakeBatch(last);
    if (!batch.empty()) {
      co_await Post(std::move(batch));
      continue;
    }
    if (last) co_return;
    news_.expires_at(boost::asio::steady_timer::time_point::max());
    boost::system::error_code cancelled;
    co_await news_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
  }
}

net::Awaitable<> AlertSender::Post(std::vector<alerting::Alert> batch) {
  const auto count = static_cast<double>(batch.size());
  net::ClientRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers.Set("Content-Type", "application/json");
  request.body = AlertsJson(batch);
  request.timeout = options_.timeout;
  request.max_body_bytes = 1 << 20;
  const auto started = std::chrono::steady_clock::now();
  const auto response = co_await client_->Fetch(std::move(request));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  registry_
      .summary("prometheus_notifications_latency_seconds",
               "Latency quantiles for sending alert notifications.", metric_labels_)
      .Observe(took.count());
  registry_
      .histogram("prometheus_notifications_latency_histogram_seconds",
                 "Latency histogram for sending alert notifications.", {.01, .1, 1, 10},
                 metric_labels_)
      .Observe(took.count());
  registry_.counter("prometheus_notifications_sent_total", "", metric_labels_).Add(count);
  std::string failure;
  if (!response) {
    failure = response.error().message();
  } else if (response->status / 100 != 2) {
    failure = "bad response status " + response->StatusLine();
  }
  if (failure.empty()) co_return;
  registry_.counter("prometheus_notifications_errors_total", "", metric_labels_).Add(count);
  registry_.counter("prometheus_notifications_dropped_total", "", metric_labels_).Add(count);
  log_.Error("Error sending alerts", {{"count", std::to_string(batch.size())}, {"err", failure}});
}

}  // namespace meerkat::notify
