#include "promql/exec/histogram_sum.h"

namespace meerkat::promql {

void HistogramSum::Add(const Histogram& histogram, std::string_view metric) {
  saw_reset_ |= histogram.reset_hint == Histogram::ResetHint::kReset;
  saw_no_reset_ |= histogram.reset_hint == Histogram::ResetHint::kNotReset;
  ++count_;
  if (!sum_) {
    sum_.emplace(histogram);
    return;
  }
  if (!compatible_) return;
  const CombineResult combined = Combine(histogram);
  reconciled_ |= combined.bounds_reconciled;
  if (!combined.compatible) {
    compatible_ = false;
    misfit_ = metric;
  }
}

CombineResult HistogramSum::Combine(const Histogram& histogram) {
  if (!mean_) return sum_->Add(histogram, 1, true);
  if (!incremental_) {
    WorkingHistogram next = *sum_;
    const CombineResult combined = next.Add(histogram, 1, true);
    if (!next.HasOverflow()) {
      sum_ = std::move(next);
      return combined;
    }
    incremental_ = true;
    sum_->Divide(count_ - 1);
  }
  sum_->Multiply((count_ - 1) / count_);
  return sum_->Add(*Divided(histogram, count_), 1, true);
}

void HistogramSum::NoteMisfits(Annotations& notes, PositionRange where) const {
  if (!compatible_) notes.Add(Note::kMixedExponentialCustom, where, misfit_);
  if (reconciled_) notes.Add(Note::kReconciledBuckets, where, "aggregation");
}

HistogramPtr HistogramSum::Finish(Annotations& notes, PositionRange where) {
  NoteMisfits(notes, where);
  if (!sum_ || !compatible_) return nullptr;
  if (saw_reset_ && saw_no_reset_) notes.Add(Note::kResetCollision, where, "aggregation");
  if (mean_ && !incremental_ && count_ > 1) sum_->Divide(count_);
  return sum_->Share();
}

}  // namespace meerkat::promql
