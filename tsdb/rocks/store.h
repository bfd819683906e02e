#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The key-value store underneath: RocksDB with few, small buffers. This folder alone knows it.
namespace meerkat::tsdb {

// Column families. Their keys are listed in tsdb/FORMAT.md.
enum class Family : std::uint8_t {
  kState,    // small things: silences, notification log, alert state
  kSeries,   // series id -> labels
  kJournal,  // sequence -> committed batches that no part holds yet
  kParts,    // part id, block -> sealed blocks
  kMeta,     // parts, tombstones, metadata, counters
};
inline constexpr std::size_t kFamilies = 5;

// Big-endian, so that bytes sort as numbers.
std::string BigEndianKey(std::uint64_t number);
std::uint64_t ReadBigEndian(std::string_view key);  // of the first eight bytes; shorter: 0

// Changes that happen together or not at all.
class StoreBatch {
 public:
  StoreBatch();
  ~StoreBatch();
  void Put(Family family, std::string_view key, std::string_view value);
  void Delete(Family family, std::string_view key);
  void DeleteRange(Family family, std::string_view begin, std::string_view end);  // [begin, end)

 private:
  friend class Store;
  struct State;
  std::unique_ptr<State> state_;
};

struct StoreOptions {
  std::uint64_t block_cache_bytes = 8 << 20;
  std::function<void(double seconds)> synced;  // told of each fsync of the log; may be empty
};

// Threads: every method, from any thread. Writes take turns inside; flushes and files taken over do
// not hold them up.
class Store {
 public:
  struct Opened {
    std::unique_ptr<Store> store;
    std::string damage;  // what had to be left out or put right to open it; empty: nothing
  };
  static Result<Opened> Open(const std::filesystem::path& path, const StoreOptions& options);
  ~Store();

  // In the write-ahead log when it returns; on the platter too with `sync`. After a failure (disk
  // full) nothing of the batch is there, and a later Write that finds space again succeeds.
  Result<> Write(StoreBatch& batch, bool sync);

  Result<std::optional<std::string>> Get(Family family, std::string_view key) const;
  // Entries with begin <= key < end (an empty end: to the last) in key order until `visit` returns
  // false.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  Result<> Scan(Family family, std::string_view begin, std::string_view end,
                const Visit& visit) const;
  // The same around damage: what cannot be read is told and passed over.
  using Damaged = std::function<void(const Error&)>;
  Result<> ScanAround(Family family, std::string_view begin, std::string_view end,
                      const Visit& visit, const Damaged& damaged) const;

  // Writes what is in memory to files, so that the log before now can go.
  Result<> Flush();
  // The same for small families alone, before something goes that only their old content names.
  Result<> Flush(std::span<const Family> families);
  // Rewrites what is small and often changed (everything but the parts), so that nothing deleted
  // stays on disk.
  Result<> Tidy();
  // Takes over a finished file (see part_file.h) of sorted keys; it is moved.
  Result<> Ingest(const std::filesystem::path& file);
  // The first eight bytes, as a number, of the keys at both ends of each file of the parts family.
  // Looks at no data.
  Result<std::vector<std::uint64_t>> PartNumbers() const;
  // Drops [begin, end) of the parts family, whole files first.
  Result<> DropParts(std::string_view begin, std::string_view end);

  // A second directory with the same content, by hard links where possible. The target must not be
  // there yet.
  Result<> Checkpoint(const std::filesystem::path& target);

  std::uint64_t LogBytes() const;  // write-ahead logs on disk
  std::uint64_t MemtableBytes() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  Result<> WriteOnce(const StoreBatch& batch, bool sync);
  std::unique_ptr<State> state_;
};

// Writes one file of the parts family. Keys must ascend. Threads: one.
class PartFile {
 public:
  static Result<std::unique_ptr<PartFile>> Create(const std::filesystem::path& file);
  ~PartFile();
  Result<> Put(std::string_view key, std::string_view value);
  Result<std::uint64_t> Finish();  // its size in bytes

 private:
  struct State;
  explicit PartFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace meerkat::tsdb
