#include "tsdb/attic/sheet.h"

#include <algorithm>

#include "tsdb/chunk/ints.h"
#include "tsdb/chunk/positions.h"

namespace meerkat::tsdb {

namespace {

constexpr std::uint8_t kMagic = 0xA7;
constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kMaxBody = 64 << 20;
constexpr int kZstdLevel = 3;
constexpr unsigned kFilterProbes = 6;
constexpr std::size_t kFilterBits = 10;  // a row

Error Damaged(const char* what) {
  return Error(Code::kCorruption, std::string("attic: ") + what);
}

void PutText(std::string_view text, std::string& out) {
  PutVarint(text.size(), out);
  out.append(text);
}
bool TakeText(ByteReader& reader, std::string_view& text) {
  std::uint64_t size;
  return reader.Varint(size, reader.left()) && reader.Bytes(size, text);
}
std::size_t SharedStart(std::string_view a, std::string_view b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(end.first - a.begin());
}

bool TakeIds(ByteReader& reader, std::size_t count, std::vector<SeriesId>& ids) {
  ids.clear();
  bool fits = true;
  const bool decoded =
      DecodeInts(reader, count, [&](std::size_t, std::span<const std::int64_t> values) {
        for (const std::int64_t value : values) {
          fits = fits && value >= 0 && value < 0xffffffff;
          ids.push_back(static_cast<SeriesId>(value));
        }
      });
  return decoded && fits;
}

}  // namespace

std::string SealSheet(SheetKind kind, std::string_view body, Compressor& compressor) {
  std::string framed;
  compressor.Compress(body, kZstdLevel, framed);
  const bool packed = framed.size() < body.size();
  const std::string_view stored = packed ? std::string_view(framed) : body;
  std::string out;
  PutByte(kMagic, out);
  PutByte(kVersion, out);
  PutByte(static_cast<std::uint8_t>(kind), out);
  PutVarint(body.size(), out);
  PutVarint(stored.size() << 1 | (packed ? 1 : 0), out);
  PutLittle(Checksum(stored), out);
  out.append(stored);
  return out;
}

Result<std::string> OpenSheet(SheetKind kind, std::string_view bytes) {
  ByteReader reader(bytes);
  std::uint8_t magic;
  std::uint8_t version;
  std::uint8_t found;
  std::uint64_t raw;
  std::uint64_t stored;
  std::uint32_t checksum;
  std::string_view body;
  if (!reader.Byte(magic) || magic != kMagic) return Damaged("not a sheet");
  if (!reader.Byte(version) || version != kVersion) return Damaged("sheet of another version");
  if (!reader.Byte(found) || found != static_cast<std::uint8_t>(kind)) {
    return Damaged("sheet of another kind");
  }
  if (!reader.Varint(raw, kMaxBody) || !reader.Varint(stored) || !reader.Little(checksum) ||
      stored >> 1 != reader.left() || !reader.Bytes(reader.left(), body)) {
    return Damaged("sheet ends early");
  }
  if (Checksum(body) != checksum) return Damaged("sheet with a wrong checksum");
  if ((stored & 1) == 0) {
    if (raw != body.size()) return Damaged("sheet of another size");
    return std::string(body);
  }
  std::string out;
  if (!Decompressor().Decompress(body, raw, out)) return Damaged("sheet does not inflate");
  return out;
}

void LabelSheetBuilder::Add(const Labels& labels, SeriesId id) {
  std::size_t same = 0;
  while (same < labels.size() && same < before_.size() && labels[same] == before_[same]) ++same;
  PutVarint(same, rows_bytes_);
  PutVarint(labels.size() - same, rows_bytes_);
  for (std::size_t i = same; i < labels.size(); ++i) {
    const Label label = labels[i];
    auto name = names_.find(label.name);
    if (name == names_.end()) {
      name = names_.emplace(label.name, names_.size()).first;
      PutText(label.name, names_bytes_);
    }
    const std::size_t shared = i < before_.size() ? SharedStart(label.value, before_[i].value) : 0;
    PutVarint(name->second, rows_bytes_);
    PutVarint(shared, rows_bytes_);
    PutText(label.value.substr(shared), rows_bytes_);
  }
  before_ = labels;
  ids_.push_back(id);
}

std::string LabelSheetBuilder::Finish() {
  std::string body;
  PutVarint(names_.size(), body);
  body += names_bytes_;
  PutVarint(ids_.size(), body);
  EncodeInts(ids_, body);
  body += rows_bytes_;
  *this = {};
  return body;
}

LabelRows::LabelRows(std::string_view body) : reader_(body) {
  std::uint64_t names;
  if (!reader_.Varint(names, reader_.left())) return;
  names_.resize(names);
  for (std::string_view& name : names_) {
    if (!TakeText(reader_, name)) return;
  }
  std::uint64_t rows;
  if (!reader_.Varint(rows, kSheetRows) || !TakeIds(reader_, rows, ids_)) return;
  ok_ = true;
}

bool LabelRows::Next() {
  if (!ok_ || next_ == ids_.size()) return false;
  ok_ = false;
  std::uint64_t same;
  std::uint64_t more;
  if (!reader_.Varint(same, count_) || !reader_.Varint(more, reader_.left())) return false;
  const std::size_t before = count_;
  count_ = same + more;
  if (pairs_.size() < count_) pairs_.resize(count_);
  for (std::size_t i = same; i < count_; ++i) {
    std::uint64_t name;
    std::uint64_t shared;
    std::string_view rest;
    if (!reader_.Varint(name) || name >= names_.size()) return false;
    if (!reader_.Varint(shared, i < before ? pairs_[i].value.size() : 0)) return false;
    if (!TakeText(reader_, rest)) return false;
    pairs_[i].name = names_[name];
    pairs_[i].value.resize(shared);
    pairs_[i].value += rest;
  }
  ++next_;
  ok_ = true;
  return true;
}

Labels LabelRows::labels() const {
  std::vector<Label> labels(count_);
  for (std::size_t i = 0; i < count_; ++i) labels[i] = {pairs_[i].name, pairs_[i].value};
  return Labels::From(std::move(labels));
}

std::string_view LabelRows::Get(std::string_view name) const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (pairs_[i].name == name) return pairs_[i].value;
  }
  return {};
}

