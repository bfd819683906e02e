#include "tsdb/attic/segment.h"

#include <algorithm>
#include <bit>

#include "tsdb/compact/part.h"

namespace meerkat::tsdb {

// Opening a sheet that is not in the cache.
static constexpr std::uint64_t kSheetNanoseconds = 50'000;

std::shared_ptr<const SheetCache::Sheet> SheetCache::Find(const Key& key) {
  MutexLock lock(mu_);
  const auto it = by_key_.find(key);
  if (it == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, it->second);
  return it->second->sheet;
}

void SheetCache::Insert(const Key& key, std::shared_ptr<const Sheet> sheet, std::size_t bytes) {
  MutexLock lock(mu_);
  if (by_key_.contains(key)) return;
  entries_.push_front({key, std::move(sheet), bytes});
  by_key_.emplace(key, entries_.begin());
  bytes_ += bytes;
  while (bytes_ > budget_) Drop(std::prev(entries_.end()));
}

void SheetCache::Forget(std::uint64_t segment) {
  MutexLock lock(mu_);
  for (auto it = by_key_.lower_bound({segment, 0});
       it != by_key_.end() && it->first.segment == segment;) {
    Drop((it++)->second);
  }
}

void SheetCache::Drop(std::list<Entry>::iterator entry) {
  bytes_ -= entry->bytes;
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

RowSet::RowSet(std::uint32_t rows, bool all) : rows_(rows), words_((rows + 63) / 64) {
  if (all) AddRun(0, rows);
}

void RowSet::AddRun(std::uint32_t first, std::uint32_t behind) {
  for (; first < behind && first % 64 != 0; ++first) Add(first);
  for (; first + 64 <= behind; first += 64) words_[first / 64] = ~std::uint64_t{0};
  for (; first < behind; ++first) Add(first);
}

void RowSet::Keep(const RowSet& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
}

void RowSet::Remove(const RowSet& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
}

std::vector<std::uint32_t> RowSet::Rows() const {
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    for (std::uint64_t bits = words_[i]; bits != 0; bits &= bits - 1) {
      rows.push_back(static_cast<std::uint32_t>(64 * i) +
                     static_cast<std::uint32_t>(std::countr_zero(bits)));
    }
  }
  return rows;
}

Segment::Segment(std::uint64_t number, std::uint32_t rows, std::uint64_t bytes, Store& store,
                 SheetCache& cache, Damaged damaged)
    : number_(number),
      rows_(rows),
      bytes_(bytes),
      store_(store),
      cache_(cache),
      damaged_(std::move(damaged)) {}

Segment::~Segment() {
  if (!dropped_.load()) return;
  cache_.Forget(number_);
  // What cannot be deleted now is nobody's at the next start, and deleted then.
  (void)store_.DropParts(BigEndianKey(number_), BigEndianKey(number_ + 1));
}

void Segment::Tell(std::uint32_t sheet, const Error& error) const {
  if (sheet < kValueSheets) lost_labels_.store(true);
  {
    MutexLock lock(told_mu_);
    if (!told_.insert(sheet).second) return;
  }
  const std::string name = sheet == kDirectorySheet ? "directory"
                           : sheet == kFilterSheet  ? "filter"
                           : sheet == kIdSheet      ? "ids"
                           : sheet >= kValueSheets
                               ? "values " + std::to_string(sheet - kValueSheets)
                               : "labels " + std::to_string(sheet);
  damaged_(number_, name, error);
}

// Null when it cannot be read, which has then been told.
std::shared_ptr<const SheetCache::Sheet> Segment::Read(std::uint32_t sheet, SheetKind kind,
                                                       bool keep) const {
  if (auto cached = cache_.Find({number_, sheet})) return cached;
  auto bytes = store_.Get(Family::kParts, PartKey(number_, sheet));
  Result<std::string> body = Error(Code::kCorruption, "sheet is missing");
  if (!bytes) {
    body = std::move(bytes).error();
  } else if (bytes->has_value()) {
    body = OpenSheet(kind, **bytes);
  }
  auto opened = std::make_shared<SheetCache::Sheet>();
  if (body && kind == SheetKind::kDirectory) {
    auto directory = SegmentDirectory::Decode(*body);
    if (!directory || directory->rows != rows_) {
      body = directory ? Error(Code::kCorruption, "directory of other rows")
                       : std::move(directory).error();
    } else {
      opened->directory = std::move(*directory);
      body->clear();
    }
  }
  if (!body) {
    Tell(sheet, body.error());
    return nullptr;
  }
  opened->body = std::move(*body);
  if (keep) {
    constexpr std::size_t kAround = 200;  // what the cache itself takes for an entry
    cache_.Insert({number_, sheet}, opened,
                  opened->body.size() + opened->directory.HeapBytes() + kAround);
  }
  return opened;
}

std::vector<SeriesId> Segment::ReadIds() const {
  if (const auto sheet = Read(kIdSheet, SheetKind::kIds, false)) {
    auto ids = DecodeIds(sheet->body);
    if (ids && ids->size() == rows_) return std::move(*ids);
    Tell(kIdSheet, ids ? Error(Code::kCorruption, "ids of other rows") : ids.error());
  }
  std::vector<SeriesId> ids;
  for (std::uint32_t i = 0; i < label_sheets(); ++i) {
    const auto sheet = Read(i, SheetKind::kLabels, false);
    if (sheet == nullptr) continue;
    const LabelRows rows(sheet->body);
    ids.insert(ids.end(), rows.ids().begin(), rows.ids().end());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

LabelFilter Segment::ReadFilter() const {
  const auto sheet = Read(kFilterSheet, SheetKind::kFilter, false);
  if (sheet == nullptr) return {};
  auto filter = LabelFilter::Decode(sheet->body);
  if (filter) return std::move(*filter);
  Tell(kFilterSheet, filter.error());
  return {};
}

std::optional<SeriesId> Segment::Find(const Labels& labels) const {
  std::uint32_t first = 0;
  std::uint32_t behind = label_sheets();
  if (const auto directory = Read(kDirectorySheet, SheetKind::kDirectory)) {
    const auto& firsts = directory->directory.first_labels;
    const auto above = std::upper_bound(firsts.begin(), firsts.end(), labels);
    if (above == firsts.begin()) return std::nullopt;
    behind = static_cast<std::uint32_t>(above - firsts.begin());
    first = behind - 1;
  }
  for (std::uint32_t i = first; i < behind; ++i) {
    const auto sheet = Read(i, SheetKind::kLabels);
    if (sheet == nullptr) continue;
    LabelRows rows(sheet->body);
    for (std::size_t row = 0; rows.Next(); ++row) {
      if (rows.Is(labels)) return rows.ids()[row];
    }
    if (!rows.ok()) Tell(i, Error(Code::kCorruption, "labels do not decode"));
  }
  return std::nullopt;
}

// Adds the rows of the name's value `from`; with a matcher, those of all values that begin with it
// and of which the matcher says `wanted`. False: a sheet is damaged.
Result<bool> Segment::AddValues(const SegmentDirectory::Name& name, std::string_view from,
                                const Matcher* matcher, bool wanted, RowSet& rows,
                                Interrupt& interrupt) const {
  const auto& firsts = name.first_values;
  const auto above = std::upper_bound(firsts.begin(), firsts.end(), from);
  auto at = static_cast<std::uint32_t>(above - firsts.begin());
  if (at > 0) --at;
  std::vector<std::uint32_t> found;
  for (; at < firsts.size(); ++at) {
    const auto sheet = Read(kValueSheets + name.first_sheet + at, SheetKind::kValues);
    if (sheet == nullptr) return false;
    ValueEntries entries(sheet->body);
    bool intact = true;
    while (entries.Next()) {
      const std::string_view value = entries.value();
      if (value < from) continue;
      if (matcher == nullptr ? value != from : !value.starts_with(from)) return true;
      if (matcher != nullptr) {
        const std::uint64_t cost = matcher->regex()->WorstNanoseconds(value.size());
        if (auto ok = interrupt.Spend(cost); !ok) return std::move(ok).error();
        if (matcher->Matches(value) != wanted) continue;
      }
      intact = entries.Rows(rows_, found);
      if (!intact) break;
      for (const std::uint32_t row : found) rows.Add(row);
      if (matcher == nullptr) return true;
    }
    if (intact && entries.ok()) continue;
    Tell(kValueSheets + name.first_sheet + at, Error(Code::kCorruption, "values do not decode"));
    return false;
  }
  return true;
}

// Leaves the rows that match; false: a sheet is damaged.
Result<bool> Segment::Narrow(const SegmentDirectory& directory, const Matcher& matcher,
                             RowSet& rows, Interrupt& interrupt) const {
  // Rows without the label match or do not, all alike; so it is the values that do otherwise that
  // are looked for.
  const bool wanted = !matcher.MatchesEmpty();
  const SegmentDirectory::Name* name = directory.Find(matcher.name());
  RowSet found(rows_, false);
  if (name != nullptr) {
    const bool positive =
        matcher.type() == Matcher::Type::kEqual || matcher.type() == Matcher::Type::kRegex;
    // Whether the values looked for are those that the text or expression itself names.
    const bool named = positive == wanted;
    const auto& regex = matcher.regex();
    Result<bool> added = true;
    if (matcher.value().empty() || (regex && matcher.value() == ".+" && named)) {
      for (std::size_t i = 0; i < name->rows.size(); i += 2) {
        found.AddRun(name->rows[i], name->rows[i + 1]);
      }
    } else if (!regex) {
      added = AddValues(*name, matcher.value(), nullptr, true, found, interrupt);
    } else if (named && !regex->literals().empty()) {
      for (const std::string& literal : regex->literals()) {
        added = AddValues(*name, literal, nullptr, true, found, interrupt);
        if (!added || !*added) break;
      }
    } else {
      const std::string_view prefix = named ? std::string_view(regex->prefix()) : "";
      added = AddValues(*name, prefix, &matcher, wanted, found, interrupt);
    }
    if (!added || !*added) return added;
  }
  wanted ? rows.Keep(found) : rows.Remove(found);
  return true;
}

// Nothing when a sheet is damaged.
Result<std::optional<RowSet>> Segment::SelectRows(std::span<const Matcher> matchers,
                                                  Interrupt& interrupt) const {
  RowSet rows(rows_, true);
  if (matchers.empty()) return std::optional(std::move(rows));
  const auto directory = Read(kDirectorySheet, SheetKind::kDirectory);
  if (directory == nullptr) return std::optional<RowSet>();
  for (const Matcher& matcher : matchers) {
    auto narrowed = Narrow(directory->directory, matcher, rows, interrupt);
    if (!narrowed) return std::move(narrowed).error();
    if (!*narrowed) return std::optional<RowSet>();
  }
  return std::optional(std::move(rows));
}

Result<std::vector<Segment::Row>> Segment::Select(std::span<const Matcher> matchers,
                                                  Interrupt& interrupt) const {
  auto set = SelectRows(matchers, interrupt);
  if (!set) return std::move(set).error();
  if (!*set) return Scan(matchers, interrupt);
  const std::vector<std::uint32_t> rows = (*set)->Rows();
  std::vector<Row> found;
  found.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size();) {
    const std::uint32_t at = rows[i] / kSheetRows;
    if (auto ok = interrupt.Spend(kSheetNanoseconds); !ok) return std::move(ok).error();
    const auto sheet = Read(at, SheetKind::kLabels);
    const std::vector<SeriesId> ids =
        sheet == nullptr ? std::vector<SeriesId>() : LabelRows(sheet->body).ids();
    for (; i < rows.size() && rows[i] / kSheetRows == at; ++i) {
      const std::uint32_t row = rows[i] % kSheetRows;
      if (row < ids.size()) found.push_back({ids[row], rows[i]});
    }
  }
  return found;
}

Result<std::vector<Segment::Row>> Segment::Scan(std::span<const Matcher> matchers,
                                                Interrupt& interrupt) const {
  std::vector<Row> found;
  for (std::uint32_t i = 0; i < label_sheets(); ++i) {
    if (auto ok = interrupt.Spend(kSheetNanoseconds); !ok) return std::move(ok).error();
    const auto sheet = Read(i, SheetKind::kLabels, false);
    if (sheet == nullptr) continue;
    LabelRows rows(sheet->body);
    for (std::uint32_t row = 0; rows.Next(); ++row) {
      std::uint64_t cost = 0;
      const bool matches = std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& m) {
        const std::string_view value = rows.Get(m.name());
        if (m.regex()) cost += m.regex()->WorstNanoseconds(value.size());
        return m.Matches(value);
      });
      if (auto ok = interrupt.Spend(cost); !ok) return std::move(ok).error();
      if (matches) found.push_back({rows.ids()[row], i * kSheetRows + row});
    }
  }
  return found;
}

