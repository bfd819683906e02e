#include "tsdb/attic/attic.h"

#include <algorithm>
#include <queue>

#include "tsdb/compact/part.h"

namespace meerkat::tsdb {

namespace {

constexpr std::string_view kPrefix = "attic/";
constexpr std::string_view kEnd = "attic0";
constexpr std::uint64_t kRecordVersion = 1;
constexpr std::size_t kCacheBytes = 8 << 20;
// Segments grow by four until they are this large: merging takes 60 bytes of memory a row.
constexpr std::uint32_t kMostRows = 1 << 18;
constexpr std::size_t kFanIn = 4;

std::string RecordKey(std::uint64_t number) {
  return std::string(kPrefix) + BigEndianKey(number);
}

std::string EncodeRecord(const AtticEntry& entry) {
  std::string out;
  PutVarint(kRecordVersion, out);
  PutVarint(entry.segment->number(), out);
  PutVarint(entry.segment->rows(), out);
  PutVarint(entry.segment->bytes(), out);
  PutSigned(ToMillis(entry.range.min), out);
  PutSigned(ToMillis(entry.range.max), out);
  PutVarint(entry.gone->size(), out);
  SeriesId before = 0;
  entry.gone->ForEach([&](SeriesId id) {
    PutVarint(id - before, out);
    before = id;
  });
  return out;
}

std::shared_ptr<const Postings> ToSet(std::span<const SeriesId> ids) {
  auto set = std::make_shared<Postings>();
  for (const SeriesId id : ids) set->Add(id);
  return set;
}

}  // namespace

Result<std::vector<AtticView::Found>> AtticView::SelectIn(std::uint32_t segment,
                                                          std::span<const Matcher> matchers,
                                                          Interrupt& interrupt) const {
  std::vector<Found> found;
  const AtticEntry& entry = entries_[segment];
  const auto rows = entry.segment->Select(matchers, interrupt);
  if (!rows) return rows.error();
  for (const Segment::Row& row : *rows) {
    if (entry.gone->empty() || !entry.gone->Contains(row.id)) {
      found.push_back({row.id, segment, row.row});
    }
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.id < b.id; });
  return found;
}

Result<std::vector<AtticView::Found>> AtticView::Select(std::span<const Matcher> matchers,
                                                        Interrupt& interrupt) const {
  std::vector<Found> all;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    const auto middle = static_cast<std::ptrdiff_t>(all.size());
    const auto some = SelectIn(i, matchers, interrupt);
    if (!some) return some.error();
    all.insert(all.end(), some->begin(), some->end());
    std::inplace_merge(all.begin(), all.begin() + middle, all.end(),
                       [](const Found& a, const Found& b) { return a.id < b.id; });
  }
  // After a crash or damage two segments may have one series.
  all.erase(std::unique(all.begin(), all.end(),
                        [](const Found& a, const Found& b) { return a.id == b.id; }),
            all.end());
  return all;
}

void AtticView::ForEach(std::span<const Found> found, const Visit& visit) const {
  std::vector<std::uint32_t> order(found.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [found](std::uint32_t a, std::uint32_t b) {
    return std::pair(found[a].segment, found[a].row) < std::pair(found[b].segment, found[b].row);
  });
  std::vector<std::uint32_t> rows;
  for (std::size_t begin = 0; begin < order.size();) {
    const std::uint32_t segment = found[order[begin]].segment;
    std::size_t end = begin;
    rows.clear();
    for (; end < order.size() && found[order[end]].segment == segment; ++end) {
      rows.push_back(found[order[end]].row);
    }
    entries_[segment].segment->ForEach(
        rows, [&](std::size_t i, const LabelRows& row) { visit(order[begin + i], row); });
    begin = end;
  }
}

Attic::Attic(std::filesystem::path scratch, Store& store, Registry& registry, Logger log,
             std::function<std::uint64_t()> next_number)
    : scratch_(std::move(scratch)),
      store_(store),
      log_(std::move(log)),
      next_number_(std::move(next_number)),
      corruptions_(registry.counter("prometheus_tsdb_mmap_chunk_corruptions_total",
                                    "Total number of stored blocks that could not be read.")),
      cache_(kCacheBytes) {}

