#pragma once

#include <memory>
#include <string>

#include "base/json_writer.h"
#include "promql/stream.h"
#include "server/net/http.h"
#include "server/web/prometheus/answer.h"

namespace meerkat::web {

struct ResultFormat {
  bool stats = false;
  bool per_step_stats = false;
};

// The answer of a query, written while it is sent and, when it has a rest, while it is computed:
// the columns of one part are all that is then held. `notes` come before the query's own.
std::unique_ptr<net::BodySource> ResultBody(promql::QueryAnswer answer, ResultFormat format,
                                            Notes notes);

// The object of a query's statistics: {"timings":{…},"samples":{…}}.
void AppendStats(JsonWriter& json, const promql::QueryStats& stats, bool per_step);

// {"count":"4","sum":"10","buckets":[[0,"0.5","1","1"]]}
void AppendHistogram(std::string& out, const Histogram& histogram);

}  // namespace meerkat::web
