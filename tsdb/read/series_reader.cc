#include "tsdb/read/series_reader.h"

#include <algorithm>
#include <bit>

namespace meerkat::tsdb {

namespace {

// Opened blocks and their inflated sections that one reader keeps at hand.
constexpr std::size_t kMaxOpenBytes = 64 << 20;

// Looking for series in the directory of a part: it may have to be read first.
constexpr std::uint64_t kPartNanoseconds = 20'000;
constexpr std::uint64_t kSeriesNanoseconds = 50;

std::string NameOf(const Part& part) {
  return "part " + std::to_string(part.info().number);
}

Error Damage(const Part& part, std::uint32_t block, Error error) {
  return std::move(error).Within(NameOf(part) + ", block " + std::to_string(block));
}

}  // namespace

SeriesPlaces PlacesOfMany::operator[](std::size_t index) const {
  const Ends begin = index == 0 ? Ends{} : ends_[index - 1];
  const Ends& end = ends_[index];
  return {end.series, std::span(parts_).subspan(begin.parts, end.parts - begin.parts),
          std::span(tails_).subspan(begin.tails, end.tails - begin.tails),
          std::span(loose_).subspan(begin.loose, end.loose - begin.loose),
          end.newest > begin.newest ? &newest_[begin.newest] : nullptr};
}

Result<PlacesOfMany> Finder::Places(std::span<const SeriesId> ids, bool newest) {
  PlacesOfMany found;
  found.ends_.resize(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) found.ends_[i].series = ids[i];
  // The head knows nothing of what was deleted: there any sample may be the newest that is left.
  newest = newest && view_.tombstones->empty();
  const std::vector<std::uint32_t> open = AddHeads(ids, newest, found);
  if (open.empty()) return found;
  if (auto added = AddParts(ids, open, found); !added) return std::move(added).error();
  return found;
}

Result<> Finder::AddParts(std::span<const SeriesId> ids, std::span<const std::uint32_t> positions,
                          PlacesOfMany& found) {
  std::vector<SeriesId> some;
  std::span<const SeriesId> asked = ids;
  if (positions.size() < ids.size()) {
    some.reserve(positions.size());
    for (const std::uint32_t position : positions) some.push_back(ids[position]);
    asked = some;
  }
  struct InBlock {
    std::uint32_t series;
    SeriesPlaces::InPart in;
  };
  std::vector<InBlock> in_blocks;
  for (std::uint32_t p = 0; p < view_.parts.size(); ++p) {
    const Part& part = *view_.parts[p];
    if (!part.info().range.Overlaps(range_)) continue;
    if (auto ok = interrupt_.Spend(kPartNanoseconds + kSeriesNanoseconds * asked.size()); !ok) {
      return ok;
    }
    auto places = part.Find(asked, range_);
    if (!places) {
      damage_.insert(NameOf(part) + ": " + places.error().message());
      continue;
    }
    for (const Part::Place& place : *places) {
      const std::uint32_t series = positions[place.series];
      in_blocks.push_back({series, {p, place.block}});
      ++found.ends_[series].parts;
    }
  }
  std::uint32_t end = 0;
  for (auto& ends : found.ends_) ends.parts = end += ends.parts;
  found.parts_.resize(in_blocks.size());
  // From behind, each before the one that was put down last: their order stays.
  for (std::size_t i = in_blocks.size(); i-- > 0;) {
    found.parts_[--found.ends_[in_blocks[i].series].parts] = in_blocks[i].in;
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    found.ends_[i].parts = i + 1 < ids.size() ? found.ends_[i + 1].parts : end;
  }
  return {};
}

Finder::End Finder::EndOf(SeriesId series, Timestamp others, SeriesPlaces::Newest& newest) const {
  const Slot* slot = slot_of_(series);
  if (slot == nullptr) return End::kUnknown;
  const auto end = view_.open->PlainEnd(*slot, series);
  if (!end || FromMillis(*end) <= others || FromMillis(*end) > range_.max) return End::kUnknown;
  if (FromMillis(*end) < range_.min) return End::kBefore;
  // A batch on its way to the journal is in the slots already, first with its time.
  newest = {FromMillis(*end), std::bit_cast<double>(slot->last_value.load())};
  return slot->last_time.load() == *end ? End::kWithin : End::kUnknown;
}

std::vector<std::uint32_t> Finder::AddHeads(std::span<const SeriesId> ids, bool newest,
                                            PlacesOfMany& found) const {
  std::vector<std::uint32_t> open;
  ReaderLock lock(live_.mu);
  std::vector<const Generation*> generations;
  Timestamp others = Timestamp::min();  // up to here other places may have newer ones
  const auto consider = [&](const Generation& generation) {
    if (generation.empty() || !generation.range().Overlaps(range_)) return;
    generations.push_back(&generation);
    if (generation.closed()) others = std::max(others, generation.range().max);
  };
  for (const auto& generation : view_.closed) consider(*generation);
  consider(*view_.open);
  for (const auto& part : view_.parts) {
    if (part->info().range.Overlaps(range_)) others = std::max(others, part->info().range.max);
  }
  std::vector<TailCopy> tails;
  if (!newest) {
    open.reserve(ids.size());
    if (!generations.empty()) found.tails_.reserve(ids.size());
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto& ends = found.ends_[i];
    SeriesPlaces::Newest sample;
    const End end = newest ? EndOf(ids[i], others, sample) : End::kUnknown;
    if (end == End::kUnknown) {
      open.push_back(static_cast<std::uint32_t>(i));
      AddTails(ids[i], generations, tails, found);
    } else if (end == End::kWithin) {
      found.newest_.push_back(sample);
    }
    ends.tails = static_cast<std::uint32_t>(found.tails_.size());
    ends.loose = static_cast<std::uint32_t>(found.loose_.size());
    ends.newest = static_cast<std::uint32_t>(found.newest_.size());
  }
  return open;
}

void Finder::AddTails(SeriesId series, std::span<const Generation* const> generations,
                      std::vector<TailCopy>& tails, PlacesOfMany& found) const {
  for (const Generation* generation : generations) {
    const Slot* slot = generation->closed() ? nullptr : slot_of_(series);
    tails.clear();
    if (!generation->Copy(series, slot, tails)) continue;
    for (TailCopy& tail : tails) found.tails_.push_back({generation, std::move(tail)});
    if (!generation->has_loose()) continue;
    auto loose = generation->CopyLoose(series);
    if (!loose.empty()) found.loose_.push_back({generation, std::move(loose)});
  }
}

Result<std::vector<bool>> Finder::Present(std::span<const SeriesId> ids) {
  std::vector<bool> present(ids.size());
  std::size_t missing = ids.size();
  const auto set = [&](std::size_t i) {
    missing -= present[i] ? 0 : 1;
    present[i] = true;
  };
  {
    ReaderLock lock(live_.mu);
    const auto look_into = [&](const Generation& generation) {
      if (missing == 0 || generation.empty() || !generation.range().Overlaps(range_)) return;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        if (present[i]) continue;
        const Slot* slot = generation.closed() ? nullptr : slot_of_(ids[i]);
        if (generation.Touches(ids[i], slot, range_)) set(i);
      }
    };
    look_into(*view_.open);
    for (const auto& generation : view_.closed) look_into(*generation);
  }
  for (auto at = view_.parts.rbegin(); at != view_.parts.rend() && missing > 0; ++at) {
    const Part& part = **at;
    if (!part.info().range.Overlaps(range_)) continue;
    if (auto ok = interrupt_.Spend(kPartNanoseconds + kSeriesNanoseconds * ids.size()); !ok) {
      return std::move(ok).error();
    }
    const auto places = part.Find(ids, range_);
    if (!places) {
      damage_.insert(NameOf(part) + ": " + places.error().message());
      continue;
    }
    for (const Part::Place& place : *places) set(place.series);
  }
  return present;
}

