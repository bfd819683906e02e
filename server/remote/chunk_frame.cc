#include "server/remote/chunk_frame.h"

#include <array>
#include <protozero/pbf_writer.hpp>

#include "server/remote/histogram_chunk.h"
#include "server/remote/xor_chunk.h"

namespace meerkat::remote {
namespace {

constexpr std::int32_t kXor = 1;

constexpr std::array<std::uint32_t, 256> MakeTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78U : crc >> 1;  // Castagnoli, reflected
    }
    table[i] = crc;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kTable = MakeTable();

void AppendFrame(std::string& out, const std::string& series, std::int64_t query_index) {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_message(1, series);
  if (query_index != 0) writer.add_int64(2, query_index);
  std::uint64_t size = message.size();
  while (size >= 0x80) {
    out += static_cast<char>(size | 0x80);
    size >>= 7;
  }
  out += static_cast<char>(size);
  const std::uint32_t crc = Crc32c(message);
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(crc >> shift);
  out += message;
}

}  // namespace

std::uint32_t Crc32c(std::string_view data) {
  std::uint32_t crc = 0xffffffffU;
  for (const char c : data) {
    crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 255];
  }
  return crc ^ 0xffffffffU;
}

void ChunkFrames::Append(std::string& out, const Labels& labels, const tsdb::SeriesColumns& columns,
                         std::int64_t query_index) {
  std::string head;
  {
    protozero::pbf_writer writer(head);
    for (const Label label : labels) {
      protozero::pbf_writer pair(writer, 1);
      pair.add_string(1, label.name.data(), label.name.size());
      pair.add_string(2, label.value.data(), label.value.size());
    }
  }
  std::string series = head;
  const auto add = [&](Timestamp min, Timestamp max, std::int32_t encoding,
                       const std::string& data) {
    if (series.size() > head.size() && series.size() + data.size() > max_bytes_) {
      AppendFrame(out, series, query_index);
      series = head;
    }
    protozero::pbf_writer writer(series);
    protozero::pbf_writer message(writer, 2);
    message.add_int64(1, ToMillis(min));
    message.add_int64(2, ToMillis(max));
    message.add_enum(3, encoding);
    message.add_bytes(4, data);
  };
  XorChunk floats;
  const auto finish_floats = [&] {
    if (floats.samples() == 0) return;
    const Timestamp min = floats.min_time();
    const Timestamp max = floats.max_time();
    add(min, max, kXor, floats.Take());
  };
  HistogramChunk histograms;
  const auto finish_histograms = [&] {
    if (histograms.samples() == 0) return;
    const Timestamp min = histograms.min_time();
    const Timestamp max = histograms.max_time();
    const std::int32_t encoding = histograms.encoding();
    add(min, max, encoding, histograms.Take());
  };
  // Chunks follow each other in time: one kind of sample ends the chunk of the other.
  std::size_t next_histogram = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Timestamp time = (*columns.times)[i];
    if (next_histogram < columns.histograms.size() &&
        columns.histograms[next_histogram].index == i) {
      finish_floats();
      const Histogram& histogram = *columns.histograms[next_histogram++].histogram;
      if (!histograms.Append(time, histogram)) {
        finish_histograms();
        histograms.Append(time, histogram);
      }
      continue;
    }
    finish_histograms();
    floats.Append(time, columns.values[i]);
    if (floats.samples() == XorChunk::kMaxSamples) finish_floats();
  }
  finish_floats();
  finish_histograms();
  if (series.size() > head.size()) AppendFrame(out, series, query_index);
}

}  // namespace meerkat::remote
