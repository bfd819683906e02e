#include "server/web/federate.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/number.h"
#include "server/web/escaping.h"
#include "server/web/exposition_format.h"
#include "server/web/metric_message.h"
#include "server/web/prometheus/parameters.h"

namespace meerkat::web {
namespace {

constexpr std::size_t kPiece = 64 << 10;

struct Newest {
  Labels labels;
  Timestamp time{};
  double value = 0;
  HistogramPtr histogram;
};

// The newest sample of one series; false when there is none or it is a stale marker.
bool TakeNewest(const tsdb::SeriesColumns& columns, Newest& newest) {
  if (columns.size() == 0) return false;
  const std::size_t last = columns.size() - 1;
  newest.time = (*columns.times)[last];
  newest.histogram = nullptr;
  if (!columns.histograms.empty() && columns.histograms.back().index == last) {
    newest.histogram = columns.histograms.back().histogram;
    return !newest.histogram->IsStale();
  }
  newest.value = columns.values[last];
  return !IsStaleNan(newest.value);
}

// What upstream adds to the labels of a series: external ones it does not have, and an empty
// instance where neither has one.
MoreLabels Added(const Labels& labels, const Labels& external) {
  MoreLabels more;
  bool instance = labels.Has("instance");
  const auto add_instance = [&more, &instance] {
    more.emplace_back("instance", "");
    instance = true;
  };
  for (const Label label : external) {
    if (!instance && label.name > "instance") add_instance();
    instance = instance || label.name == "instance";
    if (!labels.Has(label.name)) more.emplace_back(label.name, label.value);
  }
  if (!instance) add_instance();
  return more;
}

LabelPairs EscapedLabels(const Labels& labels, const MoreLabels& more, Escaping escaping) {
  LabelPairs pairs;
  for (const Label label : labels) {
    if (label.name == kMetricName) continue;
    pairs.emplace_back(EscapeName(label.name, escaping), label.value);
  }
  for (const auto& [name, value] : more) {
    pairs.emplace_back(EscapeName(name, escaping), value);
  }
  return pairs;
}

FamilyType TypeOf(const Newest& sample) {
  if (sample.histogram == nullptr) return FamilyType::kUntyped;
  return sample.histogram->reset_hint == Histogram::ResetHint::kGauge ? FamilyType::kGaugeHistogram
                                                                      : FamilyType::kHistogram;
}

class Body : public net::BodySource {
 public:
  Body(std::vector<Newest> samples, Labels external, const ExpositionFormat& format)
      : samples_(std::move(samples)),
        external_(std::move(external)),
        escaping_(format.escaping),
        protobuf_(format.protobuf) {}

  Result<bool> Next(std::string& chunk) override {
    while (protobuf_ && next_ < samples_.size() && chunk.size() < kPiece) AppendFamily(chunk);
    while (next_ < samples_.size() && chunk.size() < kPiece) {
      const Newest& sample = samples_[next_++];
      const std::string_view name = sample.labels.metric_name();
      const bool is_histogram = sample.histogram != nullptr;
      if (next_ == 1 || name != last_name_ || is_histogram != last_is_histogram_) {
        last_name_ = name;
        last_is_histogram_ = is_histogram;
        AppendTypeLine(chunk, name, is_histogram ? "histogram" : "untyped", escaping_);
      }
      const MoreLabels more = Added(sample.labels, external_);
      if (is_histogram) {
        AppendClassicHistogram(chunk, sample.labels, more, *sample.histogram, sample.time,
                               escaping_);
      } else {
        AppendSample(chunk, sample.labels, more, sample.value, sample.time, escaping_);
      }
    }
    return next_ < samples_.size();
  }

