// Every decoder of tsdb/chunk. The first byte picks the decoder, the second says how many samples
// are asked for. Whatever decodes must encode and decode to the same again.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tsdb/chunk/block.h"
#include "tsdb/chunk/histograms.h"
#include "tsdb/chunk/positions.h"
#include "tsdb/chunk/series_chunk.h"
#include "tsdb/chunk/times.h"
#include "tsdb/chunk/values.h"

namespace meerkat::tsdb {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

bool SameBits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  });
}

void Values(std::string_view bytes, std::size_t n) {
  std::vector<double> values(n);
  if (!DecodeValues(bytes, values).ok()) return;
  std::string again;
  EncodeValues(values, again);
  std::vector<double> back(n);
  Require(DecodeValues(again, back).ok() && SameBits(values, back));
}

void Times(std::string_view bytes, std::size_t n) {
  std::vector<Timestamp> times(n);
  if (!DecodeTimes(bytes, times).ok()) return;
  std::string again;
  EncodeTimes(times, again);
  std::vector<Timestamp> back(n);
  Require(DecodeTimes(again, back).ok() && times == back);
}

void Positions(std::string_view bytes, std::size_t bound) {
  ByteReader reader(bytes);
  std::vector<std::uint32_t> positions;
  if (!GetPositions(reader, bound, positions)) return;
  std::string again;
  PutPositions(positions, bound, again);
  ByteReader second(again);
  std::vector<std::uint32_t> back;
  Require(GetPositions(second, bound, back) && positions == back);
}

void Histograms(std::string_view bytes, std::size_t n) {
  std::vector<HistogramPtr> histograms;
  if (!DecodeHistograms(bytes, n, histograms).ok()) return;
  std::string again;
  EncodeHistograms(histograms, again);
  std::vector<HistogramPtr> back;
  Require(DecodeHistograms(again, n, back).ok());
  for (std::size_t i = 0; i < n; ++i) Require(back[i]->SameAs(*histograms[i]));
}

void Columns(std::string_view bytes, std::size_t rows) {
  Column column;
  if (!DecodeColumn(bytes, rows, column).ok() || column.size() == 0) return;
  std::string again;
  EncodeColumn(rows, {column.rows, column.values, column.histograms, column.starts}, again);
  Column back;
  Require(DecodeColumn(again, rows, back).ok() && back.size() == column.size());
  Require(SameBits(back.values, column.values) && back.starts == column.starts);
}

void Blocks(std::string_view bytes) {
  auto block = Block::Open(std::string(bytes));
  if (!block.ok()) return;
  Block::Scratch scratch;
  Column column;
  for (std::size_t i = 0; i < (*block)->series_count(); ++i) {
    (void)(*block)->Read(i, scratch, column).ok();
  }
}

void SeriesChunks(std::string_view bytes) {
  std::vector<Timestamp> times;
  Column column;
  (void)DecodeSeriesChunk(bytes, times, column, 100000).ok();
}

}  // namespace
}  // namespace meerkat::tsdb

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meerkat::tsdb;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t n = std::size_t{data[1]} * (data[0] >= 128 ? 3 : 1);
  switch (data[0] % 7) {
    case 0:
      Values(bytes, n);
      break;
    case 1:
      Times(bytes, n);
      break;
    case 2:
      Positions(bytes, n);
      break;
    case 3:
      Histograms(bytes, n);
      break;
    case 4:
      Columns(bytes, n);
      break;
    case 5:
      Blocks(bytes);
      break;
    default:
      SeriesChunks(bytes);
      break;
  }
  return 0;
}
