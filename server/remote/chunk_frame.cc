#include "server/remote/chunk_frame.h"

#include <array>
#include <protozero/pbf_writer.hpp>

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
  XorChunk chunk;
  const auto finish_chunk = [&] {
    if (chunk.samples() == 0) return;
    const Timestamp min = chunk.min_time();
    const Timestamp max = chunk.max_time();
    const std::string data = chunk.Take();
    if (series.size() > head.size() && series.size() + data.size() > max_bytes_) {
      AppendFrame(out, series, query_index);
      series = head;
    }
    protozero::pbf_writer writer(series);
    protozero::pbf_writer message(writer, 2);
    message.add_int64(1, ToMillis(min));
    message.add_int64(2, ToMillis(max));
    message.add_enum(3, kXor);
    message.add_bytes(4, data);
  };
  std::size_t next_histogram = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (next_histogram < columns.histograms.size() &&
        columns.histograms[next_histogram].index == i) {
      ++next_histogram;
      continue;
    }
    chunk.Append((*columns.times)[i], columns.values[i]);
    if (chunk.samples() == XorChunk::kMaxSamples) finish_chunk();
  }
  finish_chunk();
  if (series.size() > head.size()) AppendFrame(out, series, query_index);
}

}  // namespace meerkat::remote
