#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/labels.h"
#include "server/remote/message.h"
#include "tsdb/refusal.h"

// The protobuf messages of the remote protocols, in our types; private to server/remote.
// Malformed input throws protozero::exception: each receiver catches that in one place.
namespace meerkat::remote {

struct WireHistogram {
  Timestamp time{};
  Timestamp start = kMinTime;
  std::shared_ptr<Histogram> histogram;
};

// Histogram of both protocol versions; bucket deltas become absolute counts.
WireHistogram ReadHistogram(std::string_view message);
// The other way, as version 1 has it. Appends the message's bytes.
void WriteHistogram(std::string& out, Timestamp time, const Histogram& histogram);

// Labels as a sender gave them: in any order, with repeated or empty names still in. Label messages
// are field 1 of `message`; other fields are passed over.
void ReadLabels(std::string_view message, std::vector<Label>& labels);

// Why a series cannot be stored: no or a bad metric name, a bad label name or value, a name twice.
struct LabelFault {
  bool duplicate = false;
  std::string name;  // the repeated one
};
// Null-like (false) when all is well. Sorts `labels`.
bool FindFault(std::vector<Label>& labels, LabelFault& fault);

// "{a=\"b\"}" of labels that may be faulty, for messages.
std::string Print(const std::vector<Label>& labels);

}  // namespace meerkat::remote
