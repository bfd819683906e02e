#include "promql/histogram_math.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <tuple>

#include "promql/exec/compensated.h"
#include "promql/histogram_buckets.h"

namespace meerkat::promql {
namespace {

using Bucket = WorkingHistogram::Bucket;
using Buckets = std::vector<Bucket>;

Buckets Spread(const std::vector<BucketSpan>& spans, const std::vector<double>& counts) {
  Buckets out;
  out.reserve(counts.size());
  std::int32_t index = 0;
  std::size_t at = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && at < counts.size(); ++i) {
      out.push_back({index++, counts[at++], 0});
    }
  }
  return out;
}

void Gather(const Buckets& buckets, std::vector<BucketSpan>& spans, std::vector<double>& counts) {
  std::int32_t next = 0;
  counts.reserve(buckets.size());
  for (const Bucket& bucket : buckets) {
    const double count = bucket.count + bucket.lost;
    if (count == 0) continue;
    if (spans.empty() || bucket.index != next) {
      spans.push_back({bucket.index - next, 0});
      next = bucket.index;
    }
    ++spans.back().length;
    ++next;
    counts.push_back(count);
  }
}

void Coarsen(Buckets& buckets, std::int32_t shift) {
  std::size_t kept = 0;
  for (const Bucket& bucket : buckets) {
    const std::int32_t index = ((bucket.index - 1) >> shift) + 1;
    if (kept > 0 && buckets[kept - 1].index == index) {
      buckets[kept - 1].count += bucket.count;
      buckets[kept - 1].lost += bucket.lost;
    } else {
      buckets[kept++] = {index, bucket.count, bucket.lost};
    }
  }
  buckets.resize(kept);
}

// Whether a bucket lost observations on the way from `previous` to `current`.
bool AnyFell(const Buckets& current, const Buckets& previous) {
  auto now = current.begin();
  for (const Bucket& before : previous) {
    if (before.count == 0) continue;
    while (now != current.end() && now->index < before.index) ++now;
    if (now == current.end() || now->index != before.index) return true;
    if (now->count < before.count) return true;
  }
  return false;
}

void AddTo(double& value, double& lost, double increment, bool compensated) {
  if (compensated) {
    CompensatedAdd(increment, value, lost);
  } else {
    value += increment;
  }
}

}  // namespace

WorkingHistogram::WorkingHistogram(const Histogram& h)
    : hint_(h.reset_hint),
      schema_(h.schema),
      zero_threshold_(h.zero_threshold),
      zero_count_(h.zero_count),
      count_(h.count),
      sum_(h.sum),
      positive_(Spread(h.positive_spans, h.positive_buckets)),
      negative_(Spread(h.negative_spans, h.negative_buckets)),
      bounds_(h.custom_bounds) {}

void WorkingHistogram::AdoptResetHint(const Histogram& other, CombineResult& result) {
  using Hint = Histogram::ResetHint;
  if (other.reset_hint == hint_ || hint_ == Hint::kGauge) return;
  if (other.reset_hint == Hint::kGauge) {
    hint_ = Hint::kGauge;
  } else if (hint_ != Hint::kUnknown) {
    result.reset_hints_collide = other.reset_hint != Hint::kUnknown;
    hint_ = Hint::kUnknown;
  }
}

CombineResult WorkingHistogram::Add(const Histogram& raw, double sign, bool compensated) {
  CombineResult result;
  if (raw.uses_custom_buckets() != (schema_ == Histogram::kCustomSchema)) {
    result.compatible = false;
    return result;
  }
  AdoptResetHint(raw, result);
  WorkingHistogram other(raw);
  if (schema_ == Histogram::kCustomSchema) {
    if (bounds_ != other.bounds_) {
      std::vector<double> common;
      std::set_intersection(bounds_.begin(), bounds_.end(), other.bounds_.begin(),
                            other.bounds_.end(), std::back_inserter(common));
      KeepBounds(common);
      other.KeepBounds(common);
      result.bounds_reconciled = true;
    }
  } else {
    WidenZeroBucket(other);
    AddTo(zero_count_, zero_count_lost_, sign * other.zero_count_, compensated);
    if (schema_ > other.schema_) ReduceSchema(other.schema_);
    if (other.schema_ > schema_) other.ReduceSchema(schema_);
  }
  AddTo(count_, count_lost_, sign * other.count_, compensated);
  AddTo(sum_, sum_lost_, sign * other.sum_, compensated);
  AddBuckets(positive_, other.positive_, sign, compensated);
  AddBuckets(negative_, other.negative_, sign, compensated);
  return result;
}

