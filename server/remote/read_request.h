#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "base/matcher.h"
#include "base/result.h"

namespace meerkat::remote {

// A remote read request as it came.
struct ReadQuery {
  TimeRange range;
  std::vector<Matcher> matchers;
};
struct ReadRequest {
  enum class Form : unsigned char { kSamples, kStreamedChunks };
  std::vector<ReadQuery> queries;
  Form form = Form::kSamples;  // the first the client accepts that we know
};

// kInvalid: no such message. kExecution: a matcher that cannot be.
Result<ReadRequest> ParseReadRequest(std::string_view message);

// Matchers that ask for an external label's value, turned to ask for its absence: what is stored
// here does not carry it.
std::vector<Matcher> WithoutExternal(const std::vector<Matcher>& matchers, const Labels& external);
// `labels` and those of `external` it does not have.
Labels WithExternal(const Labels& labels, const Labels& external);

}  // namespace meerkat::remote
