#include <algorithm>
#include <unordered_set>
#include <utility>

#include "tsdb/head/head.h"
#include "tsdb/head/journal.h"
#include "tsdb/head/records.h"

namespace meerkat::tsdb {

// Applies journal entries as their commits did.
class Head::Replayer : public JournalReader {
 public:
  explicit Replayer(Head& head) : head_(head) {}

  std::uint64_t Before(SeriesId series) override REQUIRES(head_.commit_mu_) {
    // Remote writers send some samples of a series together.
    if (slot_ == nullptr || series != series_) {
      slot_ = &head_.slots_.Make(series);
      series_ = series;
    }
    return slot_->base == head_.base_ ? slot_->last_value.load(std::memory_order_relaxed) : 0;
  }

  void OnSeries(SeriesId series, Labels labels) override REQUIRES(head_.live_.mu) {
    next_series_ = std::max(next_series_, series + 1);
    const Index::Added added = head_.index_.Add(labels, series);
    if (added.id != series) {
      // The older one was forgotten, or it would not have been made anew.
      head_.index_.Remove({&added.id, 1});
      head_.slots_.Make(added.id).state.store(Slot::kDead);
      head_.index_.Add(labels, series);
    }
    head_.live_.view.open->Define(series);
  }

  void Restore(SeriesId series, std::uint64_t before) override REQUIRES(head_.commit_mu_) {
    if (Before(series) == before) return;
    slot_->last_value.store(before, std::memory_order_relaxed);
    slot_->base = head_.base_;
    restored_.insert(series);
  }

  void OnBatch() override { hint_ = {}; }
  void OnLeftOut(std::uint64_t samples) override { left_out_ += samples; }

  void OnSample(HeadSample& sample) override REQUIRES(head_.commit_mu_, head_.live_.mu) {
    if (!Known(*slot_, sample.series)) return;
    if (!sample.loose) {
      sample.anew = !restored_.empty() && restored_.erase(sample.series) > 0;
      slot_->last_time.store(sample.time, std::memory_order_relaxed);
      slot_->Set(Slot::kHistogramLast, sample.histogram != nullptr);
      if (sample.histogram == nullptr) {
        slot_->last_value.store(sample.value, std::memory_order_relaxed);
        slot_->base = head_.base_;
      } else {
        MutexLock lock(head_.histograms_mu_);
        head_.last_histograms_[sample.series] = sample.histogram;
      }
    }
    max_time_ = std::max(max_time_, sample.time);
    Generation& open = *head_.live_.view.open;
    const bool usual = !sample.loose && !sample.anew && sample.histogram == nullptr &&
                       sample.start == HeadSample::kNoStart;
    if (usual && open.AppendNext(*slot_, sample.series, sample.time, sample.token, hint_)) return;
    open.Append(*slot_, sample, hint_);
  }

  void OnExemplar(Batch::ExemplarOf exemplar) override {
    if (Known(head_.slots_.Make(exemplar.series), exemplar.series)) {
      head_.exemplars_.Add(exemplar.series, exemplar.exemplar);
    }
  }

  void OnGeneration() { restored_.clear(); }

  std::int64_t max_time() const { return max_time_; }
  std::uint64_t TakeLeftOut() { return std::exchange(left_out_, 0); }
  SeriesId next_series() const { return next_series_; }
  std::uint64_t unknown() const { return unknown_; }  // samples of series without labels

 private:
  // Its labels were written together with its first sample.
  bool Known(Slot& slot, SeriesId series) {
    next_series_ = std::max(next_series_, series + 1);
    if (slot.state.load(std::memory_order_relaxed) != Slot::kUnused) return true;
    if (!head_.index_.Has(series)) {
      ++unknown_;
      return false;
    }
    slot.state.store(1);
    return true;
  }