void WorkingHistogram::AddBuckets(Buckets& into, const Buckets& from, double sign,
                                  bool compensated) {
  const bool same_layout =
      std::equal(into.begin(), into.end(), from.begin(), from.end(),
                 [](const Bucket& a, const Bucket& b) { return a.index == b.index; });
  if (same_layout) {
    for (std::size_t i = 0; i < into.size(); ++i) {
      AddTo(into[i].count, into[i].lost, sign * from[i].count, compensated);
    }
    return;
  }
  Buckets merged;
  merged.reserve(into.size() + from.size());
  auto left = into.begin();
  for (const Bucket& bucket : from) {
    while (left != into.end() && left->index < bucket.index) merged.push_back(*left++);
    if (left != into.end() && left->index == bucket.index) {
      merged.push_back(*left++);
    } else {
      merged.push_back({bucket.index, 0, 0});
    }
    AddTo(merged.back().count, merged.back().lost, sign * bucket.count, compensated);
  }
  merged.insert(merged.end(), left, into.end());
  into = std::move(merged);
}

// The zero bucket's count when it reaches at least to `threshold`, and where it then ends: a
// populated bucket is swallowed whole.
std::pair<double, double> WorkingHistogram::ZeroCountFor(double threshold) const {
  if (threshold == zero_threshold_) return {zero_count_, threshold};
  for (bool settled = false;;) {
    double count = zero_count_;
    settled = true;
    for (const Buckets* side : {&positive_, &negative_}) {
      for (const Bucket& bucket : *side) {
        if (ExponentialBound(bucket.index - 1, schema_) >= threshold) break;
        count += bucket.count;
        const double end = ExponentialBound(bucket.index, schema_);
        if (end > threshold) {
          if (bucket.count != 0) {
            threshold = end;
            // The other side was summed up to the old threshold already.
            if (side == &negative_) settled = false;
          }
          break;
        }
      }
      if (!settled) break;
    }
    if (settled) return {count, threshold};
  }
}

void WorkingHistogram::DropInsideZeroBucket() {
  for (Buckets* side : {&positive_, &negative_}) {
    std::erase_if(*side, [&](const Bucket& bucket) {
      return ExponentialBound(bucket.index, schema_) <= zero_threshold_;
    });
  }
}

void WorkingHistogram::GrowZeroBucket(double threshold) {
  std::tie(zero_count_, zero_threshold_) = ZeroCountFor(threshold);
  DropInsideZeroBucket();
}

void WorkingHistogram::WidenZeroBucket(WorkingHistogram& other) {
  while (zero_threshold_ != other.zero_threshold_) {
    if (zero_threshold_ > other.zero_threshold_) {
      other.GrowZeroBucket(zero_threshold_);
    } else {
      GrowZeroBucket(other.zero_threshold_);
    }
  }
}

void WorkingHistogram::ReduceSchema(std::int32_t schema) {
  if (schema >= schema_ || schema_ == Histogram::kCustomSchema) return;
  const std::int32_t shift = schema_ - schema;
  Coarsen(positive_, shift);
  Coarsen(negative_, shift);
  schema_ = schema;
}

// Rebuckets onto `bounds`, a subset of the present ones.
void WorkingHistogram::KeepBounds(const std::vector<double>& bounds) {
  Buckets kept;
  for (const Bucket& bucket : positive_) {
    std::int32_t index = static_cast<std::int32_t>(bounds.size());
    if (bucket.index >= 0 && static_cast<std::size_t>(bucket.index) < bounds_.size()) {
      const double end = bounds_[static_cast<std::size_t>(bucket.index)];
      index = static_cast<std::int32_t>(std::lower_bound(bounds.begin(), bounds.end(), end) -
                                        bounds.begin());
    }
    if (!kept.empty() && kept.back().index == index) {
      kept.back().count += bucket.count;
      kept.back().lost += bucket.lost;
    } else {
      kept.push_back({index, bucket.count, bucket.lost});
    }
  }
  positive_ = std::move(kept);
  bounds_ = bounds;
}

void WorkingHistogram::Multiply(double factor) {
  for (double* number : {&zero_count_, &count_, &sum_}) *number *= factor;
  // Nothing lost stays nothing, also where the factor is infinite.
  const auto multiply_lost = [factor](double& lost) {
    if (lost != 0) lost *= factor;
  };
  for (double* lost : {&zero_count_lost_, &count_lost_, &sum_lost_}) multiply_lost(*lost);
  for (Buckets* side : {&positive_, &negative_}) {
    for (Bucket& bucket : *side) {
      bucket.count *= factor;
      multiply_lost(bucket.lost);
    }
  }
  if (factor < 0) hint_ = Histogram::ResetHint::kGauge;
}

