#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/labels.h"
#include "server/remote/message.h"
#include "tsdb/refusal.h"
#include "tsdb/storage.h"

// The protobuf messages of the remote protocols, in our types; private to server/remote.
// Malformed input throws protozero::exception: each receiver catches that in one place.
namespace meerkat::remote {

// Senders' clocks may be ahead by this much: what is later is out of bounds.
inline constexpr Millis kMostAhead = std::chrono::minutes(10);

struct WireSample {
  Timestamp time{};
  Timestamp start = kMinTime;  // version 2 alone has one
  double value = 0;
};
WireSample ReadSample(std::string_view message);

struct WireHistogram {
  Timestamp time{};
  Timestamp start = kMinTime;
  std::shared_ptr<Histogram> histogram;
};

// Histogram of both protocol versions; bucket deltas become absolute counts.
WireHistogram ReadHistogram(std::string_view message);
// The other way, as version 1 has it. Appends the message's bytes.
void WriteHistogram(std::string& out, Timestamp time, const Histogram& histogram);

// What both versions call the types of metrics; unknown for numbers without a meaning.
tsdb::MetricType MetricTypeOf(std::int64_t number);

// Value and time of both versions, whose labels differ: `other` gets the message at every field
// that is neither, to take or skip it.
template <typename Other>
tsdb::Exemplar ReadExemplar(std::string_view message, Other&& other) {
  tsdb::Exemplar exemplar;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 2:
        exemplar.value = reader.get_double();
        break;
      case 3:
        exemplar.time = FromMillis(reader.get_int64());
        break;
      default:
        other(reader);
    }
  }
  return exemplar;
}

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

// "{__name__=\"a\", b=\"c\"}" of labels that may be faulty, for messages.
std::string Print(const std::vector<Label>& labels);

}  // namespace meerkat::remote
