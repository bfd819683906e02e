#include "tests/tsdb/database/model.h"

#include <bit>

#include "base/number.h"

namespace meerkat::tsdb {

AnySample AnySample::Of(double value, HistogramPtr histogram, Timestamp start) {
  if (histogram != nullptr) return {0, std::move(histogram), start};
  return {std::bit_cast<std::uint64_t>(value), nullptr, start};
}

bool AnySample::IsStale() const {
  return histogram != nullptr ? histogram->IsStale() : IsStaleNan(std::bit_cast<double>(bits));
}

bool AnySample::operator==(const AnySample& other) const {
  if (start != other.start) return false;
  if (IsStale() || other.IsStale()) return IsStale() == other.IsStale();
  if (histogram == nullptr || other.histogram == nullptr) {
    return histogram == other.histogram && bits == other.bits;
  }
  return histogram->SameAs(*other.histogram);
}

std::string AnySample::ToString() const {
  std::string text = IsStale()              ? "stale"
                     : histogram == nullptr ? FormatFloat(std::bit_cast<double>(bits), 'g')
                                            : "histogram of " + FormatFloat(histogram->count, 'g');
  if (start != kMinTime) text += " since " + std::to_string(ToMillis(start));
  return text;
}

Refusal Model::Append(Batch& batch, const std::string& series, std::int64_t time,
                      const AnySample& sample) {
  if (!batch.head && !batch.backfill) batch.head = time;  // the first of all
  const bool valid = batch.backfill || time >= *batch.head - behind_;
  if (window_ == 0 && !valid) return Refusal::kOutOfBounds;
  const auto last = newest_.find(series);
  if (last == newest_.end() || time > last->second.time) {
    if (valid) {
      Put(series, time, sample);
      newest_[series] = {time, sample};
      return Refusal::kNone;
    }
  } else if (time == last->second.time) {
    const AnySample& there = last->second.sample;
    const bool same =
        AnySample{sample.bits, sample.histogram} == AnySample{there.bits, there.histogram};
    return same ? Refusal::kNone : Refusal::kDuplicate;
  }
  if (!batch.backfill) {
    if (window_ == 0) return Refusal::kOutOfOrder;
    if (time < *batch.head - window_) return Refusal::kTooOld;
  }
  Put(series, time, sample);
  return Refusal::kNone;
}

bool Model::Unsure(const std::string& series, std::int64_t time, const AnySample& sample) const {
  if (head_unsure_ && head_ && time <= *head_) return true;
  const auto last = newest_.find(series);
  if (last == newest_.end() || time > last->second.time) return false;
  if (last->second.deleted || last->second.time < forgotten_) return true;
  return time == last->second.time && (sample.IsStale() || last->second.sample.IsStale());
}

void Model::Put(const std::string& series, std::int64_t time, const AnySample& sample) {
  content_[series].emplace(time, sample);  // of equal times the first stays
  if (!head_ || time > *head_) {
    head_ = time;
    head_unsure_ = false;
  }
}

void Model::Delete(const std::string& series, std::int64_t from, std::int64_t to) {
  const auto found = content_.find(series);
  if (found == content_.end()) return;
  SamplesByTime& samples = found->second;
  samples.erase(samples.lower_bound(from), samples.upper_bound(to));
  Newest& newest = newest_[series];
  newest.deleted = newest.deleted || (newest.time >= from && newest.time <= to);
}

void Model::Restart() {
  for (const auto& [series, samples] : content_) {
    if (head_ && samples.contains(*head_) && *head_ >= forgotten_) return;
  }
  head_unsure_ = true;
}

std::string Model::Judge(const AnyContent& read, std::int64_t from, std::int64_t to,
                         const std::string& only, bool whole) const {
  for (const auto& [series, samples] : read) {
    const auto mine = content_.find(series);
    if (mine == content_.end()) return series + " was never written";
    for (const auto& [time, sample] : samples) {
      const auto at = " at " + std::to_string(time) + ": ";
      if (time < from || time > to) return series + at + "outside of what was asked";
      const auto it = mine->second.find(time);
      if (it == mine->second.end()) {
        // What is forgotten may have been deleted, and be brought back by nobody.
        return series + at + sample.ToString() + " should not be there";
      }
      // A forgotten sample may have been written again, with another value.
      if (time >= forgotten_ && !(it->second == sample)) {
        return series + at + sample.ToString() + " instead of " + it->second.ToString();
      }
    }
  }
  if (!whole) return "";
  for (const auto& [series, samples] : content_) {
    if (!only.empty() && series != only) continue;
    const auto there = read.find(series);
    for (auto it = samples.lower_bound(std::max(from, forgotten_));
         it != samples.end() && it->first <= to; ++it) {
      if (there == read.end() || !there->second.contains(it->first)) {
        return series + " at " + std::to_string(it->first) + ": " + it->second.ToString() +
               " is missing";
      }
    }
  }
  return "";
}

}  // namespace meerkat::tsdb
