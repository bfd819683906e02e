#include "tsdb/import/prometheus_block.h"

#include <algorithm>
#include <string>

#include "tsdb/import/big_endian.h"

// The files as Prometheus documents them in tsdb/docs/format.
namespace meerkat::tsdb {
namespace {

constexpr std::uint32_t kIndexMagic = 0xBAAAD700;
constexpr std::uint32_t kChunksMagic = 0x85BD40DD;
constexpr std::uint32_t kTombstonesMagic = 0x0130BA30;
constexpr std::size_t kTableOfContents = 6 * 8 + 4;
constexpr std::uint64_t kSeriesAlignment = 16;  // of format 2; references count in it

Error Corrupt(std::string_view what) {
  return {Code::kCorruption, std::string(what)};
}

// A section of the index: its length, its bytes, their checksum.
bool ReadSection(std::string_view file, std::uint64_t offset, std::string_view& body) {
  if (offset > file.size()) return false;
  BigReader reader(file.substr(offset));
  std::uint32_t size;
  std::uint32_t checksum;
  return reader.Big32(size) && reader.Bytes(size, body) && reader.Big32(checksum) &&
         Crc32c(body) == checksum;
}

}  // namespace

Result<std::unique_ptr<PrometheusBlock>> PrometheusBlock::Open(
    const std::filesystem::path& directory) {
  std::unique_ptr<PrometheusBlock> block(new PrometheusBlock);
  auto index = MappedFile::Open(directory / "index");
  if (!index) return std::move(index).error();
  block->index_ = std::move(*index);
  for (unsigned number = 1;; ++number) {
    std::string name = std::to_string(number);
    name.insert(0, 6 - std::min<std::size_t>(6, name.size()), '0');
    auto segment = MappedFile::Open(directory / "chunks" / name);
    if (!segment) {
      if (segment.error().code() == Code::kNotFound) break;
      return std::move(segment).error();
    }
    const std::string_view bytes = segment->bytes();
    if (bytes.size() < 8 || LoadBig32(bytes.data()) != kChunksMagic || bytes[4] != 1) {
      return Corrupt(directory.string() + ": chunks/" + name + " is no chunk segment");
    }
    block->segments_.push_back(std::move(*segment));
  }
  if (auto parsed = block->ParseIndex(); !parsed) {
    return std::move(parsed).error().Within(directory.string());
  }
  auto tombstones = MappedFile::Open(directory / "tombstones");
  if (tombstones) {
    if (auto parsed = block->ParseTombstones(tombstones->bytes()); !parsed) {
      return std::move(parsed).error().Within(directory.string());
    }
  } else if (tombstones.error().code() != Code::kNotFound) {
    return std::move(tombstones).error();
  }
  return block;
}

Result<> PrometheusBlock::ParseIndex() {
  const std::string_view file = index_.bytes();
  if (file.size() < 5 + kTableOfContents || LoadBig32(file.data()) != kIndexMagic) {
    return Corrupt("index: this is no index");
  }
  version_ = static_cast<std::uint8_t>(file[4]);
  if (version_ != 1 && version_ != 2) {
    return Corrupt("index: unknown format version " + std::to_string(version_));
  }
  const std::string_view contents = file.substr(file.size() - kTableOfContents);
  if (Crc32c(contents.substr(0, 48)) != LoadBig32(contents.data() + 48)) {
    return Corrupt("index: the table of contents does not fit its checksum");
  }
  const std::uint64_t symbols = LoadBig64(contents.data());
  const std::uint64_t postings_table = LoadBig64(contents.data() + 40);
  if (!ReadSymbols(symbols)) return Corrupt("index: the symbol table does not read");
  if (!ReadPostings(postings_table)) return Corrupt("index: the postings do not read");
  Series series;
  for (std::size_t i = 0; i < series_.size(); ++i) {
    if (!ReadSeries(i, series)) continue;  // named when it is asked for
    for (const Chunk& chunk : series.chunks) {
      range_.min = std::min(range_.min, chunk.range.min);
      range_.max = std::max(range_.max, chunk.range.max);
    }
  }
  return {};
}

bool PrometheusBlock::ReadSymbols(std::uint64_t offset) {
  std::string_view body;
  if (!ReadSection(index_.bytes(), offset, body)) return false;
  BigReader reader(body);
  std::uint32_t count;
  if (!reader.Big32(count) || count > reader.left()) return false;
  if (version_ == 1) return true;  // there series name symbols by their place in the file
  symbols_begin_ = static_cast<std::size_t>(body.data() - index_.bytes().data());
  symbols_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    symbols_.push_back(static_cast<std::uint32_t>(reader.at() - body.data()));
    std::string_view text;
    if (!reader.Text(text)) return false;
  }
  return true;
}

