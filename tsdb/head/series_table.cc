#include "tsdb/head/series_table.h"

namespace meerkat::tsdb {

namespace {
constexpr std::size_t kTop = 2048;
}  // namespace

SeriesTable::SeriesTable() : top_(new std::atomic<Directory*>[kTop]()) {}

SeriesTable::~SeriesTable() {
  for (std::size_t i = 0; i < kTop; ++i) {
    Directory* directory = top_[i].load();
    if (directory == nullptr) continue;
    for (auto& page : *directory) delete page.load();
    delete directory;
  }
}

Slot& SeriesTable::Make(SeriesId id) {
  auto& top = top_[id >> 21];
  Directory* directory = top.load(std::memory_order_acquire);
  if (directory == nullptr) {
    auto fresh = std::make_unique<Directory>();
    if (top.compare_exchange_strong(directory, fresh.get())) directory = fresh.release();
  }
  auto& place = (*directory)[id >> 10 & 2047];
  Page* page = place.load(std::memory_order_acquire);
  if (page == nullptr) {
    auto fresh = std::make_unique<Page>();
    if (place.compare_exchange_strong(page, fresh.get())) page = fresh.release();
  }
  return (*page)[id & (kPageSlots - 1)];
}

std::unique_ptr<SeriesTable::Page> SeriesTable::TakeDeadPage(SeriesId id, SeriesId settled) {
  Directory* directory = top_[id >> 21].load();
  if (directory == nullptr) return nullptr;
  auto& place = (*directory)[id >> 10 & 2047];
  const Page* page = place.load();
  if (page == nullptr) return nullptr;
  const bool all_settled = (id | (kPageSlots - 1)) < settled;
  for (const Slot& slot : *page) {
    const std::uint32_t state = slot.state.load();
    if (state != Slot::kDead && !(all_settled && state == Slot::kUnused)) return nullptr;
  }
  return std::unique_ptr<Page>(place.exchange(nullptr));
}

}  // namespace meerkat::tsdb
