#include "tsdb/chunk/column.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "base/number.h"
#include "tsdb/chunk/bytes.h"
#include "tsdb/chunk/histograms.h"
#include "tsdb/chunk/positions.h"
#include "tsdb/chunk/times.h"
#include "tsdb/chunk/values.h"

// column := flags: u8, [rows: positions over the block's rows], [stale: positions over the
// samples],
//           [starts: sized times], [at: positions over the samples, histograms: sized], values
// sized  := length: varint, that many bytes
// flags  := 1 rows, 2 stale, 4 starts, 8 histograms, 16 no values follow
// `values` has an entry for every sample; where a stale marker or a histogram stands it repeats its
// neighbour, which costs nothing.
namespace meerkat::tsdb {
namespace {

constexpr std::uint8_t kRows = 1;
constexpr std::uint8_t kStale = 2;
constexpr std::uint8_t kStarts = 4;
constexpr std::uint8_t kHistograms = 8;
constexpr std::uint8_t kNoValues = 16;

// Puts a length in front of what `write` appends.
template <typename Write>
void PutSized(std::string& out, Write write) {
  std::string part;
  write(part);
  PutVarint(part.size(), out);
  out += part;
}

bool GetSized(ByteReader& reader, std::string_view& part) {
  std::uint64_t size;
  return reader.Varint(size, reader.left()) && reader.Bytes(size, part);
}

// Copies the values with each hole filled from the value before it, the first ones from behind.
std::vector<double> FillHoles(std::span<const double> values, const std::vector<bool>& hole) {
  std::vector<double> filled(values.begin(), values.end());
  std::size_t first = 0;
  while (hole[first]) ++first;
  std::fill_n(filled.begin(), first, filled[first]);
  for (std::size_t i = first + 1; i < filled.size(); ++i) {
    if (hole[i]) filled[i] = filled[i - 1];
  }
  return filled;
}

bool Decode(ByteReader& reader, std::size_t row_count, Column& column) {
  std::uint8_t flags;
  if (!reader.Byte(flags) || flags > 31) return false;
  column.rows.clear();
  column.histograms.clear();
  column.starts.clear();
  column.every_row = (flags & kRows) == 0;
  if (!column.every_row && !GetPositions(reader, row_count, column.rows)) return false;
  const std::size_t n = column.every_row ? row_count : column.rows.size();

  std::vector<std::uint32_t> stale;
  if ((flags & kStale) != 0 && !GetPositions(reader, n, stale)) return false;
  std::string_view part;
  if ((flags & kStarts) != 0) {
    if (!GetSized(reader, part)) return false;
    column.starts.resize(n);
    if (!DecodeTimes(part, column.starts).ok()) return false;
  }
  std::vector<std::uint32_t> at;
  if ((flags & kHistograms) != 0) {
    std::vector<HistogramPtr> histograms;
    if (!GetPositions(reader, n, at) || !GetSized(reader, part) ||
        !DecodeHistograms(part, at.size(), histograms).ok()) {
      return false;
    }
    column.histograms.reserve(at.size());
    for (std::size_t i = 0; i < at.size(); ++i) {
      column.histograms.push_back({at[i], std::move(histograms[i])});
    }
  }

  column.values.resize(n);
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if ((flags & kNoValues) != 0) {
    std::fill(column.values.begin(), column.values.end(), kNan);
  } else {
    std::string_view values;
    if (!reader.Bytes(reader.left(), values) || !DecodeValues(values, column.values).ok()) {
      return false;
    }
  }
  for (const std::uint32_t position : stale) column.values[position] = StaleNan();
  for (const std::uint32_t position : at) column.values[position] = kNan;
  return reader.left() == 0;
}

}  // namespace

void EncodeColumn(std::size_t row_count, const ColumnView& column, std::string& out) {
  const std::span<const double> values = column.values;
  const std::size_t n = values.size();
  assert(n == (column.rows.empty() ? row_count : column.rows.size()));
  assert(column.starts.empty() || column.starts.size() == n);
  const bool some_rows = !column.rows.empty() && n < row_count;

  std::vector<bool> hole;
  std::vector<std::uint32_t> at;
  std::vector<HistogramPtr> histograms;
  for (const auto& [index, histogram] : column.histograms) {
    if (hole.empty()) hole.resize(n);
    hole[index] = true;
    at.push_back(index);
    histograms.push_back(histogram);
  }
  std::vector<std::uint32_t> stale;
  for (std::size_t i = 0; i < n; ++i) {
    if (!IsStaleNan(values[i]) || (!hole.empty() && hole[i])) continue;
    stale.push_back(static_cast<std::uint32_t>(i));
  }
  if (!stale.empty() && hole.empty()) hole.resize(n);
  for (const std::uint32_t position : stale) hole[position] = true;
  const bool no_values = stale.size() + at.size() == n;

  PutByte(static_cast<std::uint8_t>((some_rows ? kRows : 0) | (stale.empty() ? 0 : kStale) |
                                    (column.starts.empty() ? 0 : kStarts) |
                                    (at.empty() ? 0 : kHistograms) | (no_values ? kNoValues : 0)),
          out);
  if (some_rows) PutPositions(column.rows, row_count, out);
  if (!stale.empty()) PutPositions(stale, n, out);
  if (!column.starts.empty()) {
    PutSized(out, [&](std::string& part) { EncodeTimes(column.starts, part); });
  }
  if (!at.empty()) {
    PutPositions(at, n, out);
    PutSized(out, [&](std::string& part) { EncodeHistograms(histograms, part); });
  }
  if (no_values) return;
  if (hole.empty()) {
    EncodeValues(values, out);
  } else {
    EncodeValues(FillHoles(values, hole), out);
  }
}

Result<> DecodeColumn(std::string_view bytes, std::size_t row_count, Column& column) {
  ByteReader reader(bytes);
  if (Decode(reader, row_count, column)) return {};
  return Error(Code::kCorruption, "series column does not decode");
}

}  // namespace meerkat::tsdb
