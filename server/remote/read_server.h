#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <stop_token>

#include "base/metrics.h"
#include "base/mutex.h"
#include "server/net/http.h"
#include "tsdb/storage.h"

namespace meerkat::remote {

struct ReadServerOptions {
  std::uint64_t sample_limit = 50'000'000;     // of one answer with samples
  std::uint64_t max_bytes_in_frame = 1 << 20;  // of the streamed form
  std::uint64_t concurrent_limit = 10;
};

// POST /api/v1/read: samples in one message, or XOR chunks as a stream of frames, as the client
// asks. Equality matchers on external labels are taken off, and the labels added to what is found,
// so that clients see the labels other readers know. Threads: any number of requests.
class ReadServer {
 public:
  ReadServer(std::function<tsdb::Storage*()> storage, std::function<Labels()> external_labels,
             ReadServerOptions options, Registry& registry);

  net::Response Handle(const net::Request& request, std::stop_token stop);

 private:
  bool Enter(std::stop_token stop) EXCLUDES(mu_);
  void Leave() EXCLUDES(mu_);

  const std::function<tsdb::Storage*()> storage_;
  const std::function<Labels()> external_labels_;
  const ReadServerOptions options_;
  Gauge& queries_;
  Mutex mu_;
  std::condition_variable_any changed_;
  std::uint64_t inside_ GUARDED_BY(mu_) = 0;
};

}  // namespace meerkat::remote
