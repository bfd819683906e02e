#pragma once

#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "alerting/alert.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "server/net/http_client.h"
#include "server/net/io.h"

namespace meerkat::notify {

// Sends alerts to one external Alertmanager in batches, oldest first. What does not fit into the
// queue drops its oldest; what the other side refuses is dropped and counted, for the rules tell a
// firing alert again soon. Threads: Push and Close from any; the sending itself is a coroutine on
// the io thread.
class AlertSender : public std::enable_shared_from_this<AlertSender> {
 public:
  struct Options {
    std::size_t capacity = 10000;  // alerts
    std::size_t batch = 256;       // alerts in one request
    Millis timeout = std::chrono::seconds(10);
  };

  AlertSender(net::IoThread& io, std::shared_ptr<net::HttpClient> client, std::string url,
              Options options, Registry& registry, Logger log);
  ~AlertSender();  // its metrics go with it

  const std::string& url() const { return url_; }
  void Start();
  void Push(const std::vector<alerting::Alert>& alerts) EXCLUDES(mu_);
  // Ends after what is queued (`drain`) or at once.
  void Close(bool drain) EXCLUDES(mu_);
  // Waits until the last alert has been tried; false when that takes longer.
  bool WaitFinished(Millis longest) EXCLUDES(mu_);

 private:
  net::Awaitable<> Run();
  net::Awaitable<> Post(std::vector<alerting::Alert> batch);
  // Empty when nothing is queued; `last` tells that nothing will be.
  std::vector<alerting::Alert> TakeBatch(bool& last) EXCLUDES(mu_);
  void Wake();

  net::IoThread& io_;
  const std::shared_ptr<net::HttpClient> client_;
  const std::string url_;
  const Options options_;
  Registry& registry_;
  const Logger log_;
  const Labels metric_labels_;
  boost::asio::steady_timer news_;  // cancelled when there is some; io thread only

  mutable Mutex mu_;
  std::condition_variable_any ended_;
  std::deque<alerting::Alert> queue_ GUARDED_BY(mu_);
  bool closed_ GUARDED_BY(mu_) = false;
  bool finished_ GUARDED_BY(mu_) = false;
};

// The body of POST /api/v2/alerts.
std::string AlertsJson(const std::vector<alerting::Alert>& alerts);

}  // namespace meerkat::notify
