#include "server/remote/otlp_translator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "base/histogram_check.h"
#include "base/name_scheme.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"
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

std::size_t Runes(std::string_view text) {
  std::size_t runes = 0;
  for (; !text.empty(); ++runes) TakeRune(text);
  return runes;
}

// The identifiers of a span, when there is one, and as much of the attributes as all of them: their
// names stay as they are, and an exemplar with more than 128 characters would be refused.
Labels LabelsOf(const Exemplar& exemplar) {
  constexpr std::size_t kMostRunes = 128;
  LabelsBuilder labels;
  std::size_t runes = 0;
  const auto add = [&](std::string_view name, const std::string& id) {
    if (id.find_first_not_of('0') == std::string::npos) return;
    labels.Set(name, id);
    runes += name.size() + id.size();
  };
  add("trace_id", exemplar.trace_id);
  add("span_id", exemplar.span_id);
  for (const auto& [name, value] : exemplar.attributes) runes += Runes(name) + Runes(value);
  if (runes <= kMostRunes) {
    for (const auto& [name, value] : exemplar.attributes) labels.Set(name, value);
  }
  return labels.Build();
}

bool AreValid(const std::vector<Label>& labels) {
  return std::all_of(labels.begin(), labels.end(), [](const Label& label) {
    return label.name == kMetricName
               ? IsValidMetricName(NameScheme::kUtf8, label.value)
               : IsValidLabelName(NameScheme::kUtf8, label.name) && IsValidUtf8(label.value);
  });
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
  // Also of metrics that are then left out: their resource was there.
  for (const Point& point : metric.points) {
    earliest_ = std::min(earliest_, TimeOf(point.time));
    latest_ = std::max(latest_, TimeOf(point.time));
  }
  const bool has_temporality = metric.kind == Kind::kSum || metric.kind == Kind::kHistogram ||
                               metric.kind == Kind::kExponential;
  delta_ = has_temporality && settings_.deltas && metric.temporality == Metric::Temporality::kDelta;
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
  appender_.SetMetadata(name, {type, metric.description, UnitName(metric.unit)});
  for (const Point& point : metric.points) {
    const auto labels_or_none = LabelsOf(point, origin);
    if (!labels_or_none) {
      warnings_.push_back({"label", "an attribute of metric " + Quote(metric.name) +
                                        " has a name that gives no label"});
      return;
    }
    const LabelMap& labels = *labels_or_none;
    switch (metric.kind) {
      case Kind::kGauge:
        Float(Resolve(labels, name), point, point.value);
        break;
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

std::optional<Translator::LabelMap> Translator::Translate(Attributes attributes) const {
  std::stable_sort(attributes.begin(), attributes.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  LabelMap labels;
  for (const auto& [name, value] : attributes) {
    std::string label = LabelName(name, options_);
    if (label.empty()) return std::nullopt;
    // Several attributes may end up under one name: their values are joined. One without a value
    // is none.
    std::string& joined = labels[std::move(label)];
    joined = joined.empty() ? value : joined + ";" + value;
  }
  return labels;
}

std::optional<Translator::LabelMap> Translator::LabelsOf(const Point& point,
                                                         const Origin& origin) const {
  auto translated = Translate(point.attributes);
  if (!translated) return std::nullopt;
  LabelMap& labels = *translated;
  for (const auto& [name, value] : origin.resource->attributes) {
    const bool promoted = options_.promote_all_resource_attributes
                              ? !In(options_.ignore_resource_attributes, name)
                              : In(options_.promote_resource_attributes, name);
    if (!promoted) continue;
    std::string label = LabelName(name, options_);
    if (label.empty()) return std::nullopt;
    if (std::string& kept = labels[std::move(label)]; kept.empty()) kept = value;
  }
  if (const Scope& scope = *origin.scope; options_.promote_scope_metadata && !scope.name.empty()) {
    for (const auto& [name, value] : scope.attributes) {
      labels[LabelName("otel_scope_" + name, options_)] = value;
    }
    labels["otel_scope_name"] = scope.name;
    labels["otel_scope_version"] = scope.version;
    labels["otel_scope_schema_url"] = scope.schema_url;
  }
  AddIdentity(*origin.resource, labels);
  return translated;
}

void Translator::AddIdentity(const Resource& resource, LabelMap& labels) const {
  if (const auto* name = Find(resource.attributes, "service.name")) {
    const auto* space = Find(resource.attributes, "service.namespace");
    labels["job"] = space == nullptr ? *name : *space + "/" + *name;
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
  if (!AreValid(list)) {
    warnings_.push_back({"invalid_labels", "series of metric " + Quote(name) +
                                               " has a label that is not valid UTF-8"});
    return tsdb::SeriesRef::kNone;
  }
  const tsdb::SeriesRef ref = appender_.Resolve(Labels::From(std::move(list)));
  if (ref == tsdb::SeriesRef::kNone) Note(tsdb::Refusal::kSeriesLimit);
  return ref;
}

Timestamp Translator::StartOf(const Point& point) const {
  return settings_.start_timestamps && point.start != 0 ? TimeOf(point.start) : kMinTime;
}

void Translator::Float(tsdb::SeriesRef ref, const Point& point, double value) {
  if (ref == tsdb::SeriesRef::kNone) return;
  const Timestamp time = TimeOf(point.time);
  Note(time > settings_.latest
           ? tsdb::Refusal::kOutOfBounds
           : appender_.Append(ref, time, point.no_value() ? StaleNan() : value, StartOf(point)));
  ++samples_;
}

void Translator::AddExemplars(tsdb::SeriesRef ref, const Point& point, double above, double up_to) {
  if (ref == tsdb::SeriesRef::kNone) return;
  for (const Exemplar& one : point.exemplars) {
    if (!(one.value > above && one.value <= up_to)) continue;
    const tsdb::Exemplar exemplar{otlp::LabelsOf(one), one.value, TimeOf(one.time)};
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
  ++samples_;
  if (std::string fault = HistogramFault(*histogram); !fault.empty()) {
    if (refused_ == tsdb::Refusal::kNone) fault_ = std::move(fault);
    Note(tsdb::Refusal::kBadHistogram);
    return;
  }
  const Timestamp time = TimeOf(point.time);
  Note(time > settings_.latest ? tsdb::Refusal::kOutOfBounds
                               : appender_.Append(ref, time, std::move(histogram), StartOf(point)));
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
  Attributes told = resource.attributes;
  std::erase_if(told, [](const auto& pair) { return IsIdentifying(pair.first); });
  // Without more than an identity it would tell nothing.
  if (told.empty()) return;
  auto translated = Translate(options_.keep_identifying_resource_attributes ? resource.attributes
                                                                            : std::move(told));
  if (!translated) {
    warnings_.push_back({"label", "an attribute of a resource has a name that gives no label"});
    return;
  }
  LabelMap& labels = *translated;
  AddIdentity(resource, labels);
  // Without an identity nothing could be joined with it.
  if (labels["job"].empty() && labels["instance"].empty()) return;
  const tsdb::SeriesRef ref = Resolve(labels, "target_info");
  if (ref == tsdb::SeriesRef::kNone) return;
  appender_.SetMetadata("target_info", {tsdb::MetricType::kGauge, "Target metadata", ""});
  const Millis interval = std::max(settings_.lookback / 2, Millis(1));
  // A request that spans ages writes no more than this many.
  constexpr int kMost = 10'000;
  Timestamp time = earliest_;
  if (latest_ > settings_.latest) return;
  // Requests of several scopes or retries repeat it: what is there already is no failure.
  for (int i = 0; i < kMost && time < latest_; ++i, time += interval) {
    (void)appender_.Append(ref, time, 1);
  }
  (void)appender_.Append(ref, latest_, 1);
}

}  // namespace meerkat::remote::otlp