void WorkingHistogram::Divide(double divisor) {
  for (double* number : {&zero_count_, &count_, &sum_}) *number /= divisor;
  for (double* lost : {&zero_count_lost_, &count_lost_, &sum_lost_}) {
    if (*lost != 0) *lost /= divisor;
  }
  if (divisor == 0) {
    positive_.clear();
    negative_.clear();
  }
  for (Buckets* side : {&positive_, &negative_}) {
    for (Bucket& bucket : *side) {
      bucket.count /= divisor;
      bucket.lost /= divisor;
    }
  }
  if (divisor < 0) hint_ = Histogram::ResetHint::kGauge;
}

bool WorkingHistogram::HasOverflow() const {
  if (std::isinf(zero_count_) || std::isinf(count_) || std::isinf(sum_)) return true;
  const auto infinite = [](const Bucket& bucket) { return std::isinf(bucket.count); };
  return std::any_of(positive_.begin(), positive_.end(), infinite) ||
         std::any_of(negative_.begin(), negative_.end(), infinite);
}

HistogramPtr WorkingHistogram::Share() const {
  auto out = std::make_shared<Histogram>();
  out->reset_hint = hint_;
  out->schema = schema_;
  out->zero_threshold = zero_threshold_;
  out->zero_count = zero_count_ + zero_count_lost_;
  out->count = count_ + count_lost_;
  out->sum = sum_ + sum_lost_;
  Gather(positive_, out->positive_spans, out->positive_buckets);
  Gather(negative_, out->negative_spans, out->negative_buckets);
  out->custom_bounds = bounds_;
  return out;
}

bool IsCounterReset(const Histogram& current, const Histogram& previous) {
  using Hint = Histogram::ResetHint;
  if (current.reset_hint == Hint::kReset) return true;
  if (current.reset_hint == Hint::kNotReset) return false;
  if (current.count < previous.count) return true;
  if (current.uses_custom_buckets() != previous.uses_custom_buckets()) return true;
  if (current.uses_custom_buckets()) {
    WorkingHistogram now(current), before(previous);
    if (now.bounds_ != before.bounds_) {
      std::vector<double> common;
      std::set_intersection(now.bounds_.begin(), now.bounds_.end(), before.bounds_.begin(),
                            before.bounds_.end(), std::back_inserter(common));
      now.KeepBounds(common);
      before.KeepBounds(common);
    }
    return AnyFell(now.positive_, before.positive_);
  }
  if (current.schema > previous.schema || current.zero_threshold < previous.zero_threshold) {
    return true;
  }
  if (current.schema == previous.schema && current.zero_threshold == previous.zero_threshold &&
      current.positive_spans == previous.positive_spans &&
      current.negative_spans == previous.negative_spans) {
    const auto fell = [](const std::vector<double>& now, const std::vector<double>& before) {
      for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i] < before[i]) return true;
      }
      return false;
    };
    return current.zero_count < previous.zero_count ||
           fell(current.positive_buckets, previous.positive_buckets) ||
           fell(current.negative_buckets, previous.negative_buckets);
  }
  WorkingHistogram now(current), before(previous);
  const auto [zero_count, threshold] = before.ZeroCountFor(current.zero_threshold);
  // The new zero bucket would end inside a populated one: the layout was not grown, but replaced.
  if (threshold != current.zero_threshold || current.zero_count < zero_count) return true;
  before.GrowZeroBucket(current.zero_threshold);
  now.DropInsideZeroBucket();
  before.ReduceSchema(current.schema);
  return AnyFell(now.positive_, before.positive_) || AnyFell(now.negative_, before.negative_);
}

bool EqualHistograms(const Histogram& a, const Histogram& b) {
  const auto same = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  if (a.schema != b.schema || !same(a.count, b.count) || !same(a.sum, b.sum)) return false;
  if (a.custom_bounds != b.custom_bounds) return false;
  if (!same(a.zero_threshold, b.zero_threshold) || !same(a.zero_count, b.zero_count)) return false;
  const auto equal = [&](const Buckets& x, const Buckets& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [&](const Bucket& p, const Bucket& q) {
                        return p.index == q.index && same(p.count, q.count);
                      });
  };
  return equal(Spread(a.positive_spans, a.positive_buckets),
               Spread(b.positive_spans, b.positive_buckets)) &&
         equal(Spread(a.negative_spans, a.negative_buckets),
               Spread(b.negative_spans, b.negative_buckets));
}

HistogramPtr Scaled(const Histogram& histogram, double factor) {
  WorkingHistogram work(histogram);
  work.Multiply(factor);
  return work.Share();
}

HistogramPtr Divided(const Histogram& histogram, double divisor) {
  WorkingHistogram work(histogram);
  work.Divide(divisor);
  return work.Share();
}

}  // namespace meerkat::promql
