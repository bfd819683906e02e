#include "tsdb/chunk/series_chunk.h"

#include "tsdb/chunk/bytes.h"
#include "tsdb/chunk/frame.h"
#include "tsdb/chunk/times.h"

// series chunk := magic: u8 (0xC5), version: u8 (1), checksum: u32 of all that follows,
//                 samples: varint, times: sized, column
namespace meerkat::tsdb {
namespace {

constexpr std::uint8_t kMagic = 0xC5;
constexpr std::uint8_t kVersion = 1;

Error Corrupt(std::string_view what) {
  return {Code::kCorruption, "series chunk: " + std::string(what)};
}

}  // namespace

void EncodeSeriesChunk(std::span<const Timestamp> times, const ColumnView& column,
                       std::string& out) {
  std::string body;
  std::string packed_times;
  EncodeTimes(times, packed_times);
  PutVarint(times.size(), body);
  PutVarint(packed_times.size(), body);
  body += packed_times;
  EncodeColumn(times.size(), column, body);
  PutByte(kMagic, out);
  PutByte(kVersion, out);
  PutLittle(Checksum(body), out);
  out += body;
}

Result<> DecodeSeriesChunk(std::string_view bytes, std::vector<Timestamp>& times, Column& column,
                           std::size_t max_samples) {
  ByteReader reader(bytes);
  std::uint8_t magic;
  std::uint8_t version;
  std::uint32_t checksum;
  if (!reader.Byte(magic) || magic != kMagic || !reader.Byte(version)) {
    return Corrupt("this is no series chunk");
  }
  if (version != kVersion) {
    return Corrupt("version " + std::to_string(version) + " is not known here");
  }
  if (!reader.Little(checksum)) return Corrupt("cut short");
  std::string_view rest(reader.at(), reader.left());
  if (Checksum(rest) != checksum) return Corrupt("it does not fit its checksum");
  std::uint64_t samples;
  std::uint64_t size;
  std::string_view packed_times;
  if (!reader.Varint(samples, max_samples) || !reader.Varint(size) ||
      !reader.Bytes(size, packed_times) || !reader.Bytes(reader.left(), rest)) {
    return Corrupt("it does not decode");
  }
  times.resize(samples);
  if (auto decoded = DecodeTimes(packed_times, times); !decoded) return decoded;
  if (auto decoded = DecodeColumn(rest, samples, column); !decoded) return decoded;
  if (!column.every_row) return Corrupt("it leaves out samples");
  return {};
}

}  // namespace meerkat::tsdb
