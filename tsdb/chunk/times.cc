#include "tsdb/chunk/times.h"

#include "tsdb/chunk/bytes.h"
#include "tsdb/chunk/ints.h"
#include "tsdb/chunk/work_array.h"

// times := (nothing, for no times) | ints over milliseconds since the epoch
namespace meerkat::tsdb {

void EncodeTimes(std::span<const Timestamp> times, std::string& out) {
  if (times.empty()) return;
  WorkArray<std::int64_t> millis(times.size());
  for (std::size_t i = 0; i < times.size(); ++i) millis[i] = ToMillis(times[i]);
  EncodeInts(millis.span(), out);
}

Result<> DecodeTimes(std::string_view bytes, std::span<Timestamp> times) {
  if (times.empty() && bytes.empty()) return {};
  ByteReader reader(bytes);
  const bool good = DecodeInts(reader, times.size(), [&](std::size_t first, auto millis) {
    for (std::size_t i = 0; i < millis.size(); ++i) times[first + i] = FromMillis(millis[i]);
  });
  if (good && reader.left() == 0) return {};
  return Error(Code::kCorruption, "timestamp column does not decode");
}

}  // namespace meerkat::tsdb
