#include <cstdint>
#include <string_view>

#include "alerting/template.h"

using namespace meerkat::alerting::templates;

// Any text parses or is refused, and runs to an end, in both kinds of output.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto kFunctions = [] {
    NotificationWorld world;
    world.now = [] { return meerkat::FromMillis(1'709'211'845'678); };
    world.zone = [](std::string_view, meerkat::Timestamp) -> meerkat::Result<LocalZone> {
      return LocalZone{3600, "CET"};
    };
    return std::make_shared<const FunctionSet>(NotificationFunctions(world));
  }();
  static const Type kType{"template.Data", {}};
  static const Value kData = Value::Struct(
      {{"Status", Value::String("firing")},
       {"Labels", Kv(meerkat::Labels{{"alertname", "X"}, {"a", "<b>"}})},
       {"Alerts", Value::Of(List{Value::Int(1), Value::Float(2.5), Value(), Value::Bool(true)})},
       {"At", Value::Time(meerkat::FromMillis(1'709'211'845'678))}},
      &kType);
  for (const Escaping escaping : {Escaping::kNone, Escaping::kHtml}) {
    const auto parsed = Template::Parse("t", text, kFunctions, escaping);
    if (parsed) static_cast<void>(parsed->Execute(kData));
  }
  return 0;
}
