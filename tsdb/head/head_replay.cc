#include <algorithm>

#include "tsdb/head/head.h"
#include "tsdb/head/journal.h"
#include "tsdb/head/records.h"

namespace meerkat::tsdb {

// Applies journal entries as their commits did.
class Head::Replayer : public JournalReader {
 public:
  explicit Replayer(Head& head) : head_(head) {}

  std::uint64_t Before(SeriesId series) override REQUIRES(head_.commit_mu_) {
    slot_ = &head_.slots_.Make(series);
    return slot_->base == head_.base_ ? slot_->last_value.load(std::memory_order_relaxed) : 0;
  }

  void OnBatch() override { hint_ = {}; }

  void OnSample(HeadSample sample) override REQUIRES(head_.commit_mu_, head_.live_.mu) {
    if (!Known(*slot_, sample.series)) return;
    if (!sample.loose) {
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
    head_.live_.view.open->Append(*slot_, sample, hint_);
  }

  void OnExemplar(Batch::ExemplarOf exemplar) override {
    if (Known(head_.slots_.Make(exemplar.series), exemplar.series)) {
      head_.exemplars_.Add(exemplar.series, exemplar.exemplar);
    }
  }

  std::int64_t max_time() const { return max_time_; }

 private:
  // Its labels were written together with its first sample.
  bool Known(Slot& slot, SeriesId series) const {
    if (slot.state.load(std::memory_order_relaxed) != Slot::kUnused) return true;
    if (!head_.index_.Has(series)) return false;
    slot.state.store(1);
    return true;
  }

  Head& head_;
  Slot* slot_ = nullptr;
  Generation::Hint hint_;
  std::int64_t max_time_ = std::numeric_limits<std::int64_t>::min();
};

Result<> Head::Replay(std::uint64_t first, Timestamp parts_max, const Logger& log) {
  parts_max_ = ToMillis(parts_max);
  MutexLock commit(commit_mu_);
  WriterLock lock(live_.mu);
  next_sequence_ = std::max<std::uint64_t>(first, 1);
  live_.view.open = std::make_shared<Generation>(next_sequence_);
  Replayer replayer(*this);
  const auto apply = [&](std::string_view key, std::string_view entry) REQUIRES(commit_mu_,
                                                                                live_.mu) {
    const std::uint64_t sequence = ReadBigEndian(key);
    if ((EntryFlags(entry) & kFirstOfGeneration) != 0) {
      live_.view.open->Close();
      if (!live_.view.open->empty()) live_.view.closed.push_back(live_.view.open);
      live_.view.open = std::make_shared<Generation>(sequence);
      ++base_;
    }
    const Result<std::uint8_t> read = ReadEntry(entry, replayer);
    if (!read) {
      metrics_.journal_corruptions.Add();
      log.Error("Journal entry left out",
                {{"sequence", std::to_string(sequence)}, {"err", read.error().message()}});
    }
    next_sequence_ = sequence + 1;
    first_of_generation_ = false;
    return true;
  };
  if (auto scanned = store_.Scan(Family::kJournal, BigEndianKey(first), {}, apply); !scanned) {
    // A file of the journal is damaged: what stands before the damage is applied.
    metrics_.journal_corruptions.Add();
    log.Error("Journal ends early", {{"err", scanned.error().message()}});
    next_sequence_ += std::uint64_t{1} << 32;  // never write over what could not be read
    live_.view.open->Close();
    if (!live_.view.open->empty()) live_.view.closed.push_back(live_.view.open);
    live_.view.open = std::make_shared<Generation>(next_sequence_);
    first_of_generation_ = true;
    ++base_;
  }
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
  return store_.Scan(Family::kMeta, kMetadataPrefix, end, remember);
}

}  // namespace meerkat::tsdb
