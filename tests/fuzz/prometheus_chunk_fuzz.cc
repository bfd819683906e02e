// Chunks as Prometheus's blocks hold them. The first byte is the encoding.
#include <cstdint>
#include <string_view>
#include <vector>

#include "tsdb/import/prometheus_chunk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meerkat::tsdb;
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<PlainSample> samples;
  (void)DecodePrometheusChunk(data[0] % 5, bytes, samples).ok();
  return 0;
}