SeriesReader::SeriesReader(const LiveView& live, const View& view, TimeRange range)
    : live_(live), view_(view), range_(range), decompressor_(std::make_shared<Decompressor>()) {}
SeriesReader::~SeriesReader() = default;

SeriesReader::Piece& SeriesReader::NextPiece() {
  if (piece_count_ == pieces_.size()) pieces_.emplace_back();
  Piece& piece = pieces_[piece_count_++];
  piece.contiguous = true;
  piece.first_row = 0;
  piece.rows.clear();
  piece.histograms.clear();
  piece.starts.clear();
  return piece;
}

Result<> SeriesReader::ReadBlockPiece(const SeriesPlaces& places, SeriesPlaces::InPart in) {
  const Part& part = *view_.parts[in.part];
  OpenBlock& open = blocks_[std::uint64_t{in.part} << 32 | in.block];
  if (open.block == nullptr) {
    auto block = part.ReadBlock(in.block);
    if (!block) return Damage(part, in.block, std::move(block).error());
    open.block = std::move(*block);
    open.scratch = Block::Scratch(decompressor_);
    blocks_bytes_ += open.block->block->MemoryBytes() * 2;
  }
  const Block& block = *open.block->block;
  const auto index = block.Find(places.series);
  if (!index) return {};
  if (auto read = block.Read(*index, open.scratch, column_); !read) {
    return Damage(part, in.block, std::move(read).error());
  }
  Piece& piece = NextPiece();
  piece.times = open.block->times;
  piece.generation = part.info().last_generation;
  piece.contiguous = column_.every_row;
  piece.rows.swap(column_.rows);
  if (!piece.contiguous && !piece.rows.empty() &&
      piece.rows.back() - piece.rows.front() + 1 == piece.rows.size()) {
    piece.contiguous = true;  // a series that came later or went earlier than its neighbours
    piece.first_row = piece.rows.front();
  }
  piece.values.swap(column_.values);
  piece.histograms.swap(column_.histograms);
  piece.starts.swap(column_.starts);
  ClipPiece(piece);
  return {};
}