bool LabelRows::Is(const Labels& labels) const {
  if (labels.size() != count_) return false;
  for (std::size_t i = 0; i < count_; ++i) {
    if (labels[i] != Label{pairs_[i].name, pairs_[i].value}) return false;
  }
  return true;
}

void ValueSheetBuilder::Add(std::string_view value, std::span<const std::uint32_t> rows,
                            std::size_t bound) {
  const std::size_t shared = SharedStart(value, before_);
  PutVarint(shared, body_);
  PutText(value.substr(shared), body_);
  std::string positions;
  PutPositions(rows, bound, positions);
  PutText(positions, body_);
  before_ = value;
}

std::string ValueSheetBuilder::Finish() {
  std::string body = std::move(body_);
  *this = {};
  return body;
}

bool ValueEntries::Next() {
  if (!ok_ || reader_.left() == 0) return false;
  std::uint64_t shared;
  std::string_view rest;
  ok_ = reader_.Varint(shared, value_.size()) && TakeText(reader_, rest);
  if (!ok_) return false;
  value_.resize(shared);
  value_ += rest;
  ok_ = TakeText(reader_, rows_);
  return ok_;
}

bool ValueEntries::Rows(std::size_t bound, std::vector<std::uint32_t>& rows) const {
  ByteReader reader(rows_);
  return GetPositions(reader, bound, rows) && reader.left() == 0;
}

const SegmentDirectory::Name* SegmentDirectory::Find(std::string_view name) const {
  const auto it = std::lower_bound(names.begin(), names.end(), name,
                                   [](const Name& a, std::string_view b) { return a.text < b; });
  return it == names.end() || it->text != name ? nullptr : &*it;
}

std::size_t SegmentDirectory::HeapBytes() const {
  std::size_t bytes = 0;
  for (const Name& name : names) {
    bytes += sizeof(Name) + name.rows.size() * sizeof(std::uint32_t);
    for (const std::string& value : name.first_values) bytes += sizeof(value) + value.size();
  }
  for (const Labels& labels : first_labels) {
    bytes += 64;
    for (const Label label : labels) bytes += 8 + label.name.size() + label.value.size();
  }
  return bytes;
}

std::string SegmentDirectory::Encode() const {
  std::string body;
  PutVarint(rows, body);
  PutVarint(names.size(), body);
  for (const Name& name : names) {
    PutText(name.text, body);
    PutVarint(name.rows.size() / 2, body);
    std::uint32_t behind = 0;
    for (std::size_t i = 0; i < name.rows.size(); i += 2) {
      PutVarint(name.rows[i] - behind, body);
      PutVarint(name.rows[i + 1] - name.rows[i], body);
      behind = name.rows[i + 1];
    }
    PutVarint(name.first_values.size(), body);
    for (const std::string& value : name.first_values) PutText(value, body);
  }
  PutVarint(first_labels.size(), body);
  for (const Labels& labels : first_labels) {
    PutVarint(labels.size(), body);
    for (const Label label : labels) {
      PutText(label.name, body);
      PutText(label.value, body);
    }
  }
  return body;
}

