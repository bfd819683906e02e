// Any text as a query over a few small series: it must end, in bounded time and memory, with a
// value or an error.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "promql/engine.h"
#include "tests/promql/random_query.h"

namespace {

using meerkat::promql::Engine;
using meerkat::promql::EngineOptions;

const Engine& TinyEngine() {
  static const auto* const kStorage =
      new meerkat::promql::MemoryStorage(meerkat::promql::RandomQueries(7).Data());
  static const auto* const kEngine = [] {
    EngineOptions options;
    options.parse = {true, true, true};
    options.use_start_timestamps = true;
    options.max_samples = 20000;
    options.timeout = std::chrono::seconds(2);
    return new Engine(options, *kStorage);
  }();
  return *kEngine;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2000) return 0;
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  meerkat::promql::QueryOptions options;
  options.start = meerkat::FromMillis(600000);
  options.end = meerkat::FromMillis(1200000);
  (void)TinyEngine().Run(query, options);
  options.step = meerkat::Millis(47000);
  (void)TinyEngine().Run(query, options);
  return 0;
}
