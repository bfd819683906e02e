#pragma once

#include <functional>
#include <stop_token>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server/net/http.h"
#include "server/remote/otlp_deltas.h"
#include "server/remote/otlp_options.h"
#include "tsdb/storage.h"

namespace meerkat::remote {

// What becomes of values that senders report as changes: left out, stored as they are
// (--enable-feature=otlp-native-delta-ingestion), or added up (otlp-deltatocumulative).
enum class OtlpDeltas : unsigned char { kRefuse, kKeep, kAddUp };

struct OtlpReceiverOptions {
  OtlpDeltas deltas = OtlpDeltas::kRefuse;
  bool start_timestamps = false;  // stored with their samples
};

// POST /api/v1/otlp/v1/metrics: protobuf or JSON, plain or gzip. A refused sample fails the whole
// request; a metric that has no Prometheus form is left out and logged. Threads: any number of
// requests.
class OtlpReceiver {
 public:
  OtlpReceiver(std::function<tsdb::Storage*()> storage, std::function<OtlpOptions()> options,
               std::function<Millis()> lookback, OtlpReceiverOptions receiver_options,
               const Clock& clock, Registry& registry, Logger log);

  net::Response Handle(const net::Request& request, std::stop_token stop);

 private:
  const std::function<tsdb::Storage*()> storage_;
  const std::function<OtlpOptions()> options_;
  const std::function<Millis()> lookback_;
  const OtlpReceiverOptions receiver_options_;
  const Clock& clock_;
  otlp::DeltaSums sums_;
  const Logger log_;
  Registry& registry_;
  Counter& out_of_order_exemplars_;
};

}  // namespace meerkat::remote