bool PrometheusBlock::Symbol(std::uint64_t reference, std::string_view& text) const {
  const std::string_view file = index_.bytes();
  if (version_ == 2) {
    if (reference >= symbols_.size()) return false;
    reference = symbols_begin_ + symbols_[reference];
  }
  if (reference >= file.size()) return false;
  return BigReader(file.substr(reference)).Text(text);
}

// The list of all series is the one of the pair ""="".
bool PrometheusBlock::ReadPostings(std::uint64_t postings_table) {
  std::string_view table;
  if (!ReadSection(index_.bytes(), postings_table, table)) return false;
  BigReader reader(table);
  std::uint32_t count;
  if (!reader.Big32(count)) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint64_t keys;
    std::string_view name;
    std::string_view value;
    std::uint64_t offset;
    if (!reader.Varint(keys) || keys != 2 || !reader.Text(name) || !reader.Text(value) ||
        !reader.Varint(offset)) {
      return false;
    }
    if (!name.empty() || !value.empty()) continue;
    std::string_view list;
    if (!ReadSection(index_.bytes(), offset, list)) return false;
    BigReader entries(list);
    std::uint32_t size;
    if (!entries.Big32(size) || size > entries.left() / 4) return false;
    series_.reserve(size);
    for (std::uint32_t s = 0; s < size; ++s) {
      std::uint32_t reference;
      if (!entries.Big32(reference)) return false;
      series_.push_back(reference);
    }
    return true;
  }
  return count == 0;
}

Result<> PrometheusBlock::ReadSeries(std::size_t index, Series& series) const {
  series.chunks.clear();
  series.labels = {};
  series.id = series_[index];
  const auto corrupt = [&] {
    return Corrupt("index: series " + std::to_string(series_[index]) + " does not read");
  };
  const std::uint64_t offset = series_[index] * (version_ == 2 ? kSeriesAlignment : 1);
  if (offset >= index_.bytes().size()) return corrupt();
  BigReader entry(index_.bytes().substr(offset));
  std::uint64_t size;
  std::string_view body;
  std::uint32_t checksum;
  if (!entry.Varint(size, entry.left()) || !entry.Bytes(size, body) || !entry.Big32(checksum) ||
      Crc32c(body) != checksum) {
    return corrupt();
  }
  BigReader reader(body);
  std::uint64_t count;
  if (!reader.Varint(count, reader.left())) return corrupt();
  std::vector<Label> labels;
  labels.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t name;
    std::uint64_t value;
    Label& label = labels.emplace_back();
    if (!reader.Varint(name) || !reader.Varint(value) || !Symbol(name, label.name) ||
        !Symbol(value, label.value)) {
      return corrupt();
    }
  }
  series.labels = Labels::From(std::move(labels));
  if (!reader.Varint(count, reader.left())) return corrupt();
  std::int64_t end = 0;
  std::int64_t place = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::int64_t begin = 0;
    std::uint64_t distance = 0;
    std::uint64_t length;
    std::uint64_t first_place = 0;
    std::int64_t step = 0;
    const bool good =
        i == 0 ? reader.Signed(begin) && reader.Varint(length) && reader.Varint(first_place)
               : reader.Varint(distance) && reader.Varint(length) && reader.Signed(step);
    if (!good) return corrupt();
    if (i > 0) begin = static_cast<std::int64_t>(static_cast<std::uint64_t>(end) + distance);
    end = static_cast<std::int64_t>(static_cast<std::uint64_t>(begin) + length);
    place = i == 0 ? static_cast<std::int64_t>(first_place)
                   : static_cast<std::int64_t>(static_cast<std::uint64_t>(place) +
                                               static_cast<std::uint64_t>(step));
    series.chunks.push_back(
        {{FromMillis(begin), FromMillis(end)}, static_cast<std::uint64_t>(place)});
  }
  return {};
}

