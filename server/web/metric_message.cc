#include "server/web/metric_message.h"

#include <iterator>
#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>

namespace meerkat::web {
namespace {

using Writer = protozero::pbf_writer;

void AddText(Writer& writer, protozero::pbf_tag_type tag, std::string_view text) {
  writer.add_string(tag, text.data(), text.size());
}

void AddLabels(Writer& metric, const LabelPairs& labels) {
  for (const auto& [name, value] : labels) {
    Writer pair(metric, 1);
    AddText(pair, 1, name);
    AddText(pair, 2, value);
  }
}

void AddSpans(Writer& histogram, protozero::pbf_tag_type tag,
              const std::vector<BucketSpan>& spans) {
  for (const BucketSpan& one : spans) {
    Writer span(histogram, tag);
    span.add_sint32(1, one.offset);
    span.add_uint32(2, one.length);
  }
}

}  // namespace

FamilyMessage::FamilyMessage(std::string_view name, std::string_view help, FamilyType type)
    : type_(type) {
  Writer family(message_);
  AddText(family, 1, name);
  if (!help.empty()) AddText(family, 2, help);
  family.add_enum(3, static_cast<int>(type));
}

void FamilyMessage::AddValue(const LabelPairs& labels, double value, Timestamp time) {
  Writer family(message_);
  Writer metric(family, 4);
  AddLabels(metric, labels);
  {
    const int tag = type_ == FamilyType::kGauge ? 2 : type_ == FamilyType::kCounter ? 3 : 5;
    Writer holder(metric, static_cast<protozero::pbf_tag_type>(tag));
    holder.add_double(1, value);
  }
  if (time != kMinTime) metric.add_int64(6, ToMillis(time));
}

void FamilyMessage::AddHistogram(const LabelPairs& labels, const Histogram& h, Timestamp time) {
  Writer family(message_);
  Writer metric(family, 4);
  AddLabels(metric, labels);
  {
    Writer histogram(metric, 7);
    histogram.add_double(4, h.count);
    histogram.add_double(2, h.sum);
    histogram.add_sint32(5, h.schema);
    histogram.add_double(6, h.zero_threshold);
    histogram.add_double(8, h.zero_count);
    AddSpans(histogram, 9, h.negative_spans);
    histogram.add_packed_double(11, h.negative_buckets.begin(), h.negative_buckets.end());
    AddSpans(histogram, 12, h.positive_spans);
    histogram.add_packed_double(14, h.positive_buckets.begin(), h.positive_buckets.end());
  }
  if (time != kMinTime) metric.add_int64(6, ToMillis(time));
}

void FamilyMessage::AddPoints(const LabelPairs& labels, double count, double sum,
                              const std::vector<std::pair<double, double>>& points,
                              Timestamp time) {
  const bool summary = type_ == FamilyType::kSummary;
  Writer family(message_);
  Writer metric(family, 4);
  AddLabels(metric, labels);
  if (time != kMinTime) metric.add_int64(6, ToMillis(time));
  Writer holder(metric, summary ? 4 : 7);
  holder.add_uint64(1, static_cast<std::uint64_t>(count));
  holder.add_double(2, sum);
  for (const auto& [at, value] : points) {
    Writer point(holder, 3);
    if (summary) {
      point.add_double(1, at);
      point.add_double(2, value);
    } else {
      point.add_uint64(1, static_cast<std::uint64_t>(value));
      point.add_double(2, at);
    }
  }
}

void FamilyMessage::AppendTo(std::string& out) const {
  protozero::write_varint(std::back_inserter(out), message_.size());
  out += message_;
}

}  // namespace meerkat::web
