#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/labels.h"
#include "server/web/escaping.h"

// The text format as federation writes it.
namespace meerkat::web {

struct ExpositionFormat {
  std::string content_type;
  Escaping escaping = Escaping::kUnderscores;
  bool protobuf = false;  // delimited messages (metric_message.h) instead of text
};

// What to write for an Accept header: delimited protobuf or text 1.0.0 when it is what the header
// likes best of what there is, else text 0.0.4; names escaped as the header says, underscores by
// default.
ExpositionFormat Negotiate(std::string_view accept);

// # TYPE name type
void AppendTypeLine(std::string& out, std::string_view name, std::string_view type,
                    Escaping escaping);
// Labels that follow those of a series, in this order; empty values too.
using MoreLabels = std::vector<std::pair<std::string, std::string>>;
// name{labels,more} value millis
void AppendSample(std::string& out, const Labels& labels, const MoreLabels& more, double value,
                  Timestamp time, Escaping escaping);
// Upper bounds with cumulative counts, the last one +Inf; an exponential histogram has that alone.
std::vector<std::pair<double, double>> ClassicBuckets(const Histogram& histogram);
// A native histogram as its classic series: buckets, sum, count.
void AppendClassicHistogram(std::string& out, const Labels& labels, const MoreLabels& more,
                            const Histogram& histogram, Timestamp time, Escaping escaping);

}  // namespace meerkat::web
