// What jobs push: the first byte picks the body's format, what stands before the first zero byte is
// the path, the rest the body. Whatever they are, reading ends; a family that is kept as text reads
// back as what it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/push/body_reader.h"
#include "server/push/group.h"
#include "server/push/push_door.h"
#include "server/push/text_reader.h"

namespace {

using namespace meerkat;        // NOLINT(google-build-using-namespace): a fuzz target
using namespace meerkat::push;  // NOLINT(google-build-using-namespace): a fuzz target

constexpr std::string_view kTypes[] = {
    "text/plain; version=0.0.4",
    "application/openmetrics-text; version=1.0.0",
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
};

std::string TextOf(const Family& family) {
  std::vector<const Metric*> metrics;
  for (const Metric& metric : family.metrics) metrics.push_back(&metric);
  std::string text;
  AppendText(family, metrics, text);
  return text;
}

// The text of the only family `text` holds.
std::string ReadBack(const std::string& text) {
  const auto families = ReadText(text);
  if (!families || families->size() != 1) std::abort();
  return TextOf(families->begin()->second);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view type = kTypes[data[0] % 3];
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t zero = std::min(rest.find('\0'), rest.size());
  const auto labels = LabelsOfPath("/job/" + rest.substr(0, zero));
  auto families = ReadBody(std::string_view(rest).substr(std::min(zero + 1, rest.size())), type);
  static_cast<void>(Deserialize(rest));
  if (!families || !labels) return 0;
  Group group;
  group.labels = *labels;
  for (auto& [name, family] : *families) {
    if (type == kTypes[0]) {
      // Counts beyond what a float holds become another number once.
      const std::string once = ReadBack(TextOf(family));
      if (ReadBack(once) != once) std::abort();
    }
    Ground(family, group.labels);
    group.families[name] = std::make_shared<const Group::Entry>(Group::Entry{{}, family});
  }
  const auto again = Deserialize(Serialize(group));
  if (type == kTypes[0] && (!again || again->families.size() != group.families.size())) {
    std::abort();
  }
  return 0;
}