Result<> SeriesReader::ReadTailPiece(const Generation& generation, const TailCopy& tail) {
  std::shared_ptr<const Times>& times = columns_[{&generation, tail.column}];
  if (times == nullptr || times->size() < tail.first_row + tail.rows) {
    ReaderLock lock(live_.mu);
    times = generation.CopyColumn(tail.column);
  }
  if (auto decoded = generation.Decode(tail, *times, tail_); !decoded) return decoded;
  Piece& piece = NextPiece();
  piece.times = times;
  piece.generation = generation.number();
  piece.contiguous = tail_.contiguous;
  piece.first_row = tail_.first_row;
  piece.rows.swap(tail_.rows);
  piece.values.swap(tail_.values);
  piece.histograms.swap(tail_.histograms);
  piece.starts.swap(tail_.starts);
  ClipPiece(piece);
  return {};
}

void SeriesReader::ReadLoose(const SeriesPlaces::InLoose& in) {
  auto times = std::make_shared<Times>();
  Piece& piece = NextPiece();
  piece.generation = in.generation->number();
  piece.values.clear();
  bool starts = false;
  for (const Generation::Loose& loose : in.samples) {
    if (loose.histogram != nullptr) {
      piece.histograms.push_back({static_cast<std::uint32_t>(times->size()), loose.histogram});
    }
    times->push_back(FromMillis(loose.time));
    piece.values.push_back(std::bit_cast<double>(loose.value));
    piece.starts.push_back(FromMillis(loose.start));
    starts = starts || loose.start != HeadSample::kNoStart;
  }
  if (!starts) piece.starts.clear();
  piece.times = std::move(times);
  piece.begin = 0;
  piece.end = piece.values.size();
  while (piece.begin < piece.end && piece.TimeOf(piece.begin) < range_.min) ++piece.begin;
  while (piece.begin < piece.end && piece.TimeOf(piece.end - 1) > range_.max) --piece.end;
  if (piece.begin == piece.end) --piece_count_;
}

const SeriesReader::Clip& SeriesReader::ClipOf(const std::shared_ptr<const Times>& times) {
  const auto it = clips_.find(times.get());
  if (it != clips_.end()) return it->second;
  const auto begin = std::lower_bound(times->begin(), times->end(), range_.min);
  const auto end = std::upper_bound(begin, times->end(), range_.max);
  const Clip clip{times, static_cast<std::size_t>(begin - times->begin()),
                  static_cast<std::size_t>(end - times->begin())};
  return clips_.emplace(times.get(), clip).first->second;
}

