#include "tsdb/chunk/block.h"

#include <algorithm>
#include <cassert>

#include "tsdb/chunk/bytes.h"
#include "tsdb/chunk/times.h"

// block   := magic: u8 (0xB7), version: u8 (1), raw: varint, stored: varint, checksum: u32,
//            head: u8[stored >> 1], section*
//            `raw` is the head's size, compressed when the low bit of `stored` is set; the checksum
//            is that of the stored head
// head    := rows: varint, times: sized, series: varint, ids, lengths, sections: varint, entry*
// ids     := first: varint, (gap - 1: varint)*
// lengths := varint for each series: the bytes of its column
// entry   := series: varint, stored: varint, checksum: u32     as for the head; raw is the sum
// section := columns one after the other, compressed when the low bit of `stored` is set
namespace meerkat::tsdb {
namespace {

constexpr std::uint8_t kMagic = 0xB7;
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxHead = std::size_t{64} << 20;
constexpr std::size_t kMaxSectionBytes = std::size_t{256} << 20;

Error Corrupt(std::string_view what) {
  return {Code::kCorruption, "block: " + std::string(what)};
}

}  // namespace

void BlockBuilder::Begin(std::span<const Timestamp> times) {
  assert(times.size() <= kMaxRows);
  times_.assign(times.begin(), times.end());
  series_.clear();
  sections_.clear();
  stored_.clear();
  open_.clear();
  open_series_ = 0;
  raw_bytes_ = 0;
}

void BlockBuilder::Add(std::uint64_t id, const ColumnView& column) {
  const std::size_t begin = open_.size();
  EncodeColumn(times_.size(), column, open_);
  CloseColumn(id, begin);
}

void BlockBuilder::AddEncoded(std::uint64_t id, std::string_view column) {
  const std::size_t begin = open_.size();
  open_ += column;
  CloseColumn(id, begin);
}

void BlockBuilder::CloseColumn(std::uint64_t id, std::size_t begin) {
  assert(series_.empty() || series_.back().id < id);
  assert(series_.size() < kMaxSeries);
  series_.push_back({id, static_cast<std::uint32_t>(open_.size() - begin)});
  ++open_series_;
  raw_bytes_ += open_.size() - begin;
  if (open_.size() >= options_.section_bytes) CloseSection();
}

void BlockBuilder::CloseSection() {
  if (open_series_ == 0) return;
  const std::size_t begin = stored_.size();
  bool compressed = false;
  if (options_.zstd_level > 0) {
    compressor_.Compress(open_, options_.zstd_level, stored_);
    compressed = stored_.size() - begin < open_.size();
    if (!compressed) stored_.resize(begin);
  }
  if (!compressed) stored_ += open_;
  const std::string_view section = std::string_view(stored_).substr(begin);
  sections_.push_back(
      {open_series_, static_cast<std::uint32_t>(section.size()), Checksum(section), compressed});
  open_.clear();
  open_series_ = 0;
}

std::string BlockBuilder::Finish() {
  CloseSection();
  std::string head;
  std::string times;
  EncodeTimes(times_, times);
  PutVarint(times_.size(), head);
  PutVarint(times.size(), head);
  head += times;
  PutVarint(series_.size(), head);
  std::uint64_t next = 0;
  for (const Series& series : series_) {
    PutVarint(series.id - next, head);
    next = series.id + 1;
  }
  for (const Series& series : series_) PutVarint(series.bytes, head);
  PutVarint(sections_.size(), head);
  for (const Section& section : sections_) {
    PutVarint(section.series, head);
    PutVarint(std::uint64_t{section.stored_bytes} << 1 | (section.compressed ? 1U : 0U), head);
    PutLittle(section.checksum, head);
  }

  std::string packed;
  if (options_.zstd_level > 0) compressor_.Compress(head, options_.zstd_level, packed);
  const bool compressed = !packed.empty() && packed.size() < head.size();
  const std::string& stored = compressed ? packed : head;

  std::string block;
  block.reserve(20 + stored.size() + stored_.size());
  PutByte(kMagic, block);
  PutByte(kVersion, block);
  PutVarint(head.size(), block);
  PutVarint(stored.size() << 1 | (compressed ? 1U : 0U), block);
  PutLittle(Checksum(stored), block);
  block += stored;
  block += stored_;
  Begin({});
  return block;
}

Block::Block() : identity_(std::make_shared<const Identity>()) {}

Result<std::shared_ptr<const Block>> Block::Open(std::string bytes) {
  std::shared_ptr<Block> block(new Block);
  block->bytes_ = std::move(bytes);
  std::string reason;
  if (!block->Parse(reason)) return Corrupt(reason);
  return std::shared_ptr<const Block>(std::move(block));
}

bool Block::Parse(std::string& reason) {
  ByteReader reader(bytes_);
  std::uint8_t magic;
  std::uint8_t version;
  if (!reader.Byte(magic) || magic != kMagic || !reader.Byte(version)) {
    reason = "this is no block";
    return false;
  }
  if (version != kVersion) {
    reason = "version " + std::to_string(version) + " is not known here";
    return false;
  }
  std::uint64_t raw;
  std::uint64_t stored;
  std::uint32_t checksum;
  std::string_view head;
  reason = "the directory is cut short";
  if (!reader.Varint(raw, kMaxHead) || !reader.Varint(stored) || !reader.Little(checksum) ||
      !reader.Bytes(stored >> 1, head)) {
    return false;
  }
  reason = "the directory does not fit its checksum";
  if (Checksum(head) != checksum) return false;
  reason = "the directory does not decode";
  std::string inflated;
  if ((stored & 1) != 0) {
    Decompressor decompressor;
    if (!decompressor.Decompress(head, raw, inflated)) return false;
    head = inflated;
  } else if (raw != head.size()) {
    return false;
  }
  return ParseHead(head, bytes_.size() - reader.left());
}

bool Block::ParseHead(std::string_view head, std::size_t sections_begin) {
  ByteReader reader(head);
  std::uint64_t rows;
  std::uint64_t size;
  std::string_view times;
  if (!reader.Varint(rows, BlockBuilder::kMaxRows) || !reader.Varint(size) ||
      !reader.Bytes(size, times)) {
    return false;
  }
  auto decoded = std::make_shared<Times>(rows);
  if (!DecodeTimes(times, *decoded).ok()) return false;
  if (!std::is_sorted(decoded->begin(), decoded->end())) return false;
  times_ = std::move(decoded);

  std::uint64_t series;
  if (!reader.Varint(series, std::min(BlockBuilder::kMaxSeries, reader.left() / 2))) return false;
  ids_.reserve(series);
  std::uint64_t next = 0;
  for (std::uint64_t i = 0; i < series; ++i) {
    std::uint64_t gap;
    if (!reader.Varint(gap) || next + gap < next || (i > 0 && next == 0)) return false;
    ids_.push_back(next + gap);
    next += gap + 1;
  }
  std::vector<std::uint64_t> lengths(series);
  for (std::uint64_t& length : lengths) {
    if (!reader.Varint(length, kMaxSectionBytes)) return false;
  }
  std::uint64_t sections;
  if (!reader.Varint(sections, reader.left() / 6)) return false;
  sections_.reserve(sections);
  ends_.reserve(series);
  std::size_t offset = sections_begin;
  for (std::uint64_t i = 0; i < sections; ++i) {
    std::uint64_t members;
    std::uint64_t stored;
    std::uint32_t checksum;
    const std::size_t first = ends_.size();
    if (!reader.Varint(members, series - first) || !reader.Varint(stored) ||
        !reader.Little(checksum) || stored >> 1 > bytes_.size() - offset) {
      return false;
    }
    std::uint64_t raw = 0;
    for (std::uint64_t m = 0; m < members; ++m) {
      raw += lengths[first + m];
      if (raw > kMaxSectionBytes) return false;
      ends_.push_back(static_cast<std::uint32_t>(raw));
    }
    const bool compressed = (stored & 1) != 0;
    if (!compressed && raw != stored >> 1) return false;
    sections_.push_back({static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(raw), offset,
                         static_cast<std::uint32_t>(stored >> 1), checksum, compressed});
    offset += stored >> 1;
  }
  return ends_.size() == series && reader.left() == 0 && offset == bytes_.size();
}

std::optional<std::size_t> Block::Find(std::uint64_t id) const {
  const auto at = std::lower_bound(ids_.begin(), ids_.end(), id);
  if (at == ids_.end() || *at != id) return std::nullopt;
  return static_cast<std::size_t>(at - ids_.begin());
}

Result<std::string_view> Block::SectionBytes(std::size_t index, Scratch& scratch) const {
  const Section& section = sections_[index];
  const std::string_view stored =
      std::string_view(bytes_).substr(section.offset, section.stored_bytes);
  const bool known = scratch.owner_ == identity_ && scratch.section_ == index;
  if (known) return section.compressed ? std::string_view(scratch.bytes_) : stored;
  if (section.checked) return stored;
  if (Checksum(stored) != section.checksum) return Corrupt("a section does not fit its checksum");
  scratch.owner_ = nullptr;
  if (section.compressed &&
      !scratch.decompressor_->Decompress(stored, section.raw_bytes, scratch.bytes_)) {
    return Corrupt("a section does not decompress");
  }
  scratch.owner_ = identity_;
  scratch.section_ = index;
  return section.compressed ? std::string_view(scratch.bytes_) : stored;
}

Result<> Block::Read(std::size_t index, Scratch& scratch, Column& column) const {
  const auto after = std::upper_bound(
      sections_.begin(), sections_.end(), index,
      [](std::size_t i, const Section& section) { return i < section.first_series; });
  const auto section = static_cast<std::size_t>(after - sections_.begin()) - 1;
  auto bytes = SectionBytes(section, scratch);
  if (!bytes) return std::move(bytes).error();
  const std::size_t begin = index == sections_[section].first_series ? 0 : ends_[index - 1];
  return DecodeColumn(bytes->substr(begin, ends_[index] - begin), row_count(), column);
}

Result<> Block::Verify() const {
  Scratch scratch;
  Column column;
  for (std::size_t i = 0; i < series_count(); ++i) {
    auto read = Read(i, scratch, column);
    if (!read) return std::move(read).error().Within("series " + std::to_string(ids_[i]));
  }
  return {};
}

Result<std::shared_ptr<const Block>> Block::Inflated() const {
  const auto is_checked = [](const Section& section) { return section.checked; };
  if (std::all_of(sections_.begin(), sections_.end(), is_checked)) return {nullptr};
  std::shared_ptr<Block> block(new Block);
  std::size_t bytes = 0;
  for (const Section& section : sections_) bytes += section.raw_bytes;
  block->bytes_.reserve(bytes);
  Scratch scratch;
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    auto inflated = SectionBytes(i, scratch);
    if (!inflated) return std::move(inflated).error();
    Section section = sections_[i];
    section.offset = block->bytes_.size();
    section.stored_bytes = static_cast<std::uint32_t>(inflated->size());
    section.compressed = false;
    section.checked = true;
    block->sections_.push_back(section);
    block->bytes_ += *inflated;
  }
  block->times_ = times_;
  block->ids_ = ids_;
  block->ends_ = ends_;
  return std::shared_ptr<const Block>(std::move(block));
}

std::size_t Block::MemoryBytes() const {
  return sizeof(Block) + bytes_.capacity() + times_->capacity() * sizeof(Timestamp) +
         ids_.capacity() * sizeof(ids_[0]) + ends_.capacity() * sizeof(ends_[0]) +
         sections_.capacity() * sizeof(Section);
}

}  // namespace meerkat::tsdb
