#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tsdb/storage.h"

// The samples of one series on the rows of a block: what is there, floats, stale markers, native
// histograms and start timestamps, as one run of bytes. A block's rows are its timestamps; a column
// names the rows its series has a sample in.
namespace meerkat::tsdb {

// Borrows everything. A stale marker is a stale NaN in `values`; it costs an exception, not a
// value.
struct ColumnView {
  std::span<const std::uint32_t> rows;  // ascending, each below the row count; empty: every row
  std::span<const double> values;       // one per sample; ignored where a histogram stands
  std::span<const SeriesColumns::HistogramAt> histograms;  // ascending index into the samples
  std::span<const Timestamp> starts;                       // one per sample, or empty: none
};

// A decoded column. Its buffers are meant to be used again for the next one.
struct Column {
  bool every_row = false;
  std::vector<std::uint32_t> rows;  // filled only when not every_row
  std::vector<double> values;       // one per sample; NaN where a histogram stands
  std::vector<SeriesColumns::HistogramAt> histograms;
  std::vector<Timestamp> starts;

  std::size_t size() const { return values.size(); }
};

// Appends the column of a block with `row_count` rows to `out`.
void EncodeColumn(std::size_t row_count, const ColumnView& column, std::string& out);
// kCorruption for bytes that no encoder wrote; safe on hostile bytes as long as `row_count` is the
// caller's own.
Result<> DecodeColumn(std::string_view bytes, std::size_t row_count, Column& column);

}  // namespace meerkat::tsdb
