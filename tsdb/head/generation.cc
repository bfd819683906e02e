#include "tsdb/head/generation.h"

#include <algorithm>
#include <bit>

#include "tsdb/head/token.h"

namespace meerkat::tsdb {

namespace {

constexpr std::uint32_t kNoColumn = 0xffffffff;
// A longer gap than this is not bridged with absent rows.
constexpr std::size_t kMaxGap = 255;
// A tail of mostly absent rows is on the wrong column. Short ones get the benefit of the doubt.
constexpr std::size_t kFreeAbsent = 16;

Error Broken(const char* what) {
  return Error(Code::kCorruption, std::string("head tail: ") + what);
}

}  // namespace

std::uint64_t Generation::MemoryBytes() const {
  return arena_.MemoryBytes() + pages_.size() * kPageTails * sizeof(Tail) + column_rows_ * 8 +
         columns_.size() * sizeof(columns_[0]) + extras_.size() * sizeof(Extra) +
         defined_.capacity() * sizeof(SeriesId);
}

void Generation::Append(Slot& slot, const HeadSample& sample, Hint& hint) {
  ++samples_;
  min_time_ = std::min(min_time_, sample.time);
  max_time_ = std::max(max_time_, sample.time);
  if (sample.loose) [[unlikely]] {
    loose_[sample.series].push_back({sample.time, sample.value, sample.histogram, sample.start});
    return;
  }
  // The index of a tail in an older generation names another series here, or none.
  if (slot.tail < tails_ && At(slot.tail).series == sample.series) [[likely]] {
    Tail& tail = At(slot.tail);
    const auto gap = sample.anew ? std::nullopt : PlaceRow(tail, sample.time);
    if (gap) [[likely]] {
      hint.column = tail.column;
      Write(tail, slot.tail, sample, *gap);
      return;
    }
  } else {
    slot.tail = kNoTail;
    ++series_;
  }
  Tail& tail = NewTail(slot, sample, hint);
  Write(tail, slot.tail, sample, 0);
}

// The rows between the tail's last and the one for `time`, which is there afterwards; nothing when
// the column has no place for it.
std::optional<std::uint32_t> Generation::PlaceRow(Tail& tail, std::int64_t time) {
  std::vector<std::int64_t>& column = columns_[tail.column];
  const std::size_t next = tail.first_row + tail.rows;
  if (next < column.size()) {
    if (column[next] == time) [[likely]] {
      return 0;
    }
    if (column[next] > time) return std::nullopt;
    const auto it = std::lower_bound(column.begin() + next + 1, column.end(), time);
    if (it != column.end() && *it != time) return std::nullopt;
    const auto gap = static_cast<std::size_t>(it - column.begin()) - next;
    if (gap > kMaxGap || (tail.absent + gap) * 2 > tail.rows + gap + kFreeAbsent) {
      return std::nullopt;
    }
    if (it == column.end()) {
      column.push_back(time);
      ++column_rows_;
    }
    return static_cast<std::uint32_t>(gap);
  }
  column.push_back(time);
  ++column_rows_;
  return 0;
}

// Whoever comes to a row that is there finds its time counted.
void Generation::AddRow(std::uint32_t column, std::int64_t time) {
  columns_[column].push_back(time);
  ++column_rows_;
  min_time_ = std::min(min_time_, time);
  max_time_ = std::max(max_time_, time);
}

Generation::Tail& Generation::NewTail(Slot& slot, const HeadSample& sample, Hint& hint) {
  const std::int64_t time = sample.time;
  Tail tail{.series = sample.series,
            .previous = slot.tail,
            .column = kNoColumn,
            .first_row = 0,
            .rows = 0,
            .absent = 0,
            .same = 0,
            .has_extra = false,
            .chain = {}};
  if (hint.column != kNoColumn) {
    const std::vector<std::int64_t>& column = columns_[hint.column];
    const auto it = column.back() == time ? column.end() - 1
                                          : std::lower_bound(column.begin(), column.end(), time);
    if (it != column.end() && *it == time) {
      tail.column = hint.column;
      tail.first_row = static_cast<std::uint32_t>(it - column.begin());
    }
  }
  if (tail.column == kNoColumn) {
    tail.column = static_cast<std::uint32_t>(columns_.size());
    columns_.push_back({time});
    ++column_rows_;
  }
  hint.column = tail.column;
  if (sample.before != 0) {  // the series had another tail: this one must decode by itself
    char buffer[kMaxToken];
    arena_.Append(tail.chain, buffer,
                  static_cast<std::size_t>(PutBase(buffer, sample.before) - buffer));
  }
  slot.tail = tails_;
  if (tails_ % kPageTails == 0) pages_.push_back(std::make_unique<Tail[]>(kPageTails));
  return At(tails_++) = tail;
}

void Generation::Write(Tail& tail, std::uint32_t index, const HeadSample& sample,
                       std::uint32_t gap) {
  tail.rows += gap + 1;
  tail.absent += gap;
  const bool same = sample.histogram == nullptr && sample.token.empty();
  if (same && gap == 0 && sample.start == HeadSample::kNoStart && !tail.has_extra) [[likely]] {
    ++tail.same;
    return;
  }
  char pending[3 * kMaxToken];  // what stands between the tail and this sample
  char* out = pending;
  if (gap != 0) out = PutAbsent(out, gap);
  if (sample.start != HeadSample::kNoStart || tail.has_extra) {
    Extra& extra = extras_[index];
    tail.has_extra = true;
    if (extra.start != sample.start) {
      out = sample.start == HeadSample::kNoStart ? PutNoStart(out) : PutStart(out, sample.start);
      extra.start = sample.start;
    }
  }
  if (same && out == pending) {
    ++tail.same;
    return;
  }
  if (sample.histogram != nullptr) {
    out = PutHistogram(out);
    tail.has_extra = true;
    extras_[index].histograms.push_back(sample.histogram);
  }
  if (tail.same != 0) WriteSame(tail);
  tail.same = same ? 1 : 0;
  if (out != pending) {
    arena_.Append(tail.chain, pending, static_cast<std::size_t>(out - pending));
  }
  arena_.Append(tail.chain, sample.token.data(), sample.token.size());
}

void Generation::WriteToken(Tail& tail, std::string_view token) {
  if (tail.same != 0) WriteSame(tail);
  arena_.Append(tail.chain, token.data(), token.size());
}

void Generation::WriteSame(Tail& tail) {
  char repeated[kMaxToken];
  arena_.Append(tail.chain, repeated,
                static_cast<std::size_t>(PutSame(repeated, tail.same) - repeated));
  tail.same = 0;
}

TailCopy Generation::CopyOf(std::uint32_t index) const {
  const Tail& tail = At(index);
  TailCopy copy{tail.column, tail.first_row, tail.rows, tail.chain, tail.same, {}};
  if (tail.has_extra) copy.histograms = extras_.at(index).histograms;
  return copy;
}

const Generation::Entry* Generation::FindEntry(SeriesId series) const {
  const std::vector<Entry>& entries = Entries();
  const auto it =
      std::lower_bound(entries.begin(), entries.end(), series,
                       [](const Entry& entry, SeriesId id) { return entry.series < id; });
  return it == entries.end() || it->series != series ? nullptr : &*it;
}

std::optional<std::uint32_t> Generation::NewestTail(SeriesId series, const Slot* slot) const {
  if (closed_) {
    const Entry* entry = FindEntry(series);
    if (entry == nullptr) return std::nullopt;
    return entry->tail;
  }
  if (slot != nullptr && slot->tail < tails_ && At(slot->tail).series == series) return slot->tail;
  if (loose_.contains(series)) return kNoTail;
  return std::nullopt;
}

bool Generation::Touches(SeriesId series, const Slot* slot, TimeRange range) const {
  const auto newest = NewestTail(series, slot);
  if (!newest) return false;
  for (std::uint32_t index = *newest; index != kNoTail; index = At(index).previous) {
    const Tail& tail = At(index);
    const std::vector<std::int64_t>& column = columns_[tail.column];
    const TimeRange span{FromMillis(column[tail.first_row]),
                         FromMillis(column[tail.first_row + tail.rows - 1])};
    if (span.Overlaps(range)) return true;
  }
  const auto loose = loose_.find(series);
  return loose != loose_.end() &&
         std::any_of(loose->second.begin(), loose->second.end(), [&](const Loose& sample) {
           const Timestamp time = FromMillis(sample.time);
           return TimeRange{time, time}.Overlaps(range);
         });
}

bool Generation::Copy(SeriesId series, const Slot* slot, std::vector<TailCopy>& out) const {
  const auto newest = NewestTail(series, slot);
  if (!newest) return false;
  const std::size_t begin = out.size();
  for (std::uint32_t i = *newest; i != kNoTail; i = At(i).previous) out.push_back(CopyOf(i));
  std::reverse(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end());
  return true;
}

std::vector<Generation::Loose> Generation::CopyLoose(SeriesId series) const {
  std::vector<Loose> loose;
  if (const auto it = loose_.find(series); it != loose_.end()) loose = it->second;
  const auto by_time = [](const Loose& a, const Loose& b) { return a.time < b.time; };
  std::stable_sort(loose.begin(), loose.end(), by_time);
  const auto same_time = [](const Loose& a, const Loose& b) { return a.time == b.time; };
  loose.erase(std::unique(loose.begin(), loose.end(), same_time), loose.end());
  return loose;
}

std::shared_ptr<const Generation::Times> Generation::CopyColumn(std::uint32_t column) const {
  const std::vector<std::int64_t>& from = columns_[column];
  auto times = std::make_shared<Times>(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) (*times)[i] = FromMillis(from[i]);
  return times;
}

Result<> Generation::Decode(const TailCopy& tail, const Times& column, TailData& out) const {
  thread_local std::string bytes;
  arena_.Read(tail.chain, bytes);
  out.first_row = tail.first_row;
  out.contiguous = true;
  out.rows.clear();
  out.values.clear();
  out.histograms.clear();
  out.starts.clear();
  out.values.reserve(tail.rows);
  std::uint32_t row = tail.first_row;
  const std::uint32_t end_row = tail.first_row + tail.rows;
  if (end_row > column.size()) return Broken("longer than its column");
  std::uint64_t before = 0;
  Timestamp start = kMinTime;
  const auto push = [&](std::uint64_t value, std::uint64_t count) {
    if (!out.contiguous) {
      for (std::uint64_t i = 0; i < count; ++i) {
        out.rows.push_back(row + static_cast<std::uint32_t>(i));
      }
    }
    if (start != kMinTime || !out.starts.empty()) {
      out.starts.resize(out.values.size(), kMinTime);
      out.starts.resize(out.values.size() + count, start);
    }
    out.values.insert(out.values.end(), count, std::bit_cast<double>(value));
    row += static_cast<std::uint32_t>(count);
  };
  const char* in = bytes.data();
  const char* const end = in + bytes.size();
  std::size_t histogram = 0;
  while (in != end) {
    Token token;
    in = DecodeToken(in, end, before, token);
    if (in == nullptr) return Broken("not a token");
    switch (token.kind) {
      case Token::Kind::kValue:
        if (row == end_row) return Broken("too many samples");
        push(token.value, 1);
        before = token.value;
        break;
      case Token::Kind::kSame:
        if (token.count > end_row - row) return Broken("too many samples");
        push(before, token.count);
        break;
      case Token::Kind::kAbsent:
        if (token.count > end_row - row) return Broken("too many rows");
        if (out.contiguous) {
          out.contiguous = false;
          for (std::uint32_t i = tail.first_row; i < row; ++i) out.rows.push_back(i);
        }
        row += static_cast<std::uint32_t>(token.count);
        break;
      case Token::Kind::kHistogram:
        if (row == end_row || histogram == tail.histograms.size()) {
          return Broken("histograms are missing");
        }
        out.histograms.push_back(
            {static_cast<std::uint32_t>(out.values.size()), tail.histograms[histogram++]});
        push(0, 1);
        break;
      case Token::Kind::kStart:
        start = FromMillis(token.start);
        break;
      case Token::Kind::kNoStart:
        start = kMinTime;
        break;
      case Token::Kind::kBase:
        before = token.value;
        break;
      case Token::Kind::kLoose:
        return Broken("out-of-order samples are kept apart");
    }
  }
  if (tail.same != end_row - row) return Broken("samples are missing");
  push(before, tail.same);
  return {};
}

const std::vector<Generation::Entry>& Generation::Entries() const {
  std::call_once(entries_once_, [this] {
    entries_.reserve(series_ + loose_.size());
    for (std::uint32_t i = 0; i < tails_; ++i) entries_.push_back({At(i).series, i});
    for (const auto& [series, samples] : loose_) entries_.push_back({series, kNoTail});
    // The newest tail of each series comes first, "no tail" last.
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
      if (a.series != b.series) return a.series < b.series;
      return a.tail + 1 > b.tail + 1;
    });
    const auto same = [](const Entry& a, const Entry& b) { return a.series == b.series; };
    entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
  });
  return entries_;
}

}  // namespace meerkat::tsdb