Result<SegmentDirectory> SegmentDirectory::Decode(std::string_view body) {
  const Error broken = Damaged("directory does not decode");
  ByteReader reader(body);
  SegmentDirectory directory;
  std::uint64_t count;
  std::uint64_t names;
  if (!reader.Varint(count, 0xffffffff) || !reader.Varint(names, reader.left())) return broken;
  directory.rows = static_cast<std::uint32_t>(count);
  std::uint32_t sheets = 0;
  for (std::uint64_t n = 0; n < names; ++n) {
    Name name;
    std::string_view text;
    if (!TakeText(reader, text) || !reader.Varint(count, reader.left())) return broken;
    name.text = text;
    std::uint64_t behind = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      std::uint64_t gap;
      std::uint64_t length;
      if (!reader.Varint(gap, directory.rows) || !reader.Varint(length, directory.rows)) {
        return broken;
      }
      if (behind + gap + length > directory.rows) return broken;
      name.rows.push_back(static_cast<std::uint32_t>(behind + gap));
      behind += gap + length;
      name.rows.push_back(static_cast<std::uint32_t>(behind));
    }
    if (!reader.Varint(count, reader.left())) return broken;
    name.first_sheet = sheets;
    sheets += static_cast<std::uint32_t>(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!TakeText(reader, text)) return broken;
      name.first_values.emplace_back(text);
    }
    directory.names.push_back(std::move(name));
  }
  if (!reader.Varint(count, reader.left())) return broken;
  if (count != (std::uint64_t{directory.rows} + kSheetRows - 1) / kSheetRows) return broken;
  std::vector<Label> labels;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t size;
    if (!reader.Varint(size, reader.left())) return broken;
    labels.assign(size, {});
    for (Label& label : labels) {
      if (!TakeText(reader, label.name) || !TakeText(reader, label.value)) return broken;
    }
    directory.first_labels.push_back(Labels::From(labels));
  }
  if (reader.left() != 0) return broken;
  return directory;
}

namespace {

// Calls probe(bit) for each of the filter's bits of a hash until it returns false.
template <typename Probe>
bool EachProbe(std::uint64_t hash, std::size_t words, Probe&& probe) {
  std::uint64_t state = hash;
  for (unsigned i = 0; i < kFilterProbes; ++i) {
    state = state * 0x9e3779b97f4a7c15ULL + 0x7f4a7c15;
    // The high half scales to the range without a division.
    const std::uint64_t bit = (state >> 32) * (words * 64) >> 32;
    if (!probe(bit)) return false;
  }
  return true;
}

}  // namespace

LabelFilter::LabelFilter(std::span<const std::uint64_t> hashes)
    : words_((hashes.size() * kFilterBits + 63) / 64 + 1) {
  for (const std::uint64_t hash : hashes) {
    EachProbe(hash, words_.size(), [this](std::uint64_t bit) {
      words_[bit / 64] |= std::uint64_t{1} << (bit % 64);
      return true;
    });
  }
}

bool LabelFilter::MayHold(std::uint64_t hash) const {
  if (words_.empty()) return true;
  return EachProbe(hash, words_.size(),
                   [this](std::uint64_t bit) { return (words_[bit / 64] >> (bit % 64) & 1) != 0; });
}

std::string LabelFilter::Encode() const {
  std::string body;
  PutVarint(words_.size(), body);
  for (const std::uint64_t word : words_) PutLittle(word, body);
  return body;
}

Result<LabelFilter> LabelFilter::Decode(std::string_view body) {
  ByteReader reader(body);
  std::uint64_t words;
  if (!reader.Varint(words, reader.left() / 8)) return Damaged("filter does not decode");
  LabelFilter filter;
  filter.words_.resize(words);
  for (std::uint64_t& word : filter.words_) {
    if (!reader.Little(word)) return Damaged("filter does not decode");
  }
  return filter;
}

std::string EncodeIds(std::span<const SeriesId> ids) {
  const std::vector<std::int64_t> values(ids.begin(), ids.end());
  std::string body;
  PutVarint(values.size(), body);
  EncodeInts(values, body);
  return body;
}

Result<std::vector<SeriesId>> DecodeIds(std::string_view body) {
  ByteReader reader(body);
  std::uint64_t count;
  std::vector<SeriesId> ids;
  if (!reader.Varint(count, kMaxBody) || !TakeIds(reader, count, ids) ||
      !std::is_sorted(ids.begin(), ids.end())) {
    return Damaged("ids do not decode");
  }
  return ids;
}

}  // namespace meerkat::tsdb
