#pragma once

#include <string>
#include <string_view>

#include "server/remote/otlp_model.h"
#include "server/remote/otlp_options.h"

namespace meerkat::remote::otlp {

// room.temperature, Cel: room_temperature_celsius. Non-alphanumerics become '_' where names are
// escaped; unit, _total (monotonic sums) and _ratio (gauges of unit 1) are added where suffixes
// are.
std::string MetricName(const Metric& metric, TranslationStrategy strategy);

// By/s: bytes_per_second; what the metadata of a metric has as its unit.
std::string UnitName(std::string_view unit);

// "" when nothing would tell the label from others: no name, or underscores alone.
// room.name: room_name. Names that begin with a digit get "key_", with one underscore "key".
std::string LabelName(std::string_view name, const OtlpOptions& options);

}  // namespace meerkat::remote::otlp
