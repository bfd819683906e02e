#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "tsdb/chunk/bytes.h"
#include "tsdb/chunk/frame.h"
#include "tsdb/index/index.h"

// What a segment of the attic is made of, as bytes (tsdb/FORMAT.md, "Attic segments"). No IO.
namespace meerkat::tsdb {

enum class SheetKind : std::uint8_t {
  kLabels = 'L',     // rows: ids and labels; the only sheets that are not derived from others
  kValues = 'V',     // values of one label name, and their rows
  kDirectory = 'D',  // label names, and where to look for values and labels
  kFilter = 'F',     // which labels are surely not in the segment
  kIds = 'I',        // the ids of all rows, ascending
};

// Frames the bytes of a sheet: kind, version, checksum, zstd where it pays.
std::string SealSheet(SheetKind kind, std::string_view body, Compressor& compressor);
// kCorruption for anything that SealSheet did not make of this kind.
Result<std::string> OpenSheet(SheetKind kind, std::string_view bytes);

inline constexpr std::uint32_t kSheetRows = 256;  // of a label sheet, the last one has the rest

// Rows in label order, each by what differs from the one before.
class LabelSheetBuilder {
 public:
  void Add(const Labels& labels, SeriesId id);
  std::size_t rows() const { return ids_.size(); }
  std::string Finish();  // the sheet's body; empty again afterwards

 private:
  std::map<std::string, std::uint64_t, std::less<>> names_;
  std::string names_bytes_;
  std::string rows_bytes_;
  Labels before_;
  std::vector<std::int64_t> ids_;
};

// Walks over the rows of a label sheet. `body` must outlive it.
class LabelRows {
 public:
  explicit LabelRows(std::string_view body);
  bool ok() const { return ok_; }  // false: bytes that LabelSheetBuilder did not write
  const std::vector<SeriesId>& ids() const { return ids_; }
  bool Next();  // false: the end, or not ok()
  // Of the row; views are valid until Next.
  Labels labels() const;
  std::size_t size() const { return count_; }
  std::string_view name(std::size_t i) const { return pairs_[i].name; }
  std::string_view Get(std::string_view name) const;  // "" when absent
  bool Is(const Labels& labels) const;

 private:
  struct Pair {
    std::string_view name;
    std::string value;
  };
  ByteReader reader_;
  bool ok_ = false;
  std::vector<std::string_view> names_;
  std::vector<SeriesId> ids_;
  std::size_t next_ = 0;
  std::vector<Pair> pairs_;  // the first count_ are the row's
  std::size_t count_ = 0;
};

// Values ascend; `rows` ascend, each below `bound`.
class ValueSheetBuilder {
 public:
  void Add(std::string_view value, std::span<const std::uint32_t> rows, std::size_t bound);
  std::size_t bytes() const { return body_.size(); }
  std::string Finish();

 private:
  std::string body_;
  std::string before_;
};

class ValueEntries {
 public:
  explicit ValueEntries(std::string_view body) : reader_(body) {}
  bool ok() const { return ok_; }
  bool Next();  // false: the end, or not ok()
  std::string_view value() const { return value_; }
  bool Rows(std::size_t bound, std::vector<std::uint32_t>& rows) const;  // replaces `rows`

 private:
  ByteReader reader_;
  bool ok_ = true;
  std::string value_;
  std::string_view rows_;
};

struct SegmentDirectory {
  struct Name {
    std::string text;
    std::vector<std::uint32_t> rows;  // that have the name, as runs: first, behind the last, ...
    std::uint32_t first_sheet = 0;    // of its value sheets
    std::vector<std::string> first_values;  // of each of them
  };
  std::uint32_t rows = 0;
  std::vector<Name> names;           // ascending
  std::vector<Labels> first_labels;  // of each label sheet

  const Name* Find(std::string_view name) const;
  std::size_t HeapBytes() const;
  std::string Encode() const;
  static Result<SegmentDirectory> Decode(std::string_view body);
};

// A Bloom filter over hashes of labels: about ten bits a row, one in a hundred false yes.
class LabelFilter {
 public:
  LabelFilter() = default;  // says yes to all
  explicit LabelFilter(std::span<const std::uint64_t> hashes);
  bool MayHold(std::uint64_t hash) const;
  std::size_t HeapBytes() const { return words_.capacity() * sizeof(std::uint64_t); }
  std::string Encode() const;
  static Result<LabelFilter> Decode(std::string_view body);

 private:
  std::vector<std::uint64_t> words_;
};

std::string EncodeIds(std::span<const SeriesId> ids);  // ascending
Result<std::vector<SeriesId>> DecodeIds(std::string_view body);

}  // namespace meerkat::tsdb
