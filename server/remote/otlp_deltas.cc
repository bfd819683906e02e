#include "server/remote/otlp_deltas.h"

#include <algorithm>
#include <utility>

namespace meerkat::remote::otlp {
namespace {

// Texts behind each other, so that no two lists give the same.
void AppendText(std::string& key, std::string_view text) {
  key += std::to_string(text.size());
  key += ':';
  key += text;
}

void AppendAttributes(std::string& key, Attributes attributes) {
  std::sort(attributes.begin(), attributes.end());
  key += std::to_string(attributes.size());
  for (const auto& [name, value] : attributes) {
    AppendText(key, name);
    AppendText(key, value);
  }
}

std::string KeyOf(const Resource& resource, const Scope& scope, const Metric& metric) {
  std::string key;
  AppendAttributes(key, resource.attributes);
  AppendText(key, scope.name);
  AppendText(key, scope.version);
  AppendAttributes(key, scope.attributes);
  AppendText(key, metric.name);
  AppendText(key, metric.unit);
  key += static_cast<char>('0' + static_cast<int>(metric.kind));
  key += metric.monotonic ? 'm' : '-';
  return key;
}

// Halves the resolution `steps` times: bucket i holds what 2^steps finer ones held.
void Coarsen(Buckets& buckets, std::int64_t steps) {
  if (steps <= 0 || buckets.counts.empty()) return;
  const auto shift = static_cast<int>(std::min<std::int64_t>(steps, 31));
  const std::int32_t first = buckets.offset >> shift;
  Buckets coarse{first, {}};
  for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
    const std::int64_t index =
        (std::int64_t{buckets.offset} + static_cast<std::int64_t>(i)) >> shift;
    const auto at = static_cast<std::size_t>(index - first);
    if (coarse.counts.size() <= at) coarse.counts.resize(at + 1);
    coarse.counts[at] += buckets.counts[i];
  }
  buckets = std::move(coarse);
}

// False: together they would span more than a sane histogram has.
bool Merge(Buckets& into, const Buckets& more) {
  constexpr std::int64_t kMostBuckets = 16'384;
  if (more.counts.empty()) return true;
  if (into.counts.empty()) {
    into = more;
    return true;
  }
  const auto end = [](const Buckets& buckets) {
    return std::int64_t{buckets.offset} + static_cast<std::int64_t>(buckets.counts.size());
  };
  const std::int64_t first = std::min(into.offset, more.offset);
  const std::int64_t last = std::max(end(into), end(more));
  if (last - first > kMostBuckets) return false;
  Buckets both{static_cast<std::int32_t>(first), {}};
  both.counts.resize(static_cast<std::size_t>(last - first));
  for (const Buckets* const part : {&std::as_const(into), &more}) {
    const auto shift = static_cast<std::size_t>(part->offset - first);
    for (std::size_t i = 0; i < part->counts.size(); ++i) both.counts[shift + i] += part->counts[i];
  }
  into = std::move(both);
  return true;
}

bool AddExponential(Point& sum, const Point& more) {
  Buckets positive = more.positive;
  Buckets negative = more.negative;
  const std::int64_t scale = std::min(sum.scale, more.scale);
  Coarsen(sum.positive, sum.scale - scale);
  Coarsen(sum.negative, sum.scale - scale);
  Coarsen(positive, more.scale - scale);
  Coarsen(negative, more.scale - scale);
  sum.scale = static_cast<std::int32_t>(scale);
  sum.zero_count += more.zero_count;
  sum.zero_threshold = std::max(sum.zero_threshold, more.zero_threshold);
  return Merge(sum.positive, positive) && Merge(sum.negative, negative);
}

// False: they do not go together, and the sum begins anew.
bool AddTo(Point& sum, Metric::Kind kind, const Point& more) {
  sum.value += more.value;
  sum.count += more.count;
  if (sum.sum && more.sum) {
    *sum.sum += *more.sum;
  } else {
    sum.sum.reset();
  }
  if (kind == Metric::Kind::kExponential) return AddExponential(sum, more);
  if (kind != Metric::Kind::kHistogram) return true;
  if (sum.bounds != more.bounds || sum.bucket_counts.size() != more.bucket_counts.size()) {
    return false;
  }
  for (std::size_t i = 0; i < more.bucket_counts.size(); ++i) {
    sum.bucket_counts[i] += more.bucket_counts[i];
  }
  return true;
}

}  // namespace

void DeltaSums::Accumulate(Request& request) {
  MutexLock lock(mu_);
  Forget(clock_.Now());
  for (Resource& resource : request) {
    for (Scope& scope : resource.scopes) {
      for (Metric& metric : scope.metrics) {
        if (metric.temporality != Metric::Temporality::kDelta) continue;
        metric.temporality = Metric::Temporality::kCumulative;
        const std::string key = KeyOf(resource, scope, metric);
        std::erase_if(metric.points, [&](Point& point) REQUIRES(mu_) {
          std::string stream = key;
          AppendAttributes(stream, point.attributes);
          return !Add(stream, metric.kind, point);
        });
      }
    }
  }
}

bool DeltaSums::Add(const std::string& stream, Metric::Kind kind, Point& point) {
  const auto keep = [](const Point& from) {
    Point sum = from;
    sum.attributes.clear();
    sum.exemplars.clear();
    return sum;
  };
  if (point.no_value()) {
    streams_.erase(stream);
    return true;
  }
  const auto [at, added] = streams_.try_emplace(stream);
  Stream& known = at->second;
  known.seen = clock_.Now();
  if (added) {
    known.sum = keep(point);
    return true;
  }
  if (point.time <= known.sum.time) return false;
  if (AddTo(known.sum, kind, point)) {
    known.sum.time = point.time;
  } else {
    known.sum = keep(point);
  }
  // What the point says of itself stays: attributes and exemplars.
  Point sum = known.sum;
  sum.attributes = std::move(point.attributes);
  sum.exemplars = std::move(point.exemplars);
  point = std::move(sum);
  return true;
}

void DeltaSums::Forget(Timestamp now) {
  if (now - forgotten_ < forget_after_ / 4) return;
  forgotten_ = now;
  std::erase_if(streams_,
                [&](const auto& entry) { return now - entry.second.seen > forget_after_; });
}

std::size_t DeltaSums::streams() const {
  MutexLock lock(mu_);
  return streams_.size();
}

}  // namespace meerkat::remote::otlp
