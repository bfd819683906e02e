#include "server/remote/otlp_translator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "base/number.h"
#include "base/quote.h"
#include "server/remote/otlp_histogram.h"
#include "server/remote/otlp_names.h"

namespace meerkat::remote::otlp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Timestamp TimeOf(std::uint64_t nanoseconds) {
  return FromMillis(static_cast<std::int64_t>(nanoseconds / 1'000'000));
}

const std::string* Find(const Attributes& attributes, std::string_view name) {
  for (const auto& [key, value] : attributes) {
    if (key == name) return &value;
  }
  return nullptr;
}

bool IsIdentifying(std::string_view name) {
  return name == "service.name" || name == "service.namespace" || name == "service.instance.id";
}

bool In(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

tsdb::MetricType TypeOf(const Metric& metric) {
  switch (metric.kind) {
    case Metric::Kind::kGauge:
      return tsdb::MetricType::kGauge;
    case Metric::Kind::kSum:
      return metric.monotonic ? tsdb::MetricType::kCounter : tsdb::MetricType::kGauge;
    case Metric::Kind::kHistogram:
    case Metric::Kind::kExponential:
      return tsdb::MetricType::kHistogram;
    case Metric::Kind::kSummary:
      return tsdb::MetricType::kSummary;
    case Metric::Kind::kNone:
      break;
  }
  return tsdb::MetricType::kUnknown;
}

// Several attributes may end up under one name: their values are joined.
void Merge(std::map<std::string, std::string>& labels, std::string name, const std::string& value) {
  const auto [entry, added] = labels.try_emplace(std::move(name), value);
  if (!added) entry->second += ";" + value;
}

}  // namespace

tsdb::Refusal Translator::Append(const Request& request) {
  for (const Resource& resource : request) AddResource(resource);
  return refused_;
}

void Translator::AddResource(const Resource& resource) {
  earliest_ = kMaxTime;
  latest_ = kMinTime;
  for (const Scope& scope : resource.scopes) {
    const Origin origin{&resource, &scope};
    for (const Metric& metric : scope.metrics) AddMetric(metric, origin);
  }
  AddTargetInfo(resource);
}

void Translator::AddMetric(const Metric& metric, const Origin& origin) {
  using Kind = Metric::Kind;
  if (metric.kind == Kind::kNone || metric.points.empty()) return;
  const bool has_temporality = metric.kind == Kind::kSum || metric.kind == Kind::kHistogram ||
                               metric.kind == Kind::kExponential;
  delta_ = has_temporality && deltas_ && metric.temporality == Metric::Temporality::kDelta;
  if (has_temporality && !delta_ && metric.temporality != Metric::Temporality::kCumulative) {
    warnings_.push_back({"temporality", "invalid temporality and type combination for metric " +
                                            Quote(metric.name)});
    return;
  }
  const std::string name = MetricName(metric, options_.strategy);
  if (name.empty()) {
    warnings_.push_back({"name", "no metric name is left of " + Quote(metric.name)});
    return;
  }
  const tsdb::MetricType type = delta_ ? tsdb::MetricType::kUnknown : TypeOf(metric);
  appender_.SetMetadata(name, {type, metric.description, metric.unit});
  for (const Point& point : metric.points) {
    const LabelMap labels = LabelsOf(point, origin);
    earliest_ = std::min(earliest_, TimeOf(point.time));
    latest_ = std::max(latest_, TimeOf(point.time));
    switch (metric.kind) {
      case Kind::kGauge:
      case Kind::kSum: {
        const tsdb::SeriesRef ref = Resolve(labels, name);
        Float(ref, point, point.value);
        AddExemplars(ref, point, -kInfinity, kInfinity);
        break;
      }
      case Kind::kHistogram:
        if (options_.convert_histograms_to_nhcb) {
          AddCustomHistogram(name, point, labels);
        } else {
          AddClassicHistogram(name, point, labels);
        }
        break;
      case Kind::kExponential:
        AddExponential(name, point, labels);
        break;
      case Kind::kSummary:
        AddSummary(name, point, labels);
        break;
      case Kind::kNone:
        break;
    }
  }
}

Translator::LabelMap Translator::LabelsOf(const Point& point, const Origin& origin) const {
  LabelMap labels;
  Attributes sorted = point.attributes;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [name, value] : sorted) Merge(labels, LabelName(name, options_), value);
  for (const auto& [name, value] : origin.resource->attributes) {
    const bool promoted = options_.promote_all_resource_attributes
                              ? !In(options_.ignore_resource_attributes, name)
                              : In(options_.promote_resource_attributes, name);
    if (promoted) labels.try_emplace(LabelName(name, options_), value);
  }
  if (options_.promote_scope_metadata) {
    const Scope& scope = *origin.scope;
    if (!scope.name.empty()) labels["otel_scope_name"] = scope.name;
    if (!scope.version.empty()) labels["otel_scope_version"] = scope.version;
    if (!scope.schema_url.empty()) labels["otel_scope_schema_url"] = scope.schema_url;
    for (const auto& [name, value] : scope.attributes) {
      labels[LabelName("otel_scope_" + name, options_)] = value;
    }
  }
  AddIdentity(*origin.resource, labels);
  return labels;
}

void Translator::AddIdentity(const Resource& resource, LabelMap& labels) const {
  if (const auto* name = Find(resource.attributes, "service.name")) {
    const auto* space = Find(resource.attributes, "service.namespace");
    labels["job"] = space == nullptr || space->empty() ? *name : *space + "/" + *name;
  }
  if (const auto* instance = Find(resource.attributes, "service.instance.id")) {
    labels["instance"] = *instance;
  }
}

