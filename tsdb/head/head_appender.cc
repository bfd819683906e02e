#include <algorithm>
#include <bit>

#include "base/number.h"
#include "tsdb/head/head.h"

namespace meerkat::tsdb {

namespace {

constexpr std::size_t kSpareBuffers = 8;
constexpr std::size_t kSpareSamples = 16384;  // larger ones are rare and not worth keeping

}  // namespace

class HeadAppender : public Appender {
 public:
  HeadAppender(Head& head, bool backfill) : head_(head) {
    MutexLock lock(head_.appenders_mu_);
    if (!head_.spare_buffers_.empty()) {
      batch_ = std::move(head_.spare_buffers_.back().batch);
      table_ = std::move(head_.spare_buffers_.back().newest);
      head_.spare_buffers_.pop_back();
    }
    batch_.backfill = backfill;
    if (++head_.last_tag_ == 0) ++head_.last_tag_;
    tag_ = head_.last_tag_;
    epoch_ = head_.epoch_.load();
    head_.appender_epochs_.insert(epoch_);
    head_.metrics_.appenders.Add();
    head_.metrics_.active_appenders.Add(1);
    bounds_.backfill = backfill;
    bounds_.head_max = head_.max_time_.load();
    if (!backfill) bounds_.min_valid = head_.MinValid();
    empty_head_ = !backfill && bounds_.head_max == Head::Bounds::kNone;
  }

  ~HeadAppender() override {
    Clear();
    MutexLock lock(head_.appenders_mu_);
    if (head_.spare_buffers_.size() < kSpareBuffers && batch_.samples.capacity() <= kSpareSamples) {
      head_.spare_buffers_.push_back({std::move(batch_), std::move(table_)});
    }
    head_.appender_epochs_.erase(head_.appender_epochs_.find(epoch_));
    head_.metrics_.active_appenders.Add(-1);
  }

  SeriesRef Resolve(const Labels& labels) override { return head_.Resolve(labels, epoch_, batch_); }

  void Expect(SeriesRef series) override {
    const std::uint64_t id = static_cast<std::uint64_t>(series) - 1;
    // The second of two neighbours came with the first.
    const bool here = id % 2 == 1 && id == expected_ + 1;
    expected_ = id;
    if (!here) head_.slots_.Prefetch(id);
  }

  Refusal Append(SeriesRef series, Timestamp time, double value, Timestamp start) override {
    if (AppendUsual(series, ToMillis(time), value, start)) [[likely]]
      return Refusal::kNone;
    if (IsStaleNan(value)) [[unlikely]] {
      // As upstream: a series of histograms ends with one.
      if (HistogramPtr end = EndOfHistograms(series)) {
        return Append(series, time, std::move(end), start);
      }
    }
    return Add(series, ToMillis(time), std::bit_cast<std::uint64_t>(value), nullptr,
               ToMillis(start));
  }

  Refusal Append(SeriesRef series, Timestamp time, HistogramPtr histogram,
                 Timestamp start) override {
    if (histogram == nullptr || !Consistent(*histogram)) return Refusal::kBadHistogram;
    return Add(series, ToMillis(time), 0, std::move(histogram), ToMillis(start));
  }

  Refusal AppendExemplar(SeriesRef series, const Exemplar& exemplar) override {
    SeriesId id = 0;
    if (Find(series, id) == nullptr) return Refusal::kUnknownSeries;
    switch (head_.exemplars_.Check(id, exemplar)) {
      case ExemplarRing::Taken::kOutOfOrder:
        head_.metrics_.exemplars_out_of_order.Add();
        return Refusal::kOutOfOrder;
      case ExemplarRing::Taken::kYes:
        batch_.exemplars.push_back({id, exemplar});
        return Refusal::kNone;
      default:
        return Refusal::kNone;  // off, or there already
    }
  }

  void SetMetadata(std::string_view metric, const Metadata& metadata) override {
    batch_.metadata.emplace_back(metric, metadata);
  }