AtticEntry Attic::MakeEntry(std::uint64_t number, std::uint32_t rows, std::uint64_t bytes,
                            TimeRange range) {
  AtticEntry entry;
  entry.segment = std::make_shared<Segment>(
      number, rows, bytes, store_, cache_,
      [this](std::uint64_t segment, const std::string& sheet, const Error& error) {
        corruptions_.Add();
        log_.Error(
            "Unreadable piece of the index of cold series is done without",
            {{"segment", std::to_string(segment)}, {"sheet", sheet}, {"err", error.message()}});
      });
  entry.range = range;
  entry.gone = std::make_shared<const Postings>();
  return entry;
}

Result<bool> Attic::Load(bool lost) {
  Entries entries;
  Result<> bad;
  const auto add = [&](std::string_view, std::string_view value) {
    ByteReader in(value);
    std::uint64_t version = 0;
    std::uint64_t number;
    std::uint64_t rows;
    std::uint64_t bytes;
    std::int64_t min;
    std::int64_t max;
    std::uint64_t count;
    if (in.Varint(version) && version > kRecordVersion) {
      bad = Error(Code::kInvalid,
                  "attic of version " + std::to_string(version) + ": made by a newer meerkat");
      return false;
    }
    bool ok = in.Varint(number) && in.Varint(rows, 0xffffffff) && in.Varint(bytes) &&
              in.Signed(min) && in.Signed(max) && in.Varint(count, in.left());
    std::vector<SeriesId> gone;
    std::uint64_t before = 0;
    for (std::uint64_t i = 0; ok && i < count; ++i) {
      std::uint64_t delta;
      ok = in.Varint(delta) && (before += delta) < 0xffffffff;
      gone.push_back(static_cast<SeriesId>(before));
    }
    if (!ok) {
      lost = true;
      corruptions_.Add();
      log_.Error("Record of cold series is left out");
      return true;
    }
    entries.push_back(MakeEntry(number, static_cast<std::uint32_t>(rows), bytes,
                                {FromMillis(min), FromMillis(max)}));
    entries.back().gone = ToSet(gone);
    return true;
  };
  auto scanned = store_.ScanAround(Family::kMeta, kPrefix, kEnd, add, [&](const Error& error) {
    lost = true;
    corruptions_.Add();
    log_.Error("Records of cold series are unreadable", {{"err", error.message()}});
  });
  if (!scanned) return std::move(scanned).error();
  if (!bad) return std::move(bad).error();
  if (lost) {
    if (auto adopted = Adopt(entries); !adopted) return std::move(adopted).error();
  }
  for (AtticEntry& entry : entries) {
    entry.ids = ToSet(entry.segment->ReadIds());
  }
  Publish(std::move(entries));
  return lost;
}

// Segments whose record is lost: their own sheets tell how many rows they have, and nobody any more
// when their samples were and which of their series are forgotten.
Result<> Attic::Adopt(Entries& entries) {
  auto numbers = store_.PartNumbers();
  if (!numbers) return std::move(numbers).error();
  std::set<std::uint64_t> unknown(numbers->begin(), numbers->end());
  for (const AtticEntry& entry : entries) unknown.erase(entry.segment->number());
  for (const std::uint64_t number : unknown) {
    std::uint32_t rows = 0;
    std::uint64_t bytes = 0;
    bool is_part = false;
    const auto look = [&](std::string_view key, std::string_view value) {
      bytes += value.size();
      if (key >= PartKey(number, kValueSheets)) return true;
      const auto sheet = OpenSheet(SheetKind::kLabels, value);
      is_part = is_part || (!sheet && !value.starts_with('\xA7'));
      const auto at = static_cast<std::uint32_t>(
          ReadBigEndian(std::string(4, '\0') + std::string(key.substr(8))));
      const std::size_t in_sheet = sheet ? LabelRows(*sheet).ids().size() : kSheetRows;
      rows = at * kSheetRows + static_cast<std::uint32_t>(in_sheet);
      return !is_part;
    };
    auto scanned = store_.ScanAround(Family::kParts, BigEndianKey(number), BigEndianKey(number + 1),
                                     look, [](const Error&) {});
    if (!scanned) return scanned;
    if (is_part || rows == 0) continue;
    AtticEntry entry = MakeEntry(number, rows, bytes, {kMinTime, kMaxTime});
    StoreBatch batch;
    batch.Put(Family::kMeta, RecordKey(number), EncodeRecord(entry));
    if (auto written = store_.Write(batch, true); !written) return written;
    log_.Warn("Segment of cold series without record is taken in",
              {{"segment", std::to_string(number)}});
    entries.push_back(std::move(entry));
  }
  return {};
}

