#pragma once

#include <memory>
#include <string>

#include "base/json_writer.h"
#include "promql/engine.h"
#include "server/net/http.h"
#include "server/web/prometheus/answer.h"

namespace meerkat::web {

// The answer of a query, written while it is sent: the result's columns are all that is held.
std::unique_ptr<net::BodySource> ResultBody(promql::QueryResult result, bool with_stats,
                                            bool per_step_stats, Notes notes);

// The object of a query's statistics: {"timings":{…},"samples":{…}}.
void AppendStats(JsonWriter& json, const promql::QueryStats& stats, bool per_step);

// {"count":"4","sum":"10","buckets":[[0,"0.5","1","1"]]}
void AppendHistogram(std::string& out, const Histogram& histogram);

}  // namespace meerkat::web