void Segment::ForEach(std::span<const std::uint32_t> rows, const Visit& visit) const {
  for (std::size_t i = 0; i < rows.size();) {
    const std::uint32_t at = rows[i] / kSheetRows;
    const auto sheet = Read(at, SheetKind::kLabels);
    LabelRows cursor(sheet == nullptr ? std::string_view() : std::string_view(sheet->body));
    std::uint32_t row = at * kSheetRows;
    bool there = cursor.Next();
    for (; i < rows.size() && rows[i] / kSheetRows == at; ++i) {
      for (; there && row < rows[i]; ++row) there = cursor.Next();
      if (there) visit(i, cursor);
    }
  }
}

bool Segment::LabelNames(std::set<std::string>& names) const {
  const auto directory = Read(kDirectorySheet, SheetKind::kDirectory);
  if (directory == nullptr) return false;
  for (const auto& name : directory->directory.names) names.insert(name.text);
  return true;
}

bool Segment::LabelValues(std::string_view name, std::set<std::string>& values) const {
  const auto directory = Read(kDirectorySheet, SheetKind::kDirectory);
  if (directory == nullptr) return false;
  const SegmentDirectory::Name* found = directory->directory.Find(name);
  if (found == nullptr) return true;
  for (std::uint32_t i = 0; i < found->first_values.size(); ++i) {
    const auto sheet = Read(kValueSheets + found->first_sheet + i, SheetKind::kValues);
    if (sheet == nullptr) return false;
    ValueEntries entries(sheet->body);
    while (entries.Next()) values.insert(std::string(entries.value()));
    if (!entries.ok()) return false;
  }
  return true;
}

Result<bool> Segment::Cursor::Next() {
  for (;;) {
    if (rows_) {
      ++at_;
      if (rows_->Next()) return true;
      if (!rows_->ok()) return Error(Code::kCorruption, "attic: labels do not decode");
      rows_.reset();
      ++sheet_;
    }
    if (sheet_ == segment_.label_sheets()) return false;
    body_ = segment_.Read(sheet_, SheetKind::kLabels, false);
    if (body_ == nullptr) return Error(Code::kCorruption, "attic: a label sheet is unreadable");
    rows_.emplace(body_->body);
    at_ = ~std::size_t{0};  // before the first
  }
}

}  // namespace meerkat::tsdb