 private:
  // All samples of one name and type.
  void AppendFamily(std::string& chunk) {
    const std::string_view name = samples_[next_].labels.metric_name();
    const FamilyType type = TypeOf(samples_[next_]);
    FamilyMessage family(EscapeName(name, escaping_), "", type);
    for (; next_ < samples_.size() && samples_[next_].labels.metric_name() == name &&
           TypeOf(samples_[next_]) == type;
         ++next_) {
      const Newest& sample = samples_[next_];
      const LabelPairs labels =
          EscapedLabels(sample.labels, Added(sample.labels, external_), escaping_);
      if (sample.histogram == nullptr) {
        family.AddValue(labels, sample.value, sample.time);
      } else if (sample.histogram->uses_custom_buckets()) {
        // The message has no place for custom bounds: as the classic histogram it was.
        family.AddPoints(labels, sample.histogram->count, sample.histogram->sum,
                         ClassicBuckets(*sample.histogram), sample.time);
      } else {
        family.AddHistogram(labels, *sample.histogram, sample.time);
      }
    }
    family.AppendTo(chunk);
  }

  const std::vector<Newest> samples_;
  const Labels external_;
  const Escaping escaping_;
  const bool protobuf_;
  std::size_t next_ = 0;
  std::string last_name_;
  bool last_is_histogram_ = false;
};

}  // namespace

Federation::Federation(const Doors& doors, Registry& registry)
    : doors_(doors),
      errors_(registry.counter("prometheus_web_federation_errors_total",
                               "Total number of errors that occurred while sending federation "
                               "responses.")),
      warnings_(registry.counter("prometheus_web_federation_warnings_total",
                                 "Total number of warnings that occurred while sending federation "
                                 "responses.")) {}

net::Response Federation::Handle(const net::Request& request, std::stop_token stop) {
  const net::Params form = request.PlainForm();
  if (!form.error().empty()) {
    return net::Response::Failure(400, "error parsing form values: " + form.error());
  }
  auto sets = ParseSelectors(form);
  if (!sets) return net::Response::Failure(400, sets.error().message());
  std::erase_if(*sets, [](const auto& set) { return set.empty(); });  // {} names no series
  tsdb::Database* database = doors_.database();
  const auto engine = doors_.engine();
  if (database == nullptr || engine == nullptr) {
    return net::Response::Text(503, "Service Unavailable");
  }
  const ExpositionFormat format = Negotiate(request.headers.Get("Accept"));
  const Timestamp now = doors_.clock->Now();
  const TimeRange range{now - engine->options().lookback, now};
  std::vector<Newest> samples;
  if (!sets->empty()) {
    auto querier = database->NewQuerier(range);
    if (!querier) {
      errors_.Add();
      return net::Response::Failure(500, querier.error().message());
    }
    (*querier)->InterruptBy(tsdb::Interrupt(stop));
    tsdb::SeriesColumns columns;
    for (const auto& set : *sets) {
      auto series = (*querier)->Select(set, {});
      if (!series) {
        errors_.Add();
        return net::Response::Failure(500, series.error().message());
      }
      for (;;) {
        if (stop.stop_requested()) return net::Response::Text(499, "");
        auto more = (*series)->Next();
        if (!more) {
          errors_.Add();
          return net::Response::Failure(500, more.error().message());
        }
        if (!*more) break;
        // Unreadable blocks: what is readable is still told.
        if (auto read = (*series)->Read(columns); !read) warnings_.Add();
        Newest newest;
        if (!TakeNewest(columns, newest)) continue;
        newest.labels = (*series)->labels();
        if (newest.labels.metric_name().empty()) continue;
        // Text knows classic histograms only, and exponential buckets are none.
        const bool tellable = newest.histogram == nullptr || format.protobuf ||
                              newest.histogram->uses_custom_buckets();
        if (tellable) samples.push_back(std::move(newest));
      }
    }
  }
  std::sort(samples.begin(), samples.end(), [](const Newest& a, const Newest& b) {
    const auto names = a.labels.metric_name() <=> b.labels.metric_name();
    return names != 0 ? names < 0 : a.labels < b.labels;
  });
  samples.erase(std::unique(samples.begin(), samples.end(),
                            [](const Newest& a, const Newest& b) { return a.labels == b.labels; }),
                samples.end());
  net::Response response = net::Response::Text(200, "", format.content_type);
  if (!samples.empty()) {
    response.body = std::make_unique<Body>(std::move(samples), doors_.external_labels(), format);
  }
  return response;
}

}  // namespace meerkat::web