  Head& head_;
  SeriesId series_ = 0;
  Slot* slot_ = nullptr;  // of series_
  Generation::Hint hint_;
  std::unordered_set<SeriesId> restored_;  // their tails end with something else
  std::uint64_t left_out_ = 0;             // samples
  std::int64_t max_time_ = std::numeric_limits<std::int64_t>::min();
  SeriesId next_series_ = 0;
  std::uint64_t unknown_ = 0;
};

namespace {

// The newest entry of the journal from `first` on; the one before `first` when there is none. Asks
// some sixty times whether there is one behind a number, which reads next to nothing.
Result<std::uint64_t> NewestEntry(const Store& store, std::uint64_t first) {
  std::uint64_t newest = first - 1;
  for (std::uint64_t step = std::uint64_t{1} << 62; step > 0; step /= 2) {
    bool found = false;
    auto scanned = store.Scan(Family::kJournal, BigEndianKey(newest + step), {},
                              [&found](std::string_view, std::string_view) {
                                found = true;
                                return false;
                              });
    if (!scanned) return std::move(scanned).error();
    if (found) newest += step;
  }
  return newest;
}

}  // namespace

Result<> Head::Replay(std::uint64_t first, Timestamp parts_max, std::uint64_t deleted,
                      const Logger& log) {
  parts_max_ = ToMillis(parts_max);
  MutexLock commit(commit_mu_);
  WriterLock lock(live_.mu);
  next_sequence_ = std::max<std::uint64_t>(first, 1);
  live_.view.open = std::make_shared<Generation>(next_sequence_);
  if (options_.replay != nullptr) {
    // Damage on the way is told by the replay itself.
    const auto newest = NewestEntry(store_, next_sequence_);
    if (newest && *newest >= next_sequence_) {
      options_.replay->min = static_cast<std::int64_t>(next_sequence_);
      options_.replay->current = static_cast<std::int64_t>(next_sequence_);
      options_.replay->max = static_cast<std::int64_t>(*newest);
    }
  }
  Replayer replayer(*this);
  // Entries build on those before them in their generation: behind one that is missing or damaged
  // each batch is asked whether it does, until the next generation.
  bool doubtful = false;
  bool unreadable = false;
  std::uint64_t lost = 0;
  std::string why;
  const auto lose = [&](std::uint64_t entries, std::string reason) {
    if (!doubtful) why = std::move(reason);
    doubtful = true;
    lost += entries;
  };
  const auto tell = [&]() REQUIRES(commit_mu_) {
    metrics_.journal_corruptions.Add();
    log.Error("Journal entries are lost",
              {{"entries", std::to_string(lost)},
               {"samples_that_built_on_them", std::to_string(replayer.TakeLeftOut())},
               {"before", std::to_string(next_sequence_)},
               {"err", why}});
    lost = 0;
  };
  const auto begin = [&](std::uint64_t first_of_generation) REQUIRES(commit_mu_, live_.mu) {
    live_.view.open->Close();
    if (!live_.view.open->empty()) live_.view.closed.push_back(live_.view.open);
    live_.view.open = std::make_shared<Generation>(first_of_generation);
    first_sequence_ = first_of_generation;
    replayer.OnGeneration();
    ++base_;
  };
  const auto apply = [&](std::string_view key, std::string_view entry) REQUIRES(commit_mu_,
                                                                                live_.mu) {
    const std::uint64_t sequence = ReadBigEndian(key);
    const EntryHead head = ReadEntryHead(entry);
    if (head.first) {
      if (doubtful) tell();
      doubtful = false;
      begin(sequence);
    } else if (sequence != next_sequence_) {
      lose(sequence - next_sequence_, "entries " + std::to_string(next_sequence_) + " to " +
                                          std::to_string(sequence - 1) + " are missing");
      // Among them the first of another generation?
      const std::uint64_t number = sequence - head.behind;
      if (head.behind != 0 && number > live_.view.open->number() && number < sequence) {
        begin(number);
      }
    }
    next_sequence_ = sequence + 1;
    if (options_.replay != nullptr) {
      options_.replay->current = static_cast<std::int64_t>(sequence);
    }
    first_of_generation_ = false;
    if (const Result<> read = ReadEntry(entry, replayer, doubtful); !read) {
      lose(1, read.error().message());
    }
    return true;
  };
  const auto damaged = [&](const Error& error) REQUIRES(commit_mu_) {
    metrics_.journal_corruptions.Add();
    log.Error("Journal is unreadable in part", {{"err", error.message()}});
    why = error.message();
    unreadable = true;
  };
  auto scanned = store_.ScanAround(Family::kJournal, BigEndianKey(first), {}, apply, damaged);
  if (!scanned) return scanned;
  if (doubtful) tell();
  if (replayer.unknown() != 0) {
    metrics_.journal_corruptions.Add();
    log.Error("Samples of series without labels left out",
              {{"samples", std::to_string(replayer.unknown())}});
  }
  // What comes now must not build on what could not be read, nor be written over it. A deletion
  // ended its generation, but that stands in no entry yet when nothing was written since.
  if (unreadable) next_sequence_ += std::uint64_t{1} << 32;
  if (doubtful || unreadable || live_.view.open->number() <= deleted) {
    next_sequence_ = std::max(next_sequence_, deleted + 1);
    begin(next_sequence_);
    first_of_generation_ = true;
  }
  first_fresh_ = std::max(first_fresh_, replayer.next_series());
  next_series_.store(first_fresh_);
  max_at_start_ = std::max(replayer.max_time(), parts_max_.load());
  max_time_.store(max_at_start_);

  MutexLock metadata_lock(metadata_mu_);
  const auto remember = [&](std::string_view key, std::string_view value) REQUIRES(metadata_mu_) {
    if (auto metadata = DecodeMetadata(value)) {
      metadata_[std::string(key.substr(kMetadataPrefix.size()))] = std::move(*metadata);
    }
    return true;
  };
  std::string end = kMetadataPrefix;
  ++end.back();
  return store_.ScanAround(Family::kMeta, kMetadataPrefix, end, remember, [&](const Error& error) {
    metrics_.journal_corruptions.Add();
    log.Error("Metadata are unreadable", {{"err", error.message()}});
  });
}

}  // namespace meerkat::tsdb
