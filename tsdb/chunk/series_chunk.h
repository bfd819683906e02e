#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tsdb/chunk/column.h"

// One series with timestamps of its own, versioned and checksummed: for series that belong to no
// batch.
namespace meerkat::tsdb {

// `column.rows` must be empty: every time has its sample.
void EncodeSeriesChunk(std::span<const Timestamp> times, const ColumnView& column,
                       std::string& out);

// At most `max_samples` are taken, so that damaged bytes cannot ask for more memory than that.
Result<> DecodeSeriesChunk(std::string_view bytes, std::vector<Timestamp>& times, Column& column,
                           std::size_t max_samples = 1 << 20);

}  // namespace meerkat::tsdb