void SeriesReader::ClipPiece(Piece& piece) {
  const Clip& clip = ClipOf(piece.times);
  if (piece.contiguous) {
    const std::size_t last = piece.first_row + piece.values.size();
    const std::size_t begin = std::max<std::size_t>(clip.begin, piece.first_row);
    const std::size_t end = std::min(clip.end, last);
    piece.begin = begin - piece.first_row;
    piece.end = std::max(begin, end) - piece.first_row;
  } else {
    const auto begin = std::lower_bound(piece.rows.begin(), piece.rows.end(), clip.begin);
    const auto end = std::lower_bound(begin, piece.rows.end(), clip.end);
    piece.begin = static_cast<std::size_t>(begin - piece.rows.begin());
    piece.end = static_cast<std::size_t>(end - piece.rows.begin());
  }
  if (piece.begin >= piece.end) --piece_count_;
}

Result<> SeriesReader::Read(const SeriesPlaces& places, SeriesColumns& out) {
  if (places.newest != nullptr) {
    ReadNewest(*places.newest, out);
    return {};
  }
  piece_count_ = 0;
  Result<> result;
  if (blocks_bytes_ > kMaxOpenBytes) {
    blocks_.clear();
    blocks_bytes_ = 0;
  }
  for (const SeriesPlaces::InPart& in : places.parts) {
    if (auto read = ReadBlockPiece(places, in); !read) result = std::move(read);
  }
  for (const SeriesPlaces::InHead& in : places.tails) {
    if (auto read = ReadTailPiece(*in.generation, in.tail); !read) result = std::move(read);
  }
  for (const SeriesPlaces::InLoose& in : places.loose) ReadLoose(in);
  bool deleted = false;
  if (!view_.tombstones->empty()) {
    deleted_.clear();
    for (std::size_t i = 0; i < piece_count_ && !deleted; ++i) {
      view_.tombstones->RangesFor(places.series, pieces_[i].generation, deleted_);
      deleted = !deleted_.empty();
    }
  }
  if (!deleted && Ordered()) {
    Concatenate(out);
  } else {
    Merge(places.series, out);
  }
  return result;
}

void SeriesReader::ReadNewest(const SeriesPlaces::Newest& newest, SeriesColumns& out) {
  // Whoever is done with the one before gave it back: then it is made over.
  out.times.reset();
  if (newest_times_ == nullptr || newest_times_->front() != newest.time) {
    if (newest_times_.use_count() == 1) {
      newest_times_->front() = newest.time;
    } else {
      newest_times_ = std::make_shared<Times>(1, newest.time);
    }
  }
  out.times = newest_times_;
  out.values.assign(1, newest.value);
  out.histograms.clear();
  out.starts.clear();
}

// Whether the pieces follow one another in time, without gaps inside.
bool SeriesReader::Ordered() const {
  const auto begin = pieces_.begin();
  for (std::size_t i = 0; i < piece_count_; ++i) {
    const Piece& piece = begin[static_cast<std::ptrdiff_t>(i)];
    if (!piece.contiguous) return false;
    if (i > 0) {
      const Piece& before = begin[static_cast<std::ptrdiff_t>(i - 1)];
      if (before.TimeOf(before.end - 1) >= piece.TimeOf(piece.begin)) return false;
    }
  }
  return true;
}

std::shared_ptr<const SeriesReader::Times> SeriesReader::SharedTimes() {
  static const auto kEmpty = std::make_shared<const Times>();
  if (piece_count_ == 0) return kEmpty;
  const Piece& first = pieces_[0];
  if (piece_count_ == 1 && first.first_row + first.begin == 0 &&
      first.first_row + first.end == first.times->size()) {
    return first.times;
  }
  key_.clear();
  for (std::size_t i = 0; i < piece_count_; ++i) {
    const Piece& piece = pieces_[i];
    key_.push_back(reinterpret_cast<std::uintptr_t>(piece.times.get()));
    key_.push_back(std::uint64_t{piece.first_row + piece.begin} << 32 |
                   (piece.first_row + piece.end));
  }
  if (key_ == last_key_) return last_glued_;
  Glued& glued = glued_[key_];
  if (glued.times == nullptr) {
    auto times = std::make_shared<Times>();
    for (std::size_t i = 0; i < piece_count_; ++i) {
      const Piece& piece = pieces_[i];
      const auto begin = piece.times->begin() + piece.first_row;
      times->insert(times->end(), begin + static_cast<std::ptrdiff_t>(piece.begin),
                    begin + static_cast<std::ptrdiff_t>(piece.end));
      glued.from.push_back(piece.times);
    }
    glued.times = std::move(times);
  }
  last_key_.swap(key_);
  last_glued_ = glued.times;
  return glued.times;
}