Attic::Entries Attic::Snapshot() const {
  ReaderLock lock(mu_);
  return entries_;
}

void Attic::Publish(Entries entries) {
  SeriesId next = 0;
  for (const AtticEntry& entry : entries) {
    if (!entry.ids->empty()) next = std::max(next, entry.ids->Ends().second + 1);
  }
  next_id_.store(std::max(next_id_.load(), next));
  WriterLock lock(mu_);
  entries_ = std::move(entries);
}

std::vector<std::uint64_t> Attic::Numbers() const {
  ReaderLock lock(mu_);
  std::vector<std::uint64_t> numbers;
  for (const AtticEntry& entry : entries_) numbers.push_back(entry.segment->number());
  return numbers;
}

std::size_t Attic::size() const {
  ReaderLock lock(mu_);
  std::size_t size = 0;
  for (const AtticEntry& entry : entries_) size += entry.ids->size() - entry.gone->size();
  return size;
}

std::uint64_t Attic::bytes() const {
  ReaderLock lock(mu_);
  std::uint64_t bytes = 0;
  for (const AtticEntry& entry : entries_) bytes += entry.segment->bytes();
  return bytes;
}

std::size_t Attic::MemoryBytes() const {
  ReaderLock lock(mu_);
  std::size_t bytes = 0;
  for (const AtticEntry& entry : entries_) {
    bytes += sizeof(Segment) + entry.ids->HeapBytes() + entry.gone->HeapBytes();
    if (entry.filter != nullptr) bytes += entry.filter->HeapBytes();
  }
  return bytes;
}

bool Attic::MayHold(const Labels& labels) const {
  if (!asked_.load(std::memory_order_relaxed)) asked_.store(true, std::memory_order_relaxed);
  const std::uint64_t hash = labels.hash();
  {
    ReaderLock lock(mu_);
    bool complete = true;
    for (const AtticEntry& entry : entries_) {
      if (entry.filter == nullptr) {
        complete = false;
      } else if (entry.filter->MayHold(hash)) {
        return true;
      }
    }
    if (complete) return false;
  }
  const Entries entries = Snapshot();
  return std::any_of(entries.begin(), entries.end(),
                     [&](const AtticEntry& entry) { return FilterOf(entry)->MayHold(hash); });
}

// Reads it without a lock: whoever else wants it meanwhile reads it, too.
std::shared_ptr<const LabelFilter> Attic::FilterOf(const AtticEntry& entry) const {
  if (entry.filter != nullptr) return entry.filter;
  auto filter = std::make_shared<const LabelFilter>(entry.segment->ReadFilter());
  WriterLock lock(mu_);
  for (AtticEntry& kept : entries_) {
    if (kept.segment == entry.segment) kept.filter = filter;
  }
  return filter;
}

void Attic::Rest() {
  if (asked_.exchange(false)) return;
  WriterLock lock(mu_);
  for (AtticEntry& entry : entries_) entry.filter = nullptr;
}

std::optional<Attic::Known> Attic::Find(const Labels& labels) const {
  const std::uint64_t hash = labels.hash();
  for (const AtticEntry& entry : Snapshot()) {
    if (!FilterOf(entry)->MayHold(hash)) continue;
    const auto id = entry.segment->Find(labels);
    if (id && !entry.gone->Contains(*id)) return Known{*id, entry.range.max};
  }
  return std::nullopt;
}

