#include "server/remote/wire.h"

#include <algorithm>
#include <bit>
#include <protozero/pbf_writer.hpp>
#include <utility>

#include "base/name_scheme.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace meerkat::remote {
namespace {

BucketSpan ReadSpan(std::string_view message) {
  BucketSpan span;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        span.offset = reader.get_sint32();
        break;
      case 2:
        span.length = reader.get_uint32();
        break;
      default:
        reader.skip();
    }
  }
  return span;
}

void WriteSpans(protozero::pbf_writer& writer, protozero::pbf_tag_type tag,
                const std::vector<BucketSpan>& spans) {
  for (const BucketSpan& span : spans) {
    protozero::pbf_writer message(writer, tag);
    message.add_sint32(1, span.offset);
    message.add_uint32(2, span.length);
  }
}

// Buckets of one sign as a sender may give them: of an integer histogram as differences, of the
// other kind as counts. Which of them holds is said by the count's field, before or after.
struct WireBuckets {
  std::int64_t last = 0;
  std::vector<double> sums, counts;

  void TakeDeltas(Message& message) {
    message.each_sint64([this](std::int64_t delta) {
      // Wrapping, as a hostile sender may sum past the end; the store judges the result.
      last = static_cast<std::int64_t>(static_cast<std::uint64_t>(last) +
                                       static_cast<std::uint64_t>(delta));
      sums.push_back(static_cast<double>(last));
    });
  }
};

void TakeDoubles(Message& message, std::vector<double>& values) {
  message.each_double([&values](double value) { values.push_back(value); });
}

std::vector<std::int64_t> Deltas(const std::vector<double>& counts) {
  std::vector<std::int64_t> deltas;
  std::int64_t before = 0;
  for (const double count : counts) {
    const auto now = static_cast<std::int64_t>(count);
    deltas.push_back(now - before);
    before = now;
  }
  return deltas;
}

void WriteBuckets(protozero::pbf_writer& writer, protozero::pbf_tag_type deltas_tag,
                  protozero::pbf_tag_type counts_tag, const std::vector<double>& counts,
                  bool integer) {
  if (counts.empty()) return;
  if (integer) {
    const auto deltas = Deltas(counts);
    writer.add_packed_sint64(deltas_tag, deltas.begin(), deltas.end());
  } else {
    writer.add_packed_double(counts_tag, counts.begin(), counts.end());
  }
}

}  // namespace

WireSample ReadSample(std::string_view message) {
  WireSample sample;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        sample.value = reader.get_double();
        break;
      case 2:
        sample.time = FromMillis(reader.get_int64());
        break;
      case 3:
        if (const std::int64_t start = reader.get_int64(); start != 0) {
          sample.start = FromMillis(start);
        }
        break;
      default:
        reader.skip();
    }
  }
  return sample;
}

tsdb::MetricType MetricTypeOf(std::int64_t number) {
  constexpr auto kLast = static_cast<std::int64_t>(tsdb::MetricType::kStateset);
  return number >= 0 && number <= kLast ? static_cast<tsdb::MetricType>(number)
                                        : tsdb::MetricType::kUnknown;
}

