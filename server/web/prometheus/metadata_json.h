#pragma once

#include <string_view>

#include "base/json_writer.h"
#include "tsdb/storage.h"

namespace meerkat::web {

// "counter", "gaugehistogram" …
std::string_view NameOf(tsdb::MetricType type);
// type, help and unit, as keys of the object that is open.
void WriteMetadata(JsonWriter& json, tsdb::MetricType type, std::string_view help,
                   std::string_view unit);

}  // namespace meerkat::web
