#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "server/remote/wire.h"
#include "server/remote/write_receiver.h"

namespace meerkat::remote {

// One request under way: its appender and what is reused from series to series.
struct WriteReceiver::Batch {
  std::unique_ptr<tsdb::Appender> appender;
  Timestamp latest{};               // samples beyond are out of bounds
  std::vector<Label> labels;        // of the series at hand, when they had to be read
  std::vector<std::uint32_t> refs;  // symbol numbers of its labels, in version 2
  std::size_t complaints = 0;
  std::string scratch;

  tsdb::Refusal Append(tsdb::SeriesRef ref, const WireSample& wire) {
    if (wire.time > latest) return tsdb::Refusal::kOutOfBounds;
    return appender->Append(ref, wire.time, wire.value, wire.start);
  }
  tsdb::Refusal Append(tsdb::SeriesRef ref, const WireHistogram& wire) {
    if (wire.time > latest) return tsdb::Refusal::kOutOfBounds;
    return appender->Append(ref, wire.time, wire.histogram, wire.start);
  }
};

}  // namespace meerkat::remote