WireHistogram ReadHistogram(std::string_view message) {
  WireHistogram wire;
  wire.histogram = std::make_shared<Histogram>();
  Histogram& h = *wire.histogram;
  h.integer = true;
  WireBuckets negative, positive;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        h.count = static_cast<double>(reader.get_uint64());
        h.integer = true;
        break;
      case 2:
        h.count = reader.get_double();
        h.integer = false;
        break;
      case 3:
        h.sum = reader.get_double();
        break;
      case 4:
        h.schema = reader.get_sint32();
        break;
      case 5:
        h.zero_threshold = reader.get_double();
        break;
      case 6:
        h.zero_count = static_cast<double>(reader.get_uint64());
        break;
      case 7:
        h.zero_count = reader.get_double();
        break;
      case 8:
        h.negative_spans.push_back(ReadSpan(reader.bytes()));
        break;
      case 9:
        negative.TakeDeltas(reader);
        break;
      case 10:
        TakeDoubles(reader, negative.counts);
        break;
      case 11:
        h.positive_spans.push_back(ReadSpan(reader.bytes()));
        break;
      case 12:
        positive.TakeDeltas(reader);
        break;
      case 13:
        TakeDoubles(reader, positive.counts);
        break;
      case 14: {
        const auto hint = reader.get_enum();
        if (hint >= 0 && hint <= 3) h.reset_hint = static_cast<Histogram::ResetHint>(hint);
        break;
      }
      case 15:
        wire.time = FromMillis(reader.get_int64());
        break;
      case 16:
        TakeDoubles(reader, h.custom_bounds);
        break;
      case 17:
        if (const auto start = reader.get_int64(); start != 0) wire.start = FromMillis(start);
        break;
      default:
        reader.skip();
    }
  }
  h.negative_buckets = std::move(h.integer ? negative.sums : negative.counts);
  h.positive_buckets = std::move(h.integer ? positive.sums : positive.counts);
  return wire;
}

void WriteHistogram(std::string& out, Timestamp time, const Histogram& h) {
  protozero::pbf_writer writer(out);
  if (h.integer) {
    writer.add_uint64(1, static_cast<std::uint64_t>(h.count));
  } else {
    writer.add_double(2, h.count);
  }
  writer.add_double(3, h.sum);
  if (h.schema != 0) writer.add_sint32(4, h.schema);
  if (h.zero_threshold != 0) writer.add_double(5, h.zero_threshold);
  if (h.integer) {
    writer.add_uint64(6, static_cast<std::uint64_t>(h.zero_count));
  } else {
    writer.add_double(7, h.zero_count);
  }
  WriteSpans(writer, 8, h.negative_spans);
  WriteBuckets(writer, 9, 10, h.negative_buckets, h.integer);
  WriteSpans(writer, 11, h.positive_spans);
  WriteBuckets(writer, 12, 13, h.positive_buckets, h.integer);
  if (h.reset_hint != Histogram::ResetHint::kUnknown) {
    writer.add_enum(14, static_cast<std::int32_t>(h.reset_hint));
  }
  writer.add_int64(15, ToMillis(time));
  if (!h.custom_bounds.empty()) {
    writer.add_packed_double(16, h.custom_bounds.begin(), h.custom_bounds.end());
  }
}

void ReadLabels(std::string_view message, std::vector<Label>& labels) {
  labels.clear();
  Message reader(message);
  while (reader.next()) {
    if (reader.tag() != 1) {
      reader.skip();
      continue;
    }
    Label label;
    Message pair(reader.bytes());
    while (pair.next()) {
      switch (pair.tag()) {
        case 1:
          label.name = pair.bytes();
          break;
        case 2:
          label.value = pair.bytes();
          break;
        default:
          pair.skip();
      }
    }
    labels.push_back(label);
  }
}

bool FindFault(std::vector<Label>& labels, LabelFault& fault) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.name < b.name; });
  bool named = false;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Label& label = labels[i];
    if (i > 0 && label.name == labels[i - 1].name) {
      fault = {true, std::string(label.name)};
      return true;
    }
    const bool is_name = label.name == kMetricName;
    named = named || (is_name && !label.value.empty());
    const bool good =
        is_name ? IsValidMetricName(NameScheme::kUtf8, label.value)
                : IsValidLabelName(NameScheme::kUtf8, label.name) && IsValidUtf8(label.value);
    if (!good) {
      fault = {};
      return true;
    }
  }
  fault = {};
  return !named;
}

std::string Print(const std::vector<Label>& labels) {
  std::string out = "{";
  for (const Label& label : labels) {
    if (out.size() > 1) out += ", ";
    out += IsLegacyLabelName(label.name) ? std::string(label.name) : Quote(label.name);
    out += '=' + Quote(label.value);
  }
  return out + "}";
}

}  // namespace meerkat::remote
