#include "tsdb/head/head.h"

#include <algorithm>
#include <cassert>

#include "tsdb/head/journal.h"
#include "tsdb/head/records.h"
#include "tsdb/head/token.h"

namespace meerkat::tsdb {

namespace {

// Batches that one leader takes along; bounds the time until the first of them is answered.
constexpr std::size_t kMaxGroup = 64;
// Work space for so many samples is kept from group to group; imports bring more.
constexpr std::size_t kKeptSamples = 1 << 16;
// What a lost entry can cost a series beyond itself. Twice as often would cost a tenth more
// journal.
constexpr std::uint32_t kRestartRows = 32;
// A generation of many series is closed before its series have so many.
constexpr std::uint32_t kRowsOfLasting = 2 * kRestartRows;
// Series whose labels are written together: about a megabyte.
constexpr std::size_t kRecordsAtOnce = 4096;
// Samples from fetching a tail to its end, and from there to appending to it: a memory access each.
constexpr std::size_t kTailAhead = 24;
constexpr std::size_t kEndAhead = 10;

}  // namespace

Head::Head(const HeadOptions& options, const Clock& clock, Store& store, Index& index, Attic& attic,
           LiveView& live, HeadMetrics& metrics, LookUp look_up, Committed committed)
    : options_(options),
      clock_(clock),
      store_(store),
      index_(index),
      attic_(attic),
      live_(live),
      metrics_(metrics),
      look_up_(std::move(look_up)),
      committed_(std::move(committed)) {
  first_fresh_ = std::max({options_.first_series, index_.next_id(), attic_.next_id()});
  next_series_.store(first_fresh_);
}

Head::~Head() {
  MutexLock lock(appenders_mu_);
  assert(appender_epochs_.empty());  // an appender looks at its head to the last
}

SeriesRef Head::Resolve(const Labels& labels, std::uint32_t epoch, Batch& batch) {
  for (;;) {
    std::optional<SeriesId> id = index_.Find(labels);
    if (!id) {
      if (options_.series_limit != 0 && index_.size() >= options_.series_limit) {
        return SeriesRef::kNone;
      }
      if (attic_.MayHold(labels)) {
        Revive(labels, epoch);
        id = index_.Find(labels);
      }
    }
    if (!id) {
      const SeriesId fresh = next_series_.fetch_add(1);
      if (fresh == 0) return SeriesRef::kNone;  // four thousand million series were there
      slots_.Make(fresh).state.store(epoch, std::memory_order_release);
      const Index::Added added = index_.Add(labels, fresh);
      if (added.created) {
        metrics_.series_created.Add();
        batch.made.emplace_back(fresh, labels);
        return SeriesRef{std::uint64_t{fresh} + 1};
      }
      slots_.Make(fresh).state.store(Slot::kDead);
      id = added.id;
    }
    if (Touch(slots_.Make(*id), epoch)) return SeriesRef{std::uint64_t{*id} + 1};
    MutexLock wait_until_forgotten(forget_mu_);
  }
}

void Head::Revive(const Labels& labels, std::uint32_t epoch) {
  MutexLock lock(forget_mu_);
  const std::optional<Attic::Known> known = attic_.Find(labels);
  if (!known || index_.Has(known->id)) return;
  Slot& slot = slots_.Make(known->id);
  slot.last_time.store(Slot::kUnknownTime);
  slot.last_value.store(0);
  slot.tail = Slot().tail;
  slot.base = 0;
  slot.scale = 0;
  slot.flags.store(Slot::kRevived);
  // Its next sample is in order at once if it is newer than all the attic's.
  std::int64_t max = parts_max_.load();
  while (max < ToMillis(known->newest) &&
         !parts_max_.compare_exchange_weak(max, ToMillis(known->newest))) {
  }
  slot.state.store(epoch, std::memory_order_release);
  index_.Add(labels, known->id);
  metrics_.series_created.Add();
}

bool Head::MustLookUp(const Slot& slot, std::int64_t time, const Bounds& bounds) const {
  return time <= parts_max_.load(std::memory_order_relaxed) &&
         slot.last_time.load() == Slot::kUnknownTime && !slot.Is(Slot::kLookedUp) &&
         (time >= bounds.min_valid || bounds.backfill ||
          out_of_order_window_.load(std::memory_order_relaxed) != 0);
}

void Head::LookUpNewest(Slot& slot, SeriesId series) {
  const std::optional<Newest> newest = look_up_(series);
  // Meanwhile another batch may have brought a newer sample, whose value the next one's token in
  // the journal is made against: between two commits that is seen, and nothing lost.
  MutexLock commit(commit_mu_);
  if (newest && slot.last_time.load() == Slot::kUnknownTime) {
    if (newest->histogram != nullptr) {
      MutexLock lock(histograms_mu_);
      last_histograms_.try_emplace(series, newest->histogram);
    }
    slot.Set(Slot::kHistogramLast, newest->histogram != nullptr);
    if (newest->histogram == nullptr) slot.last_value.store(newest->value);
    slot.last_time.store(newest->time);
  }
  slot.Set(Slot::kLookedUp, true);
}

bool Head::SameAsLast(const Slot& slot, SeriesId series, std::uint64_t value,
                      const HistogramPtr& histogram) const {
  if (!slot.Is(Slot::kHistogramLast)) {
    return histogram == nullptr && slot.last_value.load(std::memory_order_relaxed) == value;
  }
  if (histogram == nullptr) return false;
  const HistogramPtr newest = NewestHistogram(slot, series);
  return newest != nullptr && newest->SameAs(*histogram);
}

HistogramPtr Head::NewestHistogram(const Slot& slot, SeriesId series) const {
  if (!slot.Is(Slot::kHistogramLast)) return nullptr;
  MutexLock lock(histograms_mu_);
  const auto it = last_histograms_.find(series);
  return it == last_histograms_.end() ? nullptr : it->second;
}

std::int64_t Head::MinValid() const {
  const std::int64_t newest = max_time_.load(std::memory_order_relaxed);
  const std::int64_t behind = options_.chunk_range.count() / 2;
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  return newest < kLeast + behind ? kLeast : newest - behind;
}

Head::Verdict Head::Judge(Slot& slot, SeriesId series, std::int64_t time, std::uint64_t value,
                          const HistogramPtr& histogram, const Bounds& bounds,
                          const Newest* newest) {
  const auto& [min_valid, head_max, backfill] = bounds;
  const std::int64_t window = out_of_order_window_.load(std::memory_order_relaxed);
  if (window == 0 && time < min_valid && !backfill) return {.refusal = Refusal::kOutOfBounds};
  std::int64_t last = slot.last_time.load(std::memory_order_relaxed);
  if (newest != nullptr) last = std::max(last, newest->time);
  if (last == Slot::kUnknownTime || time > last) {
    if (time >= min_valid) return {};
  } else if (time == last) {
    const bool same = newest != nullptr && newest->time == last
                          ? (newest->histogram == nullptr
                                 ? histogram == nullptr && newest->value == value
                                 : histogram != nullptr && newest->histogram->SameAs(*histogram))
                          : SameAsLast(slot, series, value, histogram);
    if (same) return {.drop = true};
    return {.refusal = Refusal::kDuplicate};
  }
  if (backfill) return {.loose = true};
  if (window > 0) {
    if (head_max < Bounds::kNone + window || time >= head_max - window) return {.loose = true};
    return {.refusal = Refusal::kTooOld};
  }
  return {.refusal = time < min_valid ? Refusal::kOutOfBounds : Refusal::kOutOfOrder};
}

void Head::Count(Refusal refusal, bool histogram) {
  switch (refusal) {
    case Refusal::kOutOfOrder:
      (histogram ? metrics_.histogram_out_of_order : metrics_.float_out_of_order).Add();
      break;
    case Refusal::kOutOfBounds:
      (histogram ? metrics_.histogram_out_of_bounds : metrics_.float_out_of_bounds).Add();
      break;
    case Refusal::kTooOld:
      (histogram ? metrics_.histogram_too_old : metrics_.float_too_old).Add();
      break;
    case Refusal::kUnknownSeries:
      metrics_.series_not_found.Add();
      break;
    default:
      break;
  }
}

Result<> Head::Commit(Batch& batch) {
  if (batch.empty()) return {};
  Waiter self{.batch = &batch, .done = false, .result = {}};
  std::vector<Waiter*> group;
  {
    MutexLock lock(queue_mu_);
    queue_.push_back(&self);
    if (queue_.size() == kMaxGroup) queue_changed_.notify_all();
    // queue_changed_ releases the lock while it waits, which the analysis cannot see.
    while (!self.done && queue_.front() != &self) queue_changed_.wait(queue_mu_);
    if (self.done) return std::move(self.result);
  }
  // The leader. Its place at the front keeps others waiting until it has answered.
  MutexLock commit(commit_mu_);
  {
    MutexLock lock(queue_mu_);
    if (options_.journal_window > Millis(0)) {
      // Real time, not the clock's: it bounds how long others are waited for, whatever day it is.
      queue_changed_.wait_for(queue_mu_, options_.journal_window,
                              [this]() REQUIRES(queue_mu_) { return queue_.size() >= kMaxGroup; });
    }
    const std::size_t size = std::min(queue_.size(), kMaxGroup);
    group.assign(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(size));
  }
  Lead(group);
  MutexLock lock(queue_mu_);
  for (Waiter* waiter : group) {
    waiter->done = true;
    queue_.pop_front();
  }
  queue_changed_.notify_all();
  return std::move(self.result);
}

void Head::Lead(std::vector<Waiter*>& group) {
  StoreBatch changes;
  if (staged_.capacity() > kKeptSamples) {
    staged_ = {};
    tokens_ = {};
  }
  staged_.clear();
  batch_ends_.clear();
  token_bytes_ = 0;
  definitions_.clear();
  entry_.clear();
  if (first_of_generation_) first_sequence_ = next_sequence_;
  PutEntryHead(first_of_generation_, next_sequence_ - first_sequence_, entry_);
  const std::size_t empty = entry_.size();
  for (const Waiter* waiter : group) Stage(*waiter->batch, changes);
  const bool journalled = entry_.size() != empty;
  if (journalled) changes.Put(Family::kJournal, BigEndianKey(next_sequence_), entry_);
  Result<> written = Error(Code::kUnavailable, "the database is closed");
  if (!refusing_.load()) written = store_.Write(changes, options_.sync_journal);
  if (!written) {
    metrics_.journal_writes_failed.Add();
    TakeBack();
    for (Waiter* waiter : group) waiter->result = written.error();
    return;
  }
  metrics_.journal_bytes.Add(static_cast<double>(entry_.size()));
  if (journalled) {
    ++next_sequence_;
    first_of_generation_ = false;
  }
  ApplyStaged(group);
}

void Head::Stage(Batch& batch, StoreBatch& changes) {
  const std::size_t begin = staged_.size();
  const std::size_t first_token = token_bytes_;
  const std::size_t room = token_bytes_ + batch.samples.size() * kMaxToken;
  if (tokens_.size() < room) tokens_.resize(room);
  staged_.reserve(begin + batch.samples.size());
  for (const Batch::Sample& sample : batch.samples) StageSample(batch, sample);
  const std::span<const StagedSample> staged = std::span(staged_).subspan(begin);
  const bool restart = !staged.empty() && IsRestart(staged.front());
  const std::size_t first_defined = definitions_.size();
  for (const StagedSample& sample : staged) {
    if ((sample.old_flags & Slot::kDefined) == 0) [[unlikely]]
      Define(batch, sample.series);
  }
  if (restart) DefineAgain(staged);
  for (const Batch::ExemplarOf& exemplar : batch.exemplars) Define(batch, exemplar.series);
  EncodeDefinitions(std::span(definitions_).subspan(first_defined), entry_);
  const std::string_view tokens(tokens_.data() + first_token, token_bytes_ - first_token);
  EncodeSamples(staged, first_token, tokens, batch.extras, base_, restart, entry_);
  EncodeExemplars(batch.exemplars, entry_);
  batch_ends_.push_back(staged_.size());
  for (const auto& [metric, metadata] : batch.metadata) {
    changes.Put(Family::kMeta, kMetadataPrefix + metric, EncodeMetadata(metadata));
  }
}

// Every now and then a batch says what it builds on. Those of one target bring the same series, so
// that the rows of one tell for all.
bool Head::IsRestart(const StagedSample& first) const {
  ReaderLock lock(live_.mu);
  const std::uint32_t rows = live_.view.open->RowsOf(*first.slot, first.series);
  return rows != 0 && rows % kRestartRows == 0;
}

// Its labels go to the journal, unless they are there or in the series family.
void Head::Define(const Batch& batch, SeriesId series) {
  Slot* slot = slots_.Find(series);
  if (slot == nullptr || slot->Is(Slot::kDefined)) return;
  slot->Set(Slot::kDefined, true);
  if (series < first_fresh_ && !slot->Is(Slot::kRevived)) return;
  const auto made = std::lower_bound(batch.made.begin(), batch.made.end(), series,
                                     [](const auto& one, SeriesId id) { return one.first < id; });
  const bool here = made != batch.made.end() && made->first == series;
  definitions_.emplace_back(series, here ? made->second : index_.LabelsOf(series));
  slot->Set(Slot::kOnce, true);
}

// Were the one entry lost that says their labels, these series would be lost to the end of the
// generation. Those that have stayed for a while are worth a second one: after 16 rows it would be
// half a byte for each sample of a server that is full of new series, and a tenth of its CPU time.
void Head::DefineAgain(std::span<const StagedSample> staged) {
  ReaderLock lock(live_.mu);
  const Generation& open = *live_.view.open;
  for (const StagedSample& sample : staged) {
    if ((sample.old_flags & Slot::kOnce) == 0) [[likely]]
      continue;
    if (!sample.slot->Is(Slot::kOnce)) continue;  // a sample before did it
    if (open.RowsOf(*sample.slot, sample.series) < kRowsOfLasting) continue;
    sample.slot->Set(Slot::kOnce, false);
    definitions_.emplace_back(sample.series, index_.LabelsOf(sample.series));
  }
}

void Head::StageSample(const Batch& batch, const Batch::Sample& sample) {
  Slot& slot = *sample.slot;
  // Written once, in its place.
  StagedSample& staged = staged_.emplace_back(
      &slot, sample.time, sample.value, slot.last_time.load(std::memory_order_relaxed),
      slot.last_value.load(std::memory_order_relaxed), slot.base, sample.series, sample.extra,
      static_cast<std::uint32_t>(token_bytes_), std::uint8_t{0}, slot.scale,
      slot.flags.load(std::memory_order_relaxed), false);
  if (sample.time <= staged.old_time) [[unlikely]] {
    StageLoose(batch, sample);
    return;
  }
  slot.last_time.store(sample.time, std::memory_order_relaxed);
  if (sample.extra != 0 || (staged.old_flags & Slot::kHistogramLast) != 0) [[unlikely]] {
    const bool histogram = sample.extra != 0 && batch.extras[sample.extra - 1].histogram != nullptr;
    slot.Set(Slot::kHistogramLast, histogram);
    if (histogram) return;
  }
  const std::uint64_t before = staged.old_base == base_ ? staged.old_value : 0;
  if (sample.value != before) {
    const std::size_t bytes =
        EncodeValue(before, sample.value, slot.scale, tokens_.data() + token_bytes_);
    token_bytes_ += bytes;
    staged.token_bytes = static_cast<std::uint8_t>(bytes);
  }
  // Whoever reads it sees the time, too (Finder::EndOf).
  slot.last_value.store(sample.value, std::memory_order_release);
  slot.base = base_;
}

// Another batch was faster, or the appender knew that it is out of order and judged its age.
void Head::StageLoose(const Batch& batch, const Batch::Sample& sample) {
  static const HistogramPtr kFloat;
  const HistogramPtr& histogram =
      sample.extra == 0 ? kFloat : batch.extras[sample.extra - 1].histogram;
  const Verdict verdict = Judge(*sample.slot, sample.series, sample.time, sample.value, histogram,
                                {.backfill = batch.backfill}, nullptr);
  staged_.back().loose = true;
  if (verdict.refusal != Refusal::kNone) Count(verdict.refusal, histogram != nullptr);
  if (verdict.drop || verdict.refusal != Refusal::kNone) staged_.pop_back();
}

void Head::TakeBack() {
  // No reader may take a value that goes again for that of the time that comes back.
  WriterLock lock(live_.mu);
  for (auto it = staged_.rbegin(); it != staged_.rend(); ++it) {
    it->slot->last_time.store(it->old_time);
    it->slot->last_value.store(it->old_value);
    it->slot->base = it->old_base;
    it->slot->scale = it->old_scale;
    it->slot->Set(Slot::kHistogramLast, (it->old_flags & Slot::kHistogramLast) != 0);
  }
  for (const Definition& definition : definitions_) {
    if (Slot* slot = slots_.Find(definition.first)) slot->Set(Slot::kDefined, false);
  }
}

void Head::ApplyStaged(std::span<Waiter*> group) {
  std::int64_t newest = max_time_.load(std::memory_order_relaxed);
  std::uint64_t floats = 0;
  std::uint64_t histograms = 0;
  bool plain = true;  // floats in order, nothing else
  Filling filling;
  {
    WriterLock lock(live_.mu);
    Generation& open = *live_.view.open;
    std::size_t next = 0;
    for (std::size_t b = 0; b < group.size(); ++b) {
      const Batch& batch = *group[b]->batch;
      Generation::Hint hint;
      for (; next < batch_ends_[b]; ++next) {
        // The tails of a target lie apart when its series come and go: waiting for each of them to
        // arrive from memory would be half of this loop.
        if (next + kTailAhead < staged_.size()) {
          open.PrefetchTail(*staged_[next + kTailAhead].slot);
          const StagedSample& soon = staged_[next + kEndAhead];
          if (soon.token_bytes != 0) open.PrefetchEnd(*soon.slot);
        }
        const StagedSample& staged = staged_[next];
        newest = std::max(newest, staged.time);
        const std::string_view token(tokens_.data() + staged.token, staged.token_bytes);
        if (staged.extra == 0 && !staged.loose &&
            open.AppendNext(*staged.slot, staged.series, staged.time, token, hint)) [[likely]] {
          ++floats;
          continue;
        }
        plain = plain && staged.extra == 0 && !staged.loose;
        HeadSample sample;
        sample.series = staged.series;
        sample.time = staged.time;
        sample.value = staged.value;
        sample.before = staged.old_base == base_ ? staged.old_value : 0;
        sample.token = token;
        sample.loose = staged.loose;
        if (staged.extra != 0) [[unlikely]] {
          const Batch::Extra& extra = batch.extras[staged.extra - 1];
          sample.histogram = extra.histogram;
          sample.start = extra.start;
        }
        ++(sample.histogram == nullptr ? floats : histograms);
        open.Append(*staged.slot, sample, hint);
      }
    }
    for (const Definition& definition : definitions_) {
      const Slot* slot = slots_.Find(definition.first);
      if (slot != nullptr && slot->Is(Slot::kOnce)) open.Define(definition.first);
    }
    filling = {open.samples(), open.series_count(), open.range()};
  }
  max_time_.store(newest);
  if (floats != 0) metrics_.float_samples.Add(static_cast<double>(floats));
  if (histograms != 0) metrics_.histogram_samples.Add(static_cast<double>(histograms));
  std::size_t next = 0;
  for (std::size_t b = 0; b < group.size(); ++b) {
    const Batch& batch = *group[b]->batch;
    for (; !plain && next < batch_ends_[b]; ++next) {
      const StagedSample& staged = staged_[next];
      if (staged.loose) {
        (staged.extra != 0 && batch.extras[staged.extra - 1].histogram != nullptr
             ? metrics_.histogram_out_of_order_taken
             : metrics_.float_out_of_order_taken)
            .Add();
        continue;
      }
      if (staged.extra == 0 || batch.extras[staged.extra - 1].histogram == nullptr) continue;
      MutexLock lock(histograms_mu_);
      last_histograms_[staged.series] = batch.extras[staged.extra - 1].histogram;
    }
    for (const Batch::ExemplarOf& exemplar : batch.exemplars) {
      if (exemplars_.Add(exemplar.series, exemplar.exemplar) == ExemplarRing::Taken::kYes) {
        metrics_.exemplars.Add();
      }
    }
    if (batch.metadata.empty()) continue;
    MutexLock lock(metadata_mu_);
    for (const auto& [metric, metadata] : batch.metadata) metadata_[metric] = metadata;
  }
  committed_(filling);
}

Result<> Head::RecordSeries(const Generation& generation) {
  std::span<const SeriesId> series = generation.defined();
  while (!series.empty()) {
    const auto some = series.first(std::min(kRecordsAtOnce, series.size()));
    series = series.subspan(some.size());
    const std::vector<Labels> labels = index_.LabelsOf(some);
    StoreBatch batch;
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (Slot* slot = slots_.Find(some[i])) slot->Set(Slot::kOnce, false);
      if (labels[i].empty()) continue;  // forgotten meanwhile
      batch.Put(Family::kSeries, BigEndianKey(some[i]), EncodeLabels(labels[i]));
    }
    if (auto written = store_.Write(batch, false); !written) {
      return std::move(written).error().Within("recording series");
    }
  }
  return {};
}

std::shared_ptr<const Generation> Head::CloseGeneration() {
  MutexLock commit(commit_mu_);
  WriterLock lock(live_.mu);
  std::shared_ptr<Generation> closing = live_.view.open;
  if (closing->empty()) return nullptr;
  closing->Close();
  live_.view.closed.push_back(closing);
  live_.view.open = std::make_shared<Generation>(next_sequence_);
  first_of_generation_ = true;
  ++base_;
  return closing;
}

std::vector<std::pair<std::string, Metadata>> Head::MetricMetadata(std::string_view metric) const {
  MutexLock lock(metadata_mu_);
  std::vector<std::pair<std::string, Metadata>> found;
  if (metric.empty()) {
    found.assign(metadata_.begin(), metadata_.end());
  } else if (const auto it = metadata_.find(metric); it != metadata_.end()) {
    found.push_back(*it);
  }
  return found;
}

}  // namespace meerkat::tsdb
