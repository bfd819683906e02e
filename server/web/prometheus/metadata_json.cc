#include "server/web/prometheus/metadata_json.h"

namespace meerkat::web {

std::string_view NameOf(tsdb::MetricType type) {
  switch (type) {
    case tsdb::MetricType::kCounter:
      return "counter";
    case tsdb::MetricType::kGauge:
      return "gauge";
    case tsdb::MetricType::kHistogram:
      return "histogram";
    case tsdb::MetricType::kGaugeHistogram:
      return "gaugehistogram";
    case tsdb::MetricType::kSummary:
      return "summary";
    case tsdb::MetricType::kInfo:
      return "info";
    case tsdb::MetricType::kStateset:
      return "stateset";
    case tsdb::MetricType::kUnknown:
      break;
  }
  return "unknown";
}

void WriteMetadata(JsonWriter& json, tsdb::MetricType type, std::string_view help,
                   std::string_view unit) {
  json.Key("type").String(NameOf(type));
  json.Key("help").String(help);
  json.Key("unit").String(unit);
}

}  // namespace meerkat::web
