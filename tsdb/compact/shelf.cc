#include "tsdb/compact/shelf.h"

#include <algorithm>
#include <bit>

#include "tsdb/compact/stopwatch.h"
#include "tsdb/read/series_reader.h"

namespace meerkat::tsdb {

namespace {

constexpr std::string_view kPartPrefix = "part/";
constexpr std::string_view kPartEnd = "part0";
constexpr std::string_view kJournalStart = "journal-start";
constexpr std::string_view kTombstones = "tombstones";

std::string MetaKey(std::uint64_t part) {
  return std::string(kPartPrefix) + BigEndianKey(part);
}

bool PartBefore(const std::shared_ptr<const Part>& a, const std::shared_ptr<const Part>& b) {
  const PartInfo& left = a->info();
  const PartInfo& right = b->info();
  if (left.range.min != right.range.min) return left.range.min < right.range.min;
  if (left.first_generation != right.first_generation) {
    return left.first_generation < right.first_generation;
  }
  return left.number < right.number;
}

}  // namespace

Shelf::Shelf(Options options, Store& store, LiveView& live, Registry& registry, Logger log)
    : options_(std::move(options)),
      store_(store),
      live_(live),
      log_(std::move(log)),
      cache_(options_.block_cache_bytes),
      metrics_(registry) {}

std::shared_ptr<const Part> Shelf::MakePart(PartInfo info) {
  return std::make_shared<Part>(
      info, store_, cache_, [this](const PartInfo& part, std::uint32_t block, const Error& error) {
        metrics_.corruptions.Add();
        log_.Error("Unreadable block is left out",
                   {{"part", std::to_string(part.number)},
                    {"block", block == kDirectoryBlock ? "directory" : std::to_string(block)},
                    {"mint", std::to_string(ToMillis(part.range.min))},
                    {"maxt", std::to_string(ToMillis(part.range.max))},
                    {"err", error.message()}});
      });
}

void Shelf::TellLost(const char* what, const Error& error) {
  metrics_.corruptions.Add();
  log_.Error(what, {{"err", error.message()}});
}

std::shared_ptr<const Part> Shelf::Adopt(std::uint64_t number) {
  auto rebuilt = RebuildPart(store_, number);
  if (!rebuilt) return nullptr;
  StoreBatch batch;
  batch.Put(Family::kMeta, MetaKey(number), rebuilt->info.Encode());
  batch.Put(Family::kMeta, PartDirectoryKey(number), rebuilt->directory.Encode());
  if (!store_.Write(batch, true)) return nullptr;
  log_.Warn("Part without record is taken in", {{"part", std::to_string(number)}});
  return MakePart(rebuilt->info);
}

Result<> Shelf::Load(const std::vector<std::uint64_t>& others, bool lost) {
  MutexLock change(change_mu_);
  std::vector<std::shared_ptr<const Part>> parts;
  Result<> bad;
  const auto add = [&](std::string_view, std::string_view value) {
    auto info = PartInfo::Decode(value);
    if (!info) {
      if (info.error().code() == Code::kInvalid) {
        bad = std::move(info).error();
        return false;
      }
      lost = true;
      TellLost("Part record is left out", info.error());
      return true;
    }
    parts.push_back(MakePart(*info));
    return true;
  };
  auto scanned =
      store_.ScanAround(Family::kMeta, kPartPrefix, kPartEnd, add, [&](const Error& error) {
        lost = true;
        TellLost("Part records are unreadable", error);
      });
  if (!scanned) return scanned;
  if (!bad) return bad;
  auto tombstones = std::make_shared<Tombstones>();
  auto stones = store_.Get(Family::kMeta, kTombstones);
  if (stones && stones->has_value()) {
    auto decoded = Tombstones::Decode(**stones);
    if (decoded) {
      *tombstones = std::move(*decoded);
    } else {
      stones = std::move(decoded).error();
    }
  }
  if (!stones) {
    if (stones.error().code() != Code::kCorruption) return std::move(stones).error();
    TellLost("Deletions that were not cleaned yet are lost", stones.error());
  }
  auto start = store_.Get(Family::kMeta, kJournalStart);
  if (!start) {
    if (start.error().code() != Code::kCorruption) return std::move(start).error();
    TellLost("The journal is read from its first entry", start.error());
  } else if (start->has_value()) {
    journal_start_.store(ReadBigEndian(**start));
  }

  std::uint64_t greatest = 0;
  std::vector<std::uint64_t> known = others;
  for (const auto& part : parts) known.push_back(part->info().number);
  std::sort(known.begin(), known.end());
  if (!known.empty()) greatest = known.back();
  auto on_disk = store_.PartNumbers();
  if (!on_disk) return std::move(on_disk).error();
  std::sort(on_disk->begin(), on_disk->end());
  on_disk->erase(std::unique(on_disk->begin(), on_disk->end()), on_disk->end());
  for (const std::uint64_t found : *on_disk) {
    greatest = std::max(greatest, found);
    if (std::binary_search(known.begin(), known.end(), found)) continue;
    if (lost) {
      if (auto part = Adopt(found)) parts.push_back(std::move(part));
      continue;
    }
    // A file that was taken over, but whose change was not completed.
    auto dropped = store_.DropParts(BigEndianKey(found), BigEndianKey(found + 1));
    if (!dropped) return dropped;
  }
  next_part_.store(greatest + 1);
  std::error_code ignored;
  std::filesystem::remove_all(options_.scratch, ignored);
  std::sort(parts.begin(), parts.end(), PartBefore);
  WriterLock lock(live_.mu);
  live_.view.parts = std::move(parts);
  live_.view.tombstones = std::move(tombstones);
  return {};
}

Timestamp Shelf::max_time() const {
  ReaderLock lock(live_.mu);
  Timestamp newest = kMinTime;
  for (const auto& part : live_.view.parts) newest = std::max(newest, part->info().range.max);
  return newest;
}

std::uint64_t Shelf::bytes() const {
  ReaderLock lock(live_.mu);
  std::uint64_t bytes = 0;
  for (const auto& part : live_.view.parts) bytes += part->info().bytes;
  return bytes;
}

std::vector<std::shared_ptr<const Part>> Shelf::Parts() const {
  ReaderLock lock(live_.mu);
  return live_.view.parts;
}

std::shared_ptr<const Tombstones> Shelf::Stones() const {
  ReaderLock lock(live_.mu);
  return live_.view.tombstones;
}

Result<> Shelf::Ingest(const std::vector<SealedPart>& sealed) {
  for (const SealedPart& part : sealed) {
    if (auto ingested = store_.Ingest(part.file); !ingested) return ingested;
  }
  return {};
}

Result<> Shelf::Swap(const std::vector<std::shared_ptr<const Part>>& out,
                     const std::vector<SealedPart>& in, const Generation* sealed) {
  StoreBatch batch;
  for (const auto& part : out) {
    batch.Delete(Family::kMeta, MetaKey(part->info().number));
    batch.Delete(Family::kMeta, PartDirectoryKey(part->info().number));
  }
  for (const SealedPart& part : in) {
    batch.Put(Family::kMeta, MetaKey(part.info.number), part.info.Encode());
    batch.Put(Family::kMeta, PartDirectoryKey(part.info.number), part.directory);
  }
  std::uint64_t journal_start = journal_start_.load();
  if (sealed != nullptr) {
    ReaderLock lock(live_.mu);
    const auto& closed = live_.view.closed;
    journal_start = closed.size() > 1 ? closed[1]->number() : live_.view.open->number();
    batch.Put(Family::kMeta, kJournalStart, BigEndianKey(journal_start));
    batch.DeleteRange(Family::kJournal, BigEndianKey(0), BigEndianKey(journal_start));
  }
  if (auto written = store_.Write(batch, true); !written) return written;
  // Before the old files go, what names the new ones is in a file with checksums: a log that is
  // damaged must not cost both.
  static constexpr Family kRecords[] = {Family::kMeta};
  if (!out.empty()) (void)store_.Flush(kRecords);
  journal_start_.store(journal_start);
  WriterLock lock(live_.mu);
  View& view = live_.view;
  std::erase_if(view.parts, [&](const auto& part) {
    return std::find(out.begin(), out.end(), part) != out.end();
  });
  for (const SealedPart& part : in) view.parts.push_back(MakePart(part.info));
  std::sort(view.parts.begin(), view.parts.end(), PartBefore);
  if (sealed != nullptr) view.closed.erase(view.closed.begin());
  for (const auto& part : out) part->Drop();
  return {};
}

Result<bool> Shelf::SealOldest(const Record& record) {
  MutexLock change(change_mu_);
  std::shared_ptr<const Generation> oldest;
  {
    ReaderLock lock(live_.mu);
    if (live_.view.closed.empty()) return false;
    oldest = live_.view.closed.front();
  }
  std::error_code error;
  std::filesystem::create_directories(options_.scratch, error);
  auto sealed = SealGeneration(*oldest, options_.partition, options_.scratch,
                               [this] { return next_part_.fetch_add(1); });
  if (!sealed) {
    metrics_.seals_failed.Add();
    return std::move(sealed).error().Within("sealing");
  }
  auto taken = record(*oldest);
  if (taken) taken = Ingest(*sealed);
  if (taken) taken = Swap({}, *sealed, oldest.get());
  if (!taken) {
    metrics_.seals_failed.Add();
    return std::move(taken).error();
  }
  metrics_.seals.Add();
  metrics_.chunks_removed.Add(static_cast<double>(oldest->tail_count()));
  metrics_.truncations.Add();
  const Stopwatch watch(metrics_.truncate_seconds);
  // The log's files go once everything in them stands elsewhere.
  if (auto flushed = store_.Flush(); !flushed) return std::move(flushed).error();
  return true;
}

Result<> Shelf::AddTombstones(const Tombstones& added) {
  MutexLock lock(stones_mu_);
  auto all = std::make_shared<Tombstones>(*Stones());
  for (const auto& [series, stones] : added.by_series()) {
    for (const Tombstones::Stone& stone : stones) all->Add(series, stone);
  }
  return PutTombstones(std::move(all));
}

Result<> Shelf::PutTombstones(std::shared_ptr<const Tombstones> all) {
  StoreBatch batch;
  batch.Put(Family::kMeta, kTombstones, all->Encode());
  if (auto written = store_.Write(batch, true); !written) return written;
  WriterLock lock(live_.mu);
  live_.view.tombstones = std::move(all);
  return {};
}

std::optional<Head::Newest> Shelf::NewestOf(SeriesId series) const {
  View view;
  view.tombstones = Stones();
  view.open = std::make_shared<Generation>(0);
  std::vector<std::shared_ptr<const Part>> parts = Parts();
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return a->info().range.max > b->info().range.max; });
  const SeriesId ids[] = {series};
  std::optional<Head::Newest> newest;
  for (const auto& part : parts) {
    if (newest && newest->time > ToMillis(part->info().range.max)) break;
    view.parts = {part};
    Interrupt never;
    Finder finder(live_, view, {}, [](SeriesId) { return nullptr; }, never);
    const auto places = finder.Places(ids, false);
    if (!places || (*places)[0].empty()) continue;
    SeriesReader reader(live_, view, {});
    SeriesColumns columns;
    (void)reader.Read((*places)[0], columns);  // damage was reported; the rest counts
    if (columns.size() == 0) continue;
    const std::int64_t time = ToMillis(columns.times->back());
    if (newest && newest->time >= time) continue;
    newest = Head::Newest{time, std::bit_cast<std::uint64_t>(columns.values.back()), nullptr};
    if (!columns.histograms.empty() && columns.histograms.back().index + 1 == columns.size()) {
      newest->histogram = columns.histograms.back().histogram;
    }
  }
  return newest;
}

}  // namespace meerkat::tsdb