  Result<> Commit() override {
    Result<> committed = head_.Commit(batch_);
    const bool backfill = batch_.backfill;
    Clear();
    batch_.backfill = backfill;
    return committed;
  }

 private:
  void Clear() {
    batch_.Clear();
    table_.Clear();
    loose_.clear();
    tabled_ = false;
    last_ = kNone;
  }

  static bool Consistent(const Histogram& histogram) {
    const auto named = [](const std::vector<BucketSpan>& spans) {
      std::uint64_t count = 0;
      for (const BucketSpan& span : spans) count += span.length;
      return count;
    };
    return named(histogram.positive_spans) == histogram.positive_buckets.size() &&
           named(histogram.negative_spans) == histogram.negative_buckets.size();
  }

  Slot* Find(SeriesRef series, SeriesId& id) const {
    const auto number = static_cast<std::uint64_t>(series);
    if (number == 0 || number > std::uint64_t{1} << 32) return nullptr;
    id = static_cast<SeriesId>(number - 1);
    Slot* slot = head_.FindSlot(id);
    return slot != nullptr && Head::Touch(*slot, epoch_) ? slot : nullptr;
  }

  // The stale marker as a histogram when the series' newest sample is one; else null.
  HistogramPtr EndOfHistograms(SeriesRef series) {
    SeriesId id = 0;
    Slot* slot = Find(series, id);
    if (slot == nullptr) return nullptr;
    const Batch::Sample* in_batch = nullptr;
    if (slot->appender_tag.load(std::memory_order_relaxed) == tag_) in_batch = NewestOf(id);
    const HistogramPtr newest = in_batch == nullptr ? head_.NewestHistogram(*slot, id)
                                : in_batch->extra == 0
                                    ? nullptr
                                    : batch_.extras[in_batch->extra - 1].histogram;
    if (newest == nullptr) return nullptr;
    auto end = std::make_shared<Histogram>();
    end->integer = newest->integer;
    end->sum = StaleNan();
    return end;
  }

  // The newest in-order sample of the series in this batch, looked for when its slot says that
  // there may be one. Remote writes bring samples of one series together: then no table is needed.
  // (When two appenders give a series samples at one moment, the first may not see its own: then
  // the commit judges them.)
  const Batch::Sample* NewestOf(SeriesId id) {
    if (last_ != kNone && batch_.samples[last_].series == id) return &batch_.samples[last_];
    if (!tabled_) {
      tabled_ = true;
      for (std::size_t i = 0; i < batch_.samples.size(); ++i) {
        if (!loose_.empty() && loose_[i]) continue;
        table_.Set(batch_.samples[i].series, static_cast<std::uint32_t>(i));
      }
    }
    const std::uint32_t sample = table_.Find(id);
    return sample == NewestInBatch::kNone ? nullptr : &batch_.samples[sample];
  }

  // The usual sample: of a series that an appender of these days has touched and that is not in
  // this batch yet, newer than what there is, without a start timestamp. False, and nothing done,
  // when it is not that.
  bool AppendUsual(SeriesRef series, std::int64_t time, double value, Timestamp start) {
    const std::uint64_t id = static_cast<std::uint64_t>(series) - 1;
    if (id > std::numeric_limits<SeriesId>::max() || start != kMinTime || empty_head_ ||
        !loose_.empty() || tabled_ || IsStaleNan(value)) [[unlikely]] {
      return false;
    }
    Slot* slot = head_.slots_.Find(static_cast<SeriesId>(id));
    if (slot == nullptr) [[unlikely]]
      return false;
    const std::uint32_t state = slot->state.load(std::memory_order_acquire);
    if (state < epoch_ || state == Slot::kDead ||
        slot->appender_tag.load(std::memory_order_relaxed) == tag_ || time < bounds_.min_valid ||
        time <= slot->last_time.load(std::memory_order_relaxed) ||
        time <= head_.parts_max_.load(std::memory_order_relaxed)) [[unlikely]] {
      return false;
    }
    slot->appender_tag.store(tag_, std::memory_order_relaxed);
    last_ = batch_.samples.size();
    Batch::Sample& sample = batch_.samples.emplace_back();
    sample.slot = slot;
    sample.time = time;
    sample.value = std::bit_cast<std::uint64_t>(value);
    sample.series = static_cast<SeriesId>(id);
    return true;
  }

