// Any bytes as a journal entry, a part's directory, tombstones and the small records: no decoder
// may crash, hang or allocate without bound, and what a decoder accepts must encode to something
// that reads the same.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tsdb/compact/part.h"
#include "tsdb/compact/tombstones.h"
#include "tsdb/head/journal.h"
#include "tsdb/head/records.h"

namespace {

using namespace meerkat;        // NOLINT(google-build-using-namespace): one short file
using namespace meerkat::tsdb;  // NOLINT(google-build-using-namespace)

class Sink : public JournalReader {
 public:
  std::uint64_t Before(SeriesId series) override { return series * 0x9e3779b97f4a7c15ULL; }
  void OnSeries(SeriesId, Labels labels) override { count += labels.size(); }
  void Restore(SeriesId, std::uint64_t before) override { count += before & 1; }
  void OnBatch() override {}
  void OnLeftOut(std::uint64_t samples) override { count += samples; }
  void OnSample(HeadSample& sample) override { count += sample.token.size() + 1; }
  void OnExemplar(Batch::ExemplarOf exemplar) override { count += exemplar.exemplar.labels.size(); }
  std::size_t count = 0;
};

template <typename Record>
void Again(const Record& record) {
  const std::string bytes = record.Encode();
  const auto again = Record::Decode(bytes);
  if (!again || again->Encode() != bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Sink sink;
  (void)ReadEntry(bytes, sink, false);
  (void)ReadEntry(bytes, sink, true);
  if (const auto info = PartInfo::Decode(bytes)) Again(*info);
  if (const auto directory = PartDirectory::Decode(bytes)) Again(*directory);
  if (const auto stones = Tombstones::Decode(bytes)) Again(*stones);
  if (const auto labels = DecodeLabels(bytes)) {
    const auto again = DecodeLabels(EncodeLabels(*labels));
    if (!again || !(*again == *labels)) std::abort();
  }
  if (const auto metadata = DecodeMetadata(bytes)) {
    const auto again = DecodeMetadata(EncodeMetadata(*metadata));
    if (!again || !(*again == *metadata)) std::abort();
  }
  return 0;
}
