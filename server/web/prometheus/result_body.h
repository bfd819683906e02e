#pragma once

#include <memory>
#include <string>

#include "promql/engine.h"
#include "server/net/http.h"
#include "server/web/prometheus/answer.h"

namespace meerkat::web {

// The answer of a query, written while it is sent: the result's columns are all that is held.
std::unique_ptr<net::BodySource> ResultBody(promql::QueryResult result, bool with_stats,
                                            bool per_step_stats, Notes notes);

// {"count":"4","sum":"10","buckets":[[0,"0.5","1","1"]]}
void AppendHistogram(std::string& out, const Histogram& histogram);

}  // namespace meerkat::web