  Refusal Add(SeriesRef series, std::int64_t time, std::uint64_t value, HistogramPtr histogram,
              std::int64_t start) {
    SeriesId id = 0;
    Slot* slot = Find(series, id);
    if (slot == nullptr) [[unlikely]] {
      head_.Count(Refusal::kUnknownSeries, histogram != nullptr);
      return Refusal::kUnknownSeries;
    }
    if (empty_head_) [[unlikely]] {
      // The first sample of all says where time begins.
      empty_head_ = false;
      const std::int64_t behind = head_.options_.chunk_range.count() / 2;
      bounds_.head_max = time;
      bounds_.min_valid =
          time < std::numeric_limits<std::int64_t>::min() + behind ? time : time - behind;
    }
    const Batch::Sample* in_batch = nullptr;
    if (slot->appender_tag.load(std::memory_order_relaxed) == tag_) [[unlikely]] {
      in_batch = NewestOf(id);
    } else {
      slot->appender_tag.store(tag_, std::memory_order_relaxed);
    }
    Head::Verdict verdict;
    if (in_batch == nullptr && time >= bounds_.min_valid &&
        time > slot->last_time.load(std::memory_order_relaxed) &&
        time > head_.parts_max_.load(std::memory_order_relaxed)) [[likely]] {
      // In order, as nearly always.
    } else {
      if (head_.MustLookUp(*slot, time, bounds_)) head_.LookUpNewest(*slot, id);
      std::optional<Head::Newest> newest;
      if (in_batch != nullptr) {
        newest = {in_batch->time, in_batch->value,
                  in_batch->extra == 0 ? nullptr : batch_.extras[in_batch->extra - 1].histogram};
      }
      verdict =
          head_.Judge(*slot, id, time, value, histogram, bounds_, newest ? &*newest : nullptr);
    }
    if (verdict.drop) return Refusal::kNone;
    if (verdict.refusal != Refusal::kNone) {
      head_.Count(verdict.refusal, histogram != nullptr);
      return verdict.refusal;
    }
    const std::size_t number = batch_.samples.size();
    // Member by member into its place: a sample put together elsewhere and copied is read in other
    // pieces than it was written in, for which the processor waits longer than for all the rest.
    Batch::Sample& sample = batch_.samples.emplace_back();
    sample.slot = slot;
    sample.time = time;
    sample.value = value;
    sample.series = id;
    if (histogram != nullptr || start != HeadSample::kNoStart) [[unlikely]] {
      batch_.extras.push_back({std::move(histogram), start});
      sample.extra = static_cast<std::uint32_t>(batch_.extras.size());
    }
    if (verdict.loose) [[unlikely]] {
      loose_.resize(number, false);
      loose_.push_back(true);
      return Refusal::kNone;
    }
    if (!loose_.empty()) loose_.push_back(false);
    if (tabled_) table_.Set(id, static_cast<std::uint32_t>(number));
    last_ = number;
    return Refusal::kNone;
  }

  Head& head_;
  std::uint32_t epoch_ = 0;
  std::uint16_t tag_ = 0;
  Head::Bounds bounds_;
  bool empty_head_ = false;
  std::uint64_t expected_ = ~std::uint64_t{0};  // the last series that was
  Batch batch_;
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::size_t last_ = kNone;  // the newest in-order sample of the whole batch
  std::vector<bool> loose_;   // parallel to the samples; empty while none is
  bool tabled_ = false;
  NewestInBatch table_;
};

std::unique_ptr<Appender> Head::NewAppender(bool backfill) {
  return std::make_unique<HeadAppender>(*this, backfill);
}

}  // namespace meerkat::tsdb
