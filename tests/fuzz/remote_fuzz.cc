#include <cstdint>
#include <string_view>

#include "base/manual_clock.h"
#include "server/remote/otlp_deltas.h"
#include "server/remote/otlp_model.h"
#include "server/remote/otlp_translator.h"
#include "server/remote/read_request.h"
#include "server/remote/snappy_body.h"
#include "server/remote/write_receiver.h"
#include "tests/fuzz/sink_storage.h"

using namespace meerkat;

// What strangers send to /write, /read and /otlp is taken or refused. The first byte says what the
// rest is meant to be, and of OTLP how it is translated.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ManualClock clock(FromMillis(1'700'000'000'000));
  SinkStorage storage;
  switch (data[0] % 6) {
    case 0:
    case 1: {
      Registry registry;
      remote::WriteReceiver receiver(
          clock, [&storage] { return &storage; }, {true, true}, registry, Logger::Silent());
      // Twice: the second time the series are known.
      for (int i = 0; i < 2; ++i) {
        if (data[0] % 6 == 0) {
          receiver.WriteV1(bytes, storage);
        } else {
          receiver.WriteV2(bytes, storage);
        }
      }
      break;
    }
    case 2:
      if (const auto request = remote::ParseReadRequest(bytes); request.ok()) {
        for (const remote::ReadQuery& query : request->queries) {
          (void)remote::WithoutExternal(query.matchers, Labels{{"cluster", "a"}});
        }
      }
      break;
    case 3:
    case 4: {
      auto request =
          data[0] % 6 == 3 ? remote::otlp::ParseProtobuf(bytes) : remote::otlp::ParseJson(bytes);
      if (!request) break;
      const auto appender = storage.NewAppender(nullptr);
      // All ways of naming, and all options at once with every other of them.
      remote::OtlpOptions options;
      const unsigned choice = data[0] / 6;
      options.strategy = static_cast<remote::TranslationStrategy>(choice % 4);
      options.promote_all_resource_attributes = options.keep_identifying_resource_attributes =
          options.convert_histograms_to_nhcb = options.promote_scope_metadata = choice / 4 % 2 == 1;
      remote::otlp::Translator translator(options, {.lookback = Millis(300'000)}, *appender);
      translator.Append(*request);
      // As changes: three times, so that they are added to something.
      remote::otlp::DeltaSums sums(clock);
      for (int i = 0; i < 3; ++i) {
        auto deltas = *request;
        for (auto& resource : deltas) {
          for (auto& scope : resource.scopes) {
            for (auto& metric : scope.metrics) {
              metric.temporality = remote::otlp::Metric::Temporality::kDelta;
              for (auto& point : metric.points) point.time += static_cast<std::uint64_t>(i);
            }
          }
        }
        sums.Accumulate(deltas);
        translator.Append(deltas);
      }
      break;
    }
    default: {
      std::string buffer;
      (void)remote::Unsnappy(bytes, buffer, 1 << 20).ok();
    }
  }
  return 0;
}
