#pragma once

#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "server/app/flags.h"

namespace meerkat::app {

// The whole server, put together: configuration, storage, queries, scraping, rules, the alert
// manager, pages and APIs. Starting, reloading and stopping each stand on one page, in
// application.cc.
class Application {
 public:
  // Builds and starts everything. The error is one line for the person who started it: a bad
  // configuration, a port in use, a data folder that is locked or cannot be written.
  static Result<std::unique_ptr<Application>> Start(const Flags& flags, Logger log);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Returns when SIGTERM, SIGINT or the quit endpoint asked for the end; then Stop() is due. SIGHUP
  // reloads meanwhile.
  void WaitForEnd();
  // In the reverse order of the start, within a bound: requests in flight end, what is queued is
  // sent, the journal is flushed. Idempotent.
  Result<> Stop();

 private:
  class Impl;
  explicit Application(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace meerkat::app
