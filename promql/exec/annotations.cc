#include "promql/exec/annotations.h"

#include <algorithm>
#include <unordered_map>

#include "base/clock.h"
#include "base/number.h"
#include "base/quote.h"

namespace meerkat::promql {
namespace {

std::string ForMetric(std::string_view metric) {
  return metric.empty() ? std::string() : " for metric name " + Quote(metric);
}

// Milliseconds as upstream prints a time: 2026-11-20T10:52:11Z, with three decimals when needed.
std::string FormatTime(std::int64_t millis) {
  using std::chrono::sys_days;
  const Timestamp time = FromMillis(millis);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const auto two = [](auto number) {
    std::string text = std::to_string(number);
    return text.size() < 2 ? "0" + text : text;
  };
  std::string year = std::to_string(static_cast<int>(date.year()));
  if (year.size() < 4) year.insert(0, 4 - year.size(), '0');
  std::string out = year + "-" + two(static_cast<unsigned>(date.month())) + "-" +
                    two(static_cast<unsigned>(date.day())) + "T" + two(clock.hours().count()) +
                    ":" + two(clock.minutes().count()) + ":" + two(clock.seconds().count());
  if (clock.subseconds().count() != 0) {
    std::string fraction = std::to_string(clock.subseconds().count() + 1000).substr(1);
    while (fraction.back() == '0') fraction.pop_back();
    out += "." + fraction;
  }
  return out + "Z";
}

// 1-based line and column of a byte of the query, counted as upstream does.
std::string FormatPosition(std::string_view query, std::uint32_t at) {
  std::size_t line = 1, column = 1;
  for (std::size_t i = 0; i < std::min<std::size_t>(at, query.size()); ++i) {
    if (query[i] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  return " (" + std::to_string(line) + ":" + std::to_string(column) + ")";
}

std::string Sentence(Note note, const std::string& detail) {
  switch (note) {
    case Note::kInvalidQuantile:
      return "quantile value should be between 0 and 1, got " + detail;
    case Note::kInvalidRatio:
      return "ratio value should be between -1 and 1, got " + detail;
    case Note::kBadBucketLabel:
      return "bucket label \"le\" is missing or has a malformed value of " + detail;
    case Note::kMixedFloatsHistograms:
      return "encountered a mix of histograms and floats" +
             (detail.empty() ? " for metric name \"\"" : ForMetric(detail));
    case Note::kMixedFloatsHistogramsAggregation:
      return "encountered a mix of histograms and floats for aggregation";
    case Note::kMixedClassicNative:
      return "vector contains a mix of classic and native histograms" + ForMetric(detail);
    case Note::kMixedExponentialCustom:
      return "vector contains a mix of histograms with exponential and custom buckets schemas for "
             "metric name " +
             Quote(detail);
    case Note::kNotCounterHistogram:
      return "this native histogram metric is not a counter: " + Quote(detail);
    case Note::kNotGaugeHistogram:
      return "this native histogram metric is not a gauge: " + Quote(detail);
    case Note::kIncompatibleBuckets:
      return "incompatible bucket layout encountered for binary operator " + detail;
    case Note::kResetCollision:
      return "conflicting counter resets during histogram " + detail;
    case Note::kSortInRangeQuery:
      return "sort is ineffective for range queries since results are always ordered by labels";
    case Note::kStartTimeOverlap:
      return "sample has start time that overlaps with previous sample timestamp for metric " +
             Quote(detail);
    case Note::kPossibleNonCounter:
      return "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " +
             Quote(detail);
    case Note::kPossibleNonCounterType:
      return "metric might not be a counter, __type__ label is not set to \"counter\" or "
             "\"histogram\", got " +
             detail;
    case Note::kForcedMonotonicity:
      return "input to histogram_quantile needed to be fixed for monotonicity (see "
             "https://prometheus.io/docs/prometheus/latest/querying/functions/"
             "#histogram_quantile)" +
             ForMetric(detail);
    case Note::kIncompatibleTypes:
      return "incompatible sample types encountered for binary operator " + detail;
    case Note::kIgnoredHistogramAggregation:
      return "ignored histogram in " + detail + " aggregation";
    case Note::kIgnoredHistogramRange:
      return "ignored histograms in a range containing both floats and histograms" +
             (detail.empty() ? " for metric name \"\"" : ForMetric(detail));
    case Note::kQuantileNan:
      return "input to histogram_quantile has NaN observations, result is NaN" + ForMetric(detail);
    case Note::kQuantileSkewed:
      return "input to histogram_quantile has NaN observations, result is skewed higher" +
             ForMetric(detail);
    case Note::kFractionNan:
      return "input to histogram_fraction has NaN observations, which are excluded from all "
             "fractions" +
             ForMetric(detail);
    case Note::kReconciledBuckets:
      return "mismatched custom buckets were reconciled during " + detail;
  }
  return {};
}

}  // namespace

Annotations::Entry& Annotations::Find(Note note, PositionRange where, std::string_view detail) {
  if (last_ < entries_.size()) {
    Entry& last = entries_[last_];
    if (last.note == note && last.where.start == where.start && last.where.end == where.end &&
        last.detail == detail) {
      return last;
    }
  }
  const auto [it, added] =
      index_.try_emplace(Key(note, where.start, where.end, std::string(detail)), entries_.size());
  if (added) {
    entries_.emplace_back();
    entries_.back().note = note;
    entries_.back().where = where;
    entries_.back().detail = detail;
  }
  last_ = it->second;
  return entries_[last_];
}

void Annotations::Add(Note note, PositionRange where, std::string_view detail) {
  Find(note, where, detail).count = 1;
}

void Annotations::AddOverlap(PositionRange where, std::string_view metric) {
  ++Find(Note::kStartTimeOverlap, where, metric).count;
}

void Annotations::AddMonotonicity(PositionRange where, std::string_view metric,
                                  const MonotonicityFix& fix) {
  Entry& entry = Find(Note::kForcedMonotonicity, where, metric);
  if (entry.count++ == 0) {
    entry.first_time = entry.last_time = fix.time;
    entry.low_bucket = fix.low_bucket;
    entry.high_bucket = fix.high_bucket;
    entry.max_difference = fix.max_difference;
    return;
  }
  entry.first_time = std::min(entry.first_time, fix.time);
  entry.last_time = std::max(entry.last_time, fix.time);
  entry.low_bucket = std::min(entry.low_bucket, fix.low_bucket);
  entry.high_bucket = std::max(entry.high_bucket, fix.high_bucket);
  entry.max_difference = std::max(entry.max_difference, fix.max_difference);
}

void Annotations::AddUnreadable(std::string_view reason) {
  // The series of one block repeat the same reason.
  if (std::find(unreadable_.begin(), unreadable_.end(), reason) == unreadable_.end()) {
    unreadable_.emplace_back(reason);
  }
}

void Annotations::Append(const Annotations& later) {
  for (const Entry& entry : later.entries_) {
    Entry& known = Find(entry.note, entry.where, entry.detail);
    if (known.count == 0) {
      known = entry;
      continue;
    }
    known.count += entry.count;
    known.first_time = std::min(known.first_time, entry.first_time);
    known.last_time = std::max(known.last_time, entry.last_time);
    known.low_bucket = std::min(known.low_bucket, entry.low_bucket);
    known.high_bucket = std::max(known.high_bucket, entry.high_bucket);
    known.max_difference = std::max(known.max_difference, entry.max_difference);
  }
  for (const std::string& reason : later.unreadable_) AddUnreadable(reason);
}

std::vector<std::string> Annotations::Render(std::string_view query, bool warnings) const {
  std::vector<std::string> out;
  // Of one sentence about several places upstream tells the last: operands come from left to right,
  // and before their operator.
  std::unordered_map<std::string, std::size_t> at;
  for (const Entry& entry : entries_) {
    if ((entry.note <= Note::kStartTimeOverlap) != warnings) continue;
    std::string text =
        (warnings ? "PromQL warning: " : "PromQL info: ") + Sentence(entry.note, entry.detail);
    if (entry.note == Note::kStartTimeOverlap && entry.count > 1) {
      text += " (" + std::to_string(entry.count) + " occurrences)";
    }
    if (entry.note == Note::kForcedMonotonicity) {
      text += ", from buckets " + FormatFloat(entry.low_bucket, 'g') + " to " +
              FormatFloat(entry.high_bucket, 'g') + ", with a max diff of " +
              FormatFloat(entry.max_difference, 'g') + ", over " + std::to_string(entry.count) +
              " samples from " + FormatTime(entry.first_time) + " to " +
              FormatTime(entry.last_time);
    }
    const auto [known, added] = at.try_emplace(text, out.size());
    text += FormatPosition(query, entry.where.start);
    if (added) {
      out.push_back(std::move(text));
    } else {
      out[known->second] = std::move(text);
    }
  }
  return out;
}

std::vector<std::string> Annotations::Warnings(std::string_view query) const {
  std::vector<std::string> out = Render(query, true);
  for (const std::string& reason : unreadable_) {
    out.push_back("samples are missing, as they cannot be read: " + reason);
  }
  return out;
}

std::vector<std::string> Annotations::Infos(std::string_view query) const {
  return Render(query, false);
}

}  // namespace meerkat::promql
