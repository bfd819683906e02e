#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/matcher.h"
#include "base/mutex.h"
#include "base/result.h"
#include "tsdb/attic/segment_writer.h"
#include "tsdb/attic/sheet.h"
#include "tsdb/index/postings.h"
#include "tsdb/rocks/store.h"
#include "tsdb/storage.h"

namespace meerkat::tsdb {

// Opened sheets, the least recently used ones leave when the budget is spent. Threads: any.
class SheetCache {
 public:
  explicit SheetCache(std::size_t budget_bytes) : budget_(budget_bytes) {}
  struct Key {
    std::uint64_t segment;
    std::uint32_t sheet;
    auto operator<=>(const Key&) const = default;
  };
  struct Sheet {
    std::string body;
    SegmentDirectory directory;  // when it is one
  };
  std::shared_ptr<const Sheet> Find(const Key& key);
  void Insert(const Key& key, std::shared_ptr<const Sheet> sheet, std::size_t bytes);
  void Forget(std::uint64_t segment);

 private:
  struct Entry {
    Key key;
    std::shared_ptr<const Sheet> sheet;
    std::size_t bytes;
  };
  void Drop(std::list<Entry>::iterator entry) REQUIRES(mu_);

  const std::size_t budget_;
  Mutex mu_;
  std::size_t bytes_ GUARDED_BY(mu_) = 0;
  std::list<Entry> entries_ GUARDED_BY(mu_);  // newest first
  std::map<Key, std::list<Entry>::iterator> by_key_ GUARDED_BY(mu_);
};

// A set of rows of a segment.
class RowSet {
 public:
  RowSet(std::uint32_t rows, bool all);
  void AddRun(std::uint32_t first, std::uint32_t behind);
  void Add(std::uint32_t row) { words_[row / 64] |= std::uint64_t{1} << (row % 64); }
  void Keep(const RowSet& other);    // only what is in other, too
  void Remove(const RowSet& other);  // what is in other
  std::vector<std::uint32_t> Rows() const;

 private:
  std::uint32_t rows_;
  std::vector<std::uint64_t> words_;
};

// One immutable file of labels and postings. Rows stand in label order. Only the label sheets hold
// what nothing else does: when another sheet is damaged the answer is found by looking at all
// labels. Threads: any.
class Segment {
 public:
  // `damaged` hears of each sheet that cannot be read, once.
  using Damaged =
      std::function<void(std::uint64_t segment, const std::string& sheet, const Error&)>;
  Segment(std::uint64_t number, std::uint32_t rows, std::uint64_t bytes, Store& store,
          SheetCache& cache, Damaged damaged);
  ~Segment();

  std::uint64_t number() const { return number_; }
  std::uint32_t rows() const { return rows_; }
  std::uint64_t bytes() const { return bytes_; }
  // The file goes when this object does.
  void Drop() const { dropped_.store(true); }

  // What is kept in memory of it, read at the start.
  std::vector<SeriesId> ReadIds() const;  // ascending
  LabelFilter ReadFilter() const;

  std::optional<SeriesId> Find(const Labels& labels) const;
  struct Row {
    SeriesId id;
    std::uint32_t row;
  };
  // Rows that match all matchers, ascending; those in damaged label sheets are not among them.
  Result<std::vector<Row>> Select(std::span<const Matcher> matchers, Interrupt& interrupt) const;
  // Whether labels were met that cannot be read: series may be missing in answers.
  bool lost_labels() const { return lost_labels_.load(); }
  // Calls visit(index into `rows`, the row's labels); rows ascend.
  using Visit = std::function<void(std::size_t, const LabelRows&)>;
  void ForEach(std::span<const std::uint32_t> rows, const Visit& visit) const;
  // Without looking at rows; false when the sheets for it are damaged.
  bool LabelNames(std::set<std::string>& names) const;
  bool LabelValues(std::string_view name, std::set<std::string>& values) const;

  // A walk over all rows, in label order. Unreadable sheets are an error.
  class Cursor {
   public:
    explicit Cursor(const Segment& segment) : segment_(segment) {}
    Result<bool> Next();
    const LabelRows& row() const { return *rows_; }
    SeriesId id() const { return rows_->ids()[at_]; }

   private:
    const Segment& segment_;
    std::uint32_t sheet_ = 0;
    std::size_t at_ = 0;
    std::shared_ptr<const SheetCache::Sheet> body_;
    std::optional<LabelRows> rows_;
  };

 private:
  std::shared_ptr<const SheetCache::Sheet> Read(std::uint32_t sheet, SheetKind kind,
                                                bool keep = true) const;
  void Tell(std::uint32_t sheet, const Error& error) const;
  std::uint32_t label_sheets() const { return (rows_ + kSheetRows - 1) / kSheetRows; }
  Result<bool> Narrow(const SegmentDirectory& directory, const Matcher& matcher, RowSet& rows,
                      Interrupt& interrupt) const;
  Result<bool> AddValues(const SegmentDirectory::Name& name, std::string_view from,
                         const Matcher* matcher, bool wanted, RowSet& rows,
                         Interrupt& interrupt) const;
  Result<std::optional<RowSet>> SelectRows(std::span<const Matcher> matchers,
                                           Interrupt& interrupt) const;
  Result<std::vector<Row>> Scan(std::span<const Matcher> matchers, Interrupt& interrupt) const;

  const std::uint64_t number_;
  const std::uint32_t rows_;
  const std::uint64_t bytes_;
  Store& store_;
  SheetCache& cache_;
  const Damaged damaged_;
  mutable std::atomic<bool> dropped_{false};
  mutable std::atomic<bool> lost_labels_{false};
  mutable Mutex told_mu_;
  mutable std::set<std::uint32_t> told_ GUARDED_BY(told_mu_);
};

}  // namespace meerkat::tsdb