Result<std::string_view> PrometheusBlock::ChunkBytes(std::uint64_t place,
                                                     std::uint8_t& encoding) const {
  const std::uint64_t segment = place >> 32;
  const std::uint64_t offset = place & 0xFFFFFFFF;
  const auto where = [&] {
    return "chunks/" + std::to_string(segment + 1) + " at " + std::to_string(offset);
  };
  if (segment >= segments_.size() || offset >= segments_[segment].bytes().size()) {
    return Corrupt(where() + ": beyond the end");
  }
  BigReader reader(segments_[segment].bytes().substr(offset));
  std::uint64_t size;
  if (!reader.Varint(size, reader.left())) return Corrupt(where() + ": cut short");
  const char* begin = reader.at();
  std::string_view data;
  std::uint32_t checksum;
  if (!reader.Byte(encoding) || !reader.Bytes(size, data) || !reader.Big32(checksum)) {
    return Corrupt(where() + ": cut short");
  }
  if (Crc32c({begin, size + 1}) != checksum) {
    return Corrupt(where() + ": does not fit its checksum");
  }
  return data;
}

Result<> PrometheusBlock::ReadSamples(const Series& series, TimeRange range,
                                      std::vector<PlainSample>& samples) const {
  Result<> result;
  const std::size_t begin = samples.size();
  for (const Chunk& chunk : series.chunks) {
    if (!chunk.range.Overlaps(range)) continue;
    std::uint8_t encoding = 0;
    auto data = ChunkBytes(chunk.place, encoding);
    const std::size_t before = samples.size();
    Result<> decoded;
    if (data) {
      decoded = DecodePrometheusChunk(encoding, *data, samples);
    } else {
      decoded = std::move(data).error();
    }
    if (decoded) continue;
    samples.resize(before);
    if (result.ok()) result = std::move(decoded).error().Within(series.labels.ToString());
  }
  const auto deleted = tombstones_.find(series.id);
  const auto is_gone = [&](const PlainSample& sample) {
    if (!range.Contains(sample.time)) return true;
    return deleted != tombstones_.end() &&
           std::any_of(deleted->second.begin(), deleted->second.end(),
                       [&](const TimeRange& gone) { return gone.Contains(sample.time); });
  };
  const auto first = samples.begin() + static_cast<std::ptrdiff_t>(begin);
  samples.erase(std::remove_if(first, samples.end(), is_gone), samples.end());
  return result;
}

Result<> PrometheusBlock::ParseTombstones(std::string_view bytes) {
  BigReader header(bytes);
  std::uint32_t magic;
  std::uint8_t version;
  if (bytes.size() < 9 || !header.Big32(magic) || magic != kTombstonesMagic ||
      !header.Byte(version) || version != 1) {
    return Corrupt("tombstones: this is no tombstones file");
  }
  const std::string_view body = bytes.substr(5, bytes.size() - 9);
  if (Crc32c(body) != LoadBig32(bytes.data() + bytes.size() - 4)) {
    return Corrupt("tombstones: the file does not fit its checksum");
  }
  BigReader reader(body);
  while (reader.left() > 0) {
    std::uint64_t series;
    std::int64_t min;
    std::int64_t max;
    if (!reader.Varint(series) || !reader.Signed(min) || !reader.Signed(max)) {
      return Corrupt("tombstones: an entry does not read");
    }
    tombstones_[series].push_back({FromMillis(min), FromMillis(max)});
  }
  return {};
}

}  // namespace meerkat::tsdb