void SeriesReader::Concatenate(SeriesColumns& out) {
  out.times = SharedTimes();
  out.values.clear();
  out.histograms.clear();
  out.starts.clear();
  if (piece_count_ == 1 && pieces_[0].begin == 0 && pieces_[0].end == pieces_[0].values.size()) {
    out.values.swap(pieces_[0].values);
    out.histograms.swap(pieces_[0].histograms);
    out.starts.swap(pieces_[0].starts);
    return;
  }
  for (std::size_t i = 0; i < piece_count_; ++i) {
    const Piece& piece = pieces_[i];
    const std::size_t at = out.values.size();
    const auto begin = static_cast<std::ptrdiff_t>(piece.begin);
    const auto end = static_cast<std::ptrdiff_t>(piece.end);
    out.values.insert(out.values.end(), piece.values.begin() + begin, piece.values.begin() + end);
    for (const auto& [index, histogram] : piece.histograms) {
      if (index < piece.begin || index >= piece.end) continue;
      out.histograms.push_back({static_cast<std::uint32_t>(at + index - piece.begin), histogram});
    }
    if (!piece.starts.empty()) {
      out.starts.resize(at, kMinTime);
      out.starts.insert(out.starts.end(), piece.starts.begin() + begin, piece.starts.begin() + end);
    }
  }
  if (!out.starts.empty()) out.starts.resize(out.values.size(), kMinTime);
}

void SeriesReader::Merge(SeriesId series, SeriesColumns& out) {
  struct Sample {
    Timestamp time;
    const Piece* piece;
    std::uint32_t index;
  };
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < piece_count_; ++i) {
    const Piece& piece = pieces_[i];
    deleted_.clear();
    view_.tombstones->RangesFor(series, piece.generation, deleted_);
    for (std::size_t s = piece.begin; s < piece.end; ++s) {
      const Timestamp time = piece.TimeOf(s);
      const auto holds = [&](const TimeRange& range) { return range.Contains(time); };
      if (std::any_of(deleted_.begin(), deleted_.end(), holds)) continue;
      samples.push_back({time, &piece, static_cast<std::uint32_t>(s)});
    }
  }
  const auto by_time = [](const Sample& a, const Sample& b) {
    return a.time != b.time ? a.time < b.time : a.piece->generation < b.piece->generation;
  };
  // Of samples at one time the one that came first stays.
  if (!std::is_sorted(samples.begin(), samples.end(), by_time)) {
    std::stable_sort(samples.begin(), samples.end(), by_time);
  }
  const auto same_time = [](const Sample& a, const Sample& b) { return a.time == b.time; };
  samples.erase(std::unique(samples.begin(), samples.end(), same_time), samples.end());
  auto times = std::make_shared<Times>();
  times->reserve(samples.size());
  out.values.clear();
  out.histograms.clear();
  out.starts.clear();
  for (const Sample& sample : samples) {
    const Piece& piece = *sample.piece;
    const auto at = static_cast<std::uint32_t>(times->size());
    times->push_back(sample.time);
    out.values.push_back(piece.values[sample.index]);
    if (!piece.histograms.empty()) {
      const auto it = std::lower_bound(
          piece.histograms.begin(), piece.histograms.end(), sample.index,
          [](const SeriesColumns::HistogramAt& a, std::uint32_t b) { return a.index < b; });
      if (it != piece.histograms.end() && it->index == sample.index) {
        out.histograms.push_back({at, it->histogram});
      }
    }
    if (!piece.starts.empty()) {
      out.starts.resize(at, kMinTime);
      out.starts.push_back(piece.starts[sample.index]);
    }
  }
  if (!out.starts.empty()) out.starts.resize(samples.size(), kMinTime);
  out.times = std::move(times);
}

}  // namespace meerkat::tsdb