AtticView Attic::View(TimeRange range) const {
  Entries entries = Snapshot();
  std::erase_if(entries, [range](const AtticEntry& e) { return !e.range.Overlaps(range); });
  return AtticView(std::move(entries));
}

Result<AtticEntry> Attic::Write(const std::function<Result<>(SegmentWriter&)>& fill,
                                TimeRange range) {
  std::error_code ignored;
  std::filesystem::create_directories(scratch_, ignored);
  const std::uint64_t number = next_number_();
  AtticEntry entry;
  std::filesystem::path file;
  Result<> done;
  {
    // What lasts is made when all that writing takes is freed: it would lie scattered among it, and
    // each piece of it would keep a page.
    std::vector<SeriesId> ids;
    {
      SegmentWriter writer(scratch_, number);
      file = writer.file();
      done = fill(writer);
      if (done) done = writer.Finish();
      ids = writer.TakeIds();
      entry = MakeEntry(number, writer.rows(), writer.bytes(), range);
    }
    entry.ids = ToSet(ids);
  }
  if (done) done = store_.Ingest(file);
  if (!done) {
    std::filesystem::remove(file, ignored);
    return std::move(done).error().Within("index of cold series");
  }
  return entry;
}

Result<> Attic::Put(std::vector<SeriesId> series, const LabelsOf& labels_of, TimeRange range) {
  constexpr std::size_t kAtOnce = 256;
  MutexLock change(change_mu_);
  Entries entries = Snapshot();
  StoreBatch batch;
  for (const SeriesId id : series) batch.Delete(Family::kSeries, BigEndianKey(id));
  for (AtticEntry& entry : entries) {
    const std::size_t before = series.size();
    std::erase_if(series, [&entry](SeriesId id) {
      return entry.ids->Contains(id) && !entry.gone->Contains(id);
    });
    if (series.size() == before) continue;
    entry.range = {std::min(entry.range.min, range.min), std::max(entry.range.max, range.max)};
    batch.Put(Family::kMeta, RecordKey(entry.segment->number()), EncodeRecord(entry));
  }
  if (!series.empty()) {
    const auto fill = [&](SegmentWriter& writer) -> Result<> {
      for (std::span<const SeriesId> left = series; !left.empty();) {
        const auto some = left.first(std::min(kAtOnce, left.size()));
        left = left.subspan(some.size());
        const std::vector<Labels> labels = labels_of(some);
        for (std::size_t i = 0; i < some.size(); ++i) {
          if (auto added = writer.Add(labels[i], some[i]); !added) return added;
        }
      }
      return {};
    };
    auto written = Write(fill, range);
    if (!written) return std::move(written).error();
    batch.Put(Family::kMeta, RecordKey(written->segment->number()), EncodeRecord(*written));
    entries.push_back(std::move(*written));
  }
  if (auto done = store_.Write(batch, true); !done) {
    if (!series.empty()) entries.back().segment->Drop();
    return done;
  }
  Publish(std::move(entries));
  return {};
}

Result<> Attic::Keep(const std::vector<bool>& held) {
  MutexLock change(change_mu_);
  Entries entries = Snapshot();
  StoreBatch batch;
  bool changed = false;
  std::vector<std::shared_ptr<const Segment>> emptied;
  for (AtticEntry& entry : entries) {
    std::vector<SeriesId> gone;
    entry.ids->ForEach([&](SeriesId id) {
      if (id >= held.size() || !held[id]) gone.push_back(id);
    });
    if (gone.size() <= entry.gone->size()) continue;
    changed = true;
    const std::string key = RecordKey(entry.segment->number());
    if (gone.size() >= entry.ids->size()) {
      batch.Delete(Family::kMeta, key);
      emptied.push_back(entry.segment);
      continue;
    }
    entry.gone->ForEach([&](SeriesId id) { gone.push_back(id); });
    std::sort(gone.begin(), gone.end());
    entry.gone = ToSet(gone);
    batch.Put(Family::kMeta, key, EncodeRecord(entry));
  }
  if (!changed) return {};
  if (auto written = store_.Write(batch, true); !written) return written;
  std::erase_if(entries, [&](const AtticEntry& entry) {
    return std::find(emptied.begin(), emptied.end(), entry.segment) != emptied.end();
  });
  Publish(std::move(entries));
  for (const auto& segment : emptied) segment->Drop();
  return {};
}

