#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server/net/http.h"
#include "server/remote/series_cache.h"
#include "tsdb/storage.h"

namespace meerkat::remote {

struct WriteReceiverOptions {
  bool accept_v1 = true;
  bool accept_v2 = false;
  std::uint64_t max_decoded_bytes = 32 << 20;  // as upstream
};

// POST /api/v1/write: remote write 1.0 (all or nothing) and 2.0 (what is good is stored), with
// upstream's answers. Threads: any number of requests at a time.
class WriteReceiver {
 public:
  // `storage` gives null while there is none.
  WriteReceiver(const Clock& clock, std::function<tsdb::Storage*()> storage,
                WriteReceiverOptions options, Registry& registry, Logger log);

  net::Response Handle(const net::Request& request, std::stop_token stop);

  // What became of a request, apart from HTTP.
  struct Outcome {
    int status = 204;
    std::string error;
    std::uint64_t samples = 0, histograms = 0, exemplars = 0;
  };
  // A decoded message.
  Outcome WriteV1(std::string_view message, tsdb::Storage& storage);
  Outcome WriteV2(std::string_view message, tsdb::Storage& storage);

 private:
  struct Batch;
  // One message of either version; `in_part`: what is good is stored when other things are not.
  Outcome Write(tsdb::Storage& storage, bool in_part, const std::function<Outcome(Batch&)>& append);
  Outcome AppendV1(std::string_view message, Batch& batch);
  bool AppendSeriesV1(std::string_view series, Batch& batch, Outcome& outcome);
  Outcome AppendV2(std::string_view message, Batch& batch);
  void AppendSeriesV2(std::string_view series, const std::vector<std::string_view>& symbols,
                      const std::vector<SeriesKey>& digests, Batch& batch, Outcome& outcome);
  tsdb::SeriesRef Resolve(SeriesKey key, const std::vector<Label>& labels, Batch& batch);

  const Clock& clock_;
  const std::function<tsdb::Storage*()> storage_;
  const WriteReceiverOptions options_;
  const Logger log_;
  SeriesCache cache_;
  Counter& invalid_labels_;
  Counter& without_metadata_;
};

}  // namespace meerkat::remote
