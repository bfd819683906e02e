#include <algorithm>

#include "tsdb/head/head.h"

namespace meerkat::tsdb {

namespace {

// Series that leave the index under one lock: few enough for nobody to notice.
constexpr std::size_t kSlice = 1024;

}  // namespace

std::uint32_t Head::BeginForgetting() {
  std::uint32_t begun;
  std::uint32_t fresh;
  {
    MutexLock lock(appenders_mu_);
    fresh = epoch_.fetch_add(1) + 1;
    begun = appender_epochs_.empty() ? fresh : *appender_epochs_.begin();
  }
  MutexLock lock(forget_mu_);
  // Here, too, and not only when more series go: 32 bytes for each that went before.
  std::erase_if(retired_, [begun](const auto& page) { return page.first < begun; });
  if (unsettled_.first < begun) {
    settled_ = unsettled_.second;
    unsettled_ = {fresh, next_series_.load()};
  }
  return begun;
}

std::uint32_t Head::OldestEpoch() const {
  MutexLock lock(appenders_mu_);
  return appender_epochs_.empty() ? epoch_.load() : *appender_epochs_.begin();
}

bool Head::IsQuiet(SeriesId series, Timestamp since) const {
  std::int64_t time = max_at_start_;
  if (const Slot* slot = slots_.Find(series)) {
    const std::int64_t last = slot->last_time.load(std::memory_order_relaxed);
    if (last != Slot::kUnknownTime) time = last;
  }
  return time < ToMillis(since);
}

// Makes series dead that no appender has touched or may touch; from here on whoever wants one of
// them waits for forget_mu_.
std::vector<SeriesId> Head::Claim(std::span<const SeriesId> series, std::uint32_t begun) {
  std::vector<SeriesId> claimed;
  for (const SeriesId id : series) {
    Slot& slot = slots_.Make(id);
    std::uint32_t state = slot.state.load();
    // A stamp of `begun` or later: some appender of that time may still hold a sample for it.
    if (state == Slot::kDead || state >= begun) continue;
    if (slot.state.compare_exchange_strong(state, Slot::kDead)) claimed.push_back(id);
  }
  return claimed;
}

void Head::GiveBack(std::span<const SeriesId> claimed) {
  for (const SeriesId id : claimed) slots_.Make(id).state.store(1);
}

// Frees what memory holds of dead series.
void Head::LetGo(std::span<const SeriesId> claimed, std::uint32_t begun) {
  std::erase_if(retired_, [begun](const auto& page) { return page.first < begun; });
  for (std::size_t at = 0; at < claimed.size(); at += kSlice) {
    index_.Remove(claimed.subspan(at, std::min(kSlice, claimed.size() - at)));
  }
  {
    MutexLock histograms(histograms_mu_);
    for (const SeriesId id : claimed) last_histograms_.erase(id);
  }
  metrics_.series_removed.Add(static_cast<double>(claimed.size()));
  const std::uint32_t now = epoch_.load();
  SeriesId page = 0;
  for (const SeriesId id : claimed) {
    const SeriesId first = id - id % SeriesTable::kPageSlots;
    if (page == first && id != claimed.front()) continue;
    page = first;
    WriterLock readers(live_.mu);
    if (auto dead = slots_.TakeDeadPage(id, settled_)) retired_.emplace_back(now, std::move(dead));
  }
}

Result<std::size_t> Head::Forget(std::span<const SeriesId> series, std::uint32_t begun) {
  MutexLock lock(forget_mu_);
  const std::vector<SeriesId> claimed = Claim(series, begun);
  if (claimed.empty()) return std::size_t{0};
  StoreBatch batch;
  for (const SeriesId id : claimed) batch.Delete(Family::kSeries, BigEndianKey(id));
  if (auto written = store_.Write(batch, false); !written) {
    GiveBack(claimed);
    return std::move(written).error();
  }
  LetGo(claimed, begun);
  return claimed.size();
}

Result<std::size_t> Head::Cool(std::span<const SeriesId> series, std::uint32_t begun,
                               TimeRange range) {
  MutexLock lock(forget_mu_);
  const std::vector<SeriesId> claimed = Claim(series, begun);
  if (claimed.empty()) return std::size_t{0};
  std::vector<SeriesId> cold = claimed;
  index_.SortByLabels(cold);
  const auto labels_of = [this](std::span<const SeriesId> some) { return index_.LabelsOf(some); };
  if (auto put = attic_.Put(std::move(cold), labels_of, range); !put) {
    GiveBack(claimed);
    return std::move(put).error();
  }
  LetGo(claimed, begun);
  return claimed.size();
}

}  // namespace meerkat::tsdb