Result<bool> Attic::MergeOne() {
  MutexLock change(change_mu_);
  Entries entries = Snapshot();
  // One that lost half of its rows; else the first few of about one size.
  std::vector<std::size_t> chosen;
  const auto living = [&](std::size_t i) {
    return entries[i].ids->size() - entries[i].gone->size();
  };
  const auto damaged = [&](std::size_t i) REQUIRES(change_mu_) {
    return damaged_.contains(entries[i].segment->number());
  };
  for (std::size_t i = 0; i < entries.size() && chosen.empty(); ++i) {
    if (!damaged(i) && 2 * living(i) < entries[i].ids->size()) chosen = {i};
  }
  for (std::size_t most = 4 * 1024; most < kMostRows && chosen.size() != 1; most *= kFanIn) {
    std::size_t rows = 0;
    chosen.clear();
    for (std::size_t i = 0; i < entries.size() && chosen.size() < kFanIn; ++i) {
      if (damaged(i) || living(i) > most || rows + living(i) > kMostRows) continue;
      chosen.push_back(i);
      rows += living(i);
    }
    if (chosen.size() == kFanIn) break;
    chosen.clear();
  }
  if (chosen.empty()) return false;

  TimeRange range{kMaxTime, kMinTime};
  for (const std::size_t i : chosen) {
    range = {std::min(range.min, entries[i].range.min), std::max(range.max, entries[i].range.max)};
  }
  struct Head {
    Labels labels;
    SeriesId id;
    std::size_t cursor;
    bool operator>(const Head& other) const { return labels > other.labels; }
  };
  const auto fill = [&](SegmentWriter& writer) REQUIRES(change_mu_) -> Result<> {
    std::vector<Segment::Cursor> cursors;
    for (const std::size_t i : chosen) cursors.emplace_back(*entries[i].segment);
    std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
    const auto advance = [&](std::size_t c) REQUIRES(change_mu_) -> Result<> {
      for (;;) {
        auto next = cursors[c].Next();
        if (!next) {
          damaged_.insert(entries[chosen[c]].segment->number());
          return std::move(next).error();
        }
        if (!*next) return {};
        const SeriesId id = cursors[c].id();
        if (entries[chosen[c]].gone->Contains(id)) continue;
        heads.push({cursors[c].row().labels(), id, c});
        return {};
      }
    };
    for (std::size_t c = 0; c < cursors.size(); ++c) {
      if (auto advanced = advance(c); !advanced) return advanced;
    }
    while (!heads.empty()) {
      const Head head = heads.top();
      heads.pop();
      if (auto added = writer.Add(head.labels, head.id); !added) return added;
      if (auto advanced = advance(head.cursor); !advanced) return advanced;
    }
    return {};
  };
  auto merged = Write(fill, range);
  if (!merged) return std::move(merged).error();
  StoreBatch batch;
  std::vector<std::shared_ptr<const Segment>> replaced;
  for (const std::size_t i : chosen) {
    batch.Delete(Family::kMeta, RecordKey(entries[i].segment->number()));
    replaced.push_back(entries[i].segment);
  }
  batch.Put(Family::kMeta, RecordKey(merged->segment->number()), EncodeRecord(*merged));
  if (auto written = store_.Write(batch, true); !written) {
    merged->segment->Drop();
    return std::move(written).error();
  }
  std::erase_if(entries, [&](const AtticEntry& entry) {
    return std::find(replaced.begin(), replaced.end(), entry.segment) != replaced.end();
  });
  entries.push_back(std::move(*merged));
  static constexpr Family kRecords[] = {Family::kMeta};
  (void)store_.Flush(kRecords);  // see Shelf::Swap
  Publish(std::move(entries));
  for (const auto& segment : replaced) segment->Drop();
  return true;
}

}  // namespace meerkat::tsdb