tsdb::SeriesRef Translator::Resolve(const LabelMap& labels, const std::string& name,
                                    const std::string& extra_name, const std::string& extra) {
  std::vector<Label> list;
  list.reserve(labels.size() + 2);
  for (const auto& [key, value] : labels) {
    if (key != extra_name && key != kMetricName) list.push_back({key, value});
  }
  list.push_back({kMetricName, name});
  if (!extra_name.empty()) list.push_back({extra_name, extra});
  const tsdb::SeriesRef ref = appender_.Resolve(Labels::From(std::move(list)));
  if (ref == tsdb::SeriesRef::kNone) Note(tsdb::Refusal::kSeriesLimit);
  return ref;
}

void Translator::Float(tsdb::SeriesRef ref, const Point& point, double value) {
  if (ref == tsdb::SeriesRef::kNone) return;
  Note(appender_.Append(ref, TimeOf(point.time), point.no_value() ? StaleNan() : value));
  ++samples_;
}

void Translator::AddExemplars(tsdb::SeriesRef ref, const Point& point, double above, double up_to) {
  if (ref == tsdb::SeriesRef::kNone) return;
  for (const Exemplar& one : point.exemplars) {
    if (!(one.value > above && one.value <= up_to)) continue;
    LabelsBuilder labels;
    if (!one.trace_id.empty()) labels.Set("trace_id", one.trace_id);
    if (!one.span_id.empty()) labels.Set("span_id", one.span_id);
    for (const auto& [name, value] : one.attributes) labels.Set(LabelName(name, options_), value);
    const tsdb::Exemplar exemplar{labels.Build(), one.value, TimeOf(one.time)};
    if (appender_.AppendExemplar(ref, exemplar) != tsdb::Refusal::kNone) ++refused_exemplars_;
  }
}

void Translator::AddClassicHistogram(const std::string& name, const Point& point,
                                     const LabelMap& labels) {
  if (point.sum) Float(Resolve(labels, name + "_sum"), point, *point.sum);
  Float(Resolve(labels, name + "_count"), point, static_cast<double>(point.count));
  std::uint64_t cumulative = 0;
  double below = -kInfinity;
  for (std::size_t i = 0; i < point.bounds.size() && i < point.bucket_counts.size(); ++i) {
    cumulative += point.bucket_counts[i];
    const tsdb::SeriesRef ref =
        Resolve(labels, name + "_bucket", "le", FormatFloat(point.bounds[i], 'f'));
    Float(ref, point, static_cast<double>(cumulative));
    AddExemplars(ref, point, below, point.bounds[i]);
    below = point.bounds[i];
  }
  const tsdb::SeriesRef all = Resolve(labels, name + "_bucket", "le", "+Inf");
  Float(all, point, static_cast<double>(point.count));
  AddExemplars(all, point, below, kInfinity);
}

void Translator::AddCustomHistogram(const std::string& name, const Point& point,
                                    const LabelMap& labels) {
  AddNative(name, point, labels, ToCustomHistogram(point));
}

void Translator::AddNative(const std::string& name, const Point& point, const LabelMap& labels,
                           HistogramPtr histogram) {
  const tsdb::SeriesRef ref = Resolve(labels, name);
  if (ref == tsdb::SeriesRef::kNone) return;
  if (delta_) {
    auto gauge = std::make_shared<Histogram>(*histogram);
    gauge->reset_hint = Histogram::ResetHint::kGauge;
    histogram = std::move(gauge);
  }
  Note(appender_.Append(ref, TimeOf(point.time), std::move(histogram)));
  ++samples_;
  AddExemplars(ref, point, -kInfinity, kInfinity);
}

void Translator::AddExponential(const std::string& name, const Point& point,
                                const LabelMap& labels) {
  auto histogram = ToNativeHistogram(point);
  if (!histogram) {
    warnings_.push_back({"exponential_histogram", histogram.error().message()});
    return;
  }
  AddNative(name, point, labels, std::move(*histogram));
}

void Translator::AddSummary(const std::string& name, const Point& point, const LabelMap& labels) {
  Float(Resolve(labels, name + "_sum"), point, point.sum.value_or(0));
  Float(Resolve(labels, name + "_count"), point, static_cast<double>(point.count));
  for (const auto& [quantile, value] : point.quantiles) {
    Float(Resolve(labels, name, "quantile", FormatFloat(quantile, 'f')), point, value);
  }
}

void Translator::AddTargetInfo(const Resource& resource) {
  if (latest_ < earliest_) return;
  const bool more = std::any_of(resource.attributes.begin(), resource.attributes.end(),
                                [](const auto& pair) { return !IsIdentifying(pair.first); });
  LabelMap labels;
  AddIdentity(resource, labels);
  // Without an identity nothing could be joined with it, without more it would tell nothing.
  if (!more || labels.empty()) return;
  for (const auto& [name, value] : resource.attributes) {
    if (IsIdentifying(name) && !options_.keep_identifying_resource_attributes) continue;
    Merge(labels, LabelName(name, options_), value);
  }
  const tsdb::SeriesRef ref = Resolve(labels, "target_info");
  if (ref == tsdb::SeriesRef::kNone) return;
  appender_.SetMetadata("target_info", {tsdb::MetricType::kGauge, "Target metadata", ""});
  const Millis interval = std::max(lookback_ / 2, Millis(1));
  // A request that spans ages writes no more than this many.
  constexpr int kMost = 10'000;
  Timestamp time = earliest_;
  // Requests of several scopes or retries repeat it: what is there already is no failure.
  for (int i = 0; i < kMost && time < latest_; ++i, time += interval) {
    (void)appender_.Append(ref, time, 1);
  }
  (void)appender_.Append(ref, latest_, 1);
}

}  // namespace meerkat::remote::otlp
