#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/histogram_check.h"
#include "base/histogram_resolution.h"
#include "server/remote/wire.h"
#include "server/remote/write_receiver.h"

namespace meerkat::remote {

// One request under way: its appender and what is reused from series to series.
struct WriteReceiver::Batch {
  std::unique_ptr<tsdb::Appender> appender;
  Timestamp latest{};               // samples beyond are out of bounds
  std::vector<Label> labels;        // of the series at hand, when they had to be read
  std::vector<std::uint32_t> refs;  // symbol numbers of its labels, in version 2
  SeriesCache::Trail trail;
  std::size_t complaints = 0;
  std::string scratch;

  // What became of one sample or histogram.
  struct Taken {
    tsdb::Refusal refusal = tsdb::Refusal::kNone;
    std::string_view reason;  // of a refusal, in upstream's words; valid until the next Append
    bool written = false;
  };
  Taken Append(tsdb::SeriesRef ref, const WireSample& wire) {
    return Offer(wire.time,
                 [&] { return appender->Append(ref, wire.time, wire.value, wire.start); });
  }
  Taken Append(tsdb::SeriesRef ref, const WireHistogram& wire) {
    Histogram& h = *wire.histogram;
    const std::int32_t sent = h.schema;
    if (IsTooFine(sent)) h.schema = kFinestSchema;  // judged, then merged to be it
    fault_ = HistogramFault(h);
    if (!fault_.empty()) return {tsdb::Refusal::kBadHistogram, fault_};
    if (sent != h.schema) {
      h.schema = sent;
      h = ReduceResolution(h, kFinestSchema);
    }
    return Offer(wire.time,
                 [&] { return appender->Append(ref, wire.time, wire.histogram, wire.start); });
  }
  void BeginSeries() { newest_ = kMinTime; }

 private:
  template <typename Attempt>
  Taken Offer(Timestamp time, const Attempt& attempt) {
    using tsdb::Refusal;
    if (time > latest) {
      return {Refusal::kOutOfBounds, "out of bounds: timestamp is too far in the future"};
    }
    const Refusal refusal = attempt();
    if (refusal == Refusal::kNone) {
      newest_ = std::max(newest_, time);
      return {refusal, "", true};
    }
    // In disorder within one request: such samples are dropped without a word, as upstream does.
    const bool disorder = refusal == Refusal::kOutOfOrder || refusal == Refusal::kDuplicate;
    if (disorder && time <= newest_) return {};
    return {refusal, tsdb::TextOf(refusal)};
  }

  Timestamp newest_ = kMinTime;  // taken of the series at hand
  std::string fault_;            // of the last histogram
};

}  // namespace meerkat::remote
