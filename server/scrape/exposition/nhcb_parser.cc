#include "server/scrape/exposition/nhcb_parser.h"

#include <algorithm>
#include <cmath>

#include "base/number.h"

namespace meerkat::scrape {
namespace {

constexpr std::string_view kSuffixes[] = {"_bucket", "_count", "_sum"};

// Which part of the histogram `family` the series `name` is; "" when it is none.
std::string_view PartOf(std::string_view name, std::string_view family) {
  if (family.empty() || !name.starts_with(family)) return {};
  const std::string_view rest = name.substr(family.size());
  for (const std::string_view suffix : kSuffixes) {
    if (rest == suffix) return suffix;
  }
  return {};
}

bool IsWhole(double value) {
  return value == std::floor(value) && std::abs(value) < 0x1p53;
}

// The same as one histogram with custom buckets; null when its counts contradict each other. Sorts
// the buckets and adds the one that has no end.
HistogramPtr WithCustomBuckets(ClassicHistogram& from) {
  // Of two counts for one bound the first is taken.
  std::ranges::stable_sort(from.buckets, {}, &std::pair<double, double>::first);
  const auto again = std::ranges::unique(from.buckets, {}, &std::pair<double, double>::first);
  from.buckets.erase(again.begin(), again.end());
  const bool has_infinite = !from.buckets.empty() && std::isinf(from.buckets.back().first);
  if (!has_infinite) {
    from.buckets.emplace_back(
        std::numeric_limits<double>::infinity(),
        from.count.value_or(from.buckets.empty() ? 0 : from.buckets.back().second));
  }
  const double total = from.buckets.back().second;
  if (from.count && *from.count != total) return nullptr;

  auto histogram = std::make_shared<Histogram>();
  histogram->schema = Histogram::kCustomSchema;
  histogram->count = total;
  histogram->sum = from.sum.value_or(0);
  histogram->integer = IsWhole(total);
  double before = 0;
  // Empty buckets at both ends stay out of the spans, as a compacted histogram has them.
  std::vector<double> counts;
  for (const auto& [bound, cumulative] : from.buckets) {
    if (cumulative < before) return nullptr;
    histogram->integer = histogram->integer && IsWhole(cumulative);
    counts.push_back(cumulative - before);
    before = cumulative;
    if (!std::isinf(bound)) histogram->custom_bounds.push_back(bound);
  }
  std::int32_t next = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const auto index = static_cast<std::int32_t>(i);
    if (histogram->positive_spans.empty() || index != next) {
      histogram->positive_spans.push_back({index - next, 0});
    }
    ++histogram->positive_spans.back().length;
    histogram->positive_buckets.push_back(counts[i]);
    next = index + 1;
  }

  return histogram;
}

}  // namespace

void NhcbParser::Mirror(Entry entry) {
  series_ = inner_->series();
  value_ = inner_->value();
  has_time_ = inner_->time().has_value();
  time_ = inner_->time().value_or(Timestamp{});
  histogram_ = inner_->histogram();
  name_ = inner_->name();
  text_ = inner_->text();
  type_ = inner_->type();
  raw_ = {};
  emitted_ = false;
  start_ = kMinTime;
  if (entry == Entry::kType) {
    family_ = type_ == tsdb::MetricType::kHistogram ? std::string(name_) : "";
  }
  if (entry == Entry::kSeries || entry == Entry::kHistogram) start_ = inner_->start();
}

Result<Entry> NhcbParser::Next() {
  while (true) {
    auto entry = held_ ? *std::exchange(held_, std::nullopt) : inner_->Next();
    if (entry && *entry == Entry::kComment) return entry;
    const bool series = entry && *entry == Entry::kSeries;
    if (series && Collect()) {
      if (!keep_classic_) continue;
      Mirror(*entry);
      return entry;
    }
    // Something else: what was collected is complete.
    if (collecting_) {
      const bool emitted = Emit();
      collecting_.reset();
      if (emitted) {
        held_ = std::move(entry);
        return Entry::kHistogram;
      }
      if (series && Collect()) {
        if (!keep_classic_) continue;
        Mirror(*entry);
        return entry;
      }
    }
    if (entry) Mirror(*entry);
    return entry;
  }
}

bool NhcbParser::Collect() {
  if (family_.empty() || inner_->type() != tsdb::MetricType::kHistogram) return false;
  RawLabels labels;
  inner_->GetLabels(labels);
  std::string_view part;
  std::string bound_text;
  for (auto& [name, value] : labels) {
    if (name == "__name__") {
      part = PartOf(value, family_);
      value = family_;
    } else if (name == "le") {
      bound_text = value;
    }
  }
  if (part.empty()) return false;
  std::optional<double> bound;
  if (part == "_bucket") {
    bound = ParseFloat(bound_text);
    if (!bound || std::isnan(*bound)) return false;
    std::erase_if(labels, [](const auto& label) { return label.first == "le"; });
  }
  std::ranges::sort(labels);
  if (collecting_ && (collecting_->family != family_ || collecting_->labels != labels)) {
    return false;
  }
  if (!collecting_) {
    collecting_.emplace();
    collecting_->family = family_;
    collecting_->labels = std::move(labels);
    collecting_->time = inner_->time();
    collecting_->start = inner_->start();
  }
  const double value = inner_->value();
  if (bound) {
    collecting_->buckets.emplace_back(*bound, value);
  } else if (part == "_count") {
    collecting_->count = value;
  } else {
    collecting_->sum = value;
  }
  // They go with the histogram even when the classic series stay.
  ParsedExemplar exemplar;
  while (inner_->TakeExemplar(exemplar)) collecting_->exemplars.push_back(exemplar);
  return true;
}

bool NhcbParser::Emit() {
  ClassicHistogram& from = *collecting_;
  HistogramPtr histogram = WithCustomBuckets(from);
  if (histogram == nullptr) return false;
  histogram_ = std::move(histogram);
  has_time_ = from.time.has_value();
  time_ = from.time.value_or(Timestamp{});
  start_ = from.start;
  labels_ = std::move(from.labels);
  exemplars_.assign(std::make_move_iterator(from.exemplars.begin()),
                    std::make_move_iterator(from.exemplars.end()));
  // A name of its own: the classic series may stand beside it.
  key_ = from.family + "\xff";
  for (const auto& [name, value] : labels_) key_ += name + "\xfe" + value + "\xff";
  series_ = key_;
  emitted_ = true;
  return true;
}

void NhcbParser::GetLabels(RawLabels& labels) const {
  if (emitted_) {
    labels = labels_;
  } else {
    inner_->GetLabels(labels);
  }
}

bool NhcbParser::TakeExemplar(ParsedExemplar& exemplar) {
  if (!emitted_) return inner_->TakeExemplar(exemplar);
  if (exemplars_.empty()) return false;
  exemplar = std::move(exemplars_.front());
  exemplars_.pop_front();
  return true;
}

}  // namespace meerkat::scrape
