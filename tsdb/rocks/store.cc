#include "tsdb/rocks/store.h"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/options.h>
#include <rocksdb/slice.h>
#include <rocksdb/sst_file_manager.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "tsdb/rocks/log_files.h"
#include "tsdb/rocks/rescue.h"
#include "tsdb/rocks/status.h"

namespace meerkat::tsdb {

namespace {

// Below this much free space nothing is written any more.
constexpr std::uint64_t kSpareBytes = 8 << 20;

constexpr std::array<const char*, kFamilies> kNames = {"default", "series", "journal", "parts",
                                                       "meta"};

rocksdb::Slice ToSlice(std::string_view text) {
  return {text.data(), text.size()};
}
std::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

rocksdb::ColumnFamilyOptions FamilyOptions(Family family,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 << 10;
  table.cache_index_and_filter_blocks = true;
  table.format_version = 5;
  options.compression = rocksdb::kZSTD;
  options.arena_block_size = 64 << 10;
  options.write_buffer_size = 4 << 20;
  options.max_write_buffer_number = 2;
  options.level_compaction_dynamic_level_bytes = true;
  if (family == Family::kJournal) {
    // Read only when the server starts: appending to a vector is cheaper than a sorted list. A
    // generation is sealed long before this fills; filled, it costs a second write, nothing else.
    options.memtable_factory = std::make_shared<rocksdb::VectorRepFactory>();
    options.write_buffer_size = 64 << 20;
    options.arena_block_size = 256 << 10;
    options.compression = rocksdb::kNoCompression;   // compact already
    options.level0_file_num_compaction_trigger = 2;  // what is sealed meanwhile goes soon
  }
  if (family == Family::kSeries) {
    options.write_buffer_size = 1 << 20;  // written once, read at the start: no need to hold much
  }
  if (family == Family::kParts) {
    options.compression = rocksdb::kNoCompression;  // blocks are compressed already
    options.write_buffer_size = 1 << 20;
    table.block_size = 64 << 10;
    table.no_block_cache = true;  // opened blocks have a cache of their own
    table.cache_index_and_filter_blocks = false;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::DBOptions DatabaseOptions() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.max_subcompactions = 1;
  options.allow_concurrent_memtable_write = false;  // VectorRep takes one writer
  options.enable_pipelined_write = false;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1 << 20;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_manifest_file_size = 4 << 20;
  options.max_total_wal_size = 512 << 20;
  options.recycle_log_file_num = 0;
  options.max_open_files = 512;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.max_bgerror_resume_count = 0;  // Write() resumes by itself
  return options;
}

}  // namespace

std::string BigEndianKey(std::uint64_t number) {
  std::string key(8, '\0');
  for (int i = 7; i >= 0; --i) {
    key[static_cast<std::size_t>(i)] = static_cast<char>(number & 0xff);
    number >>= 8;
  }
  return key;
}

std::uint64_t ReadBigEndian(std::string_view key) {
  if (key.size() < 8) return 0;
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) {
    number = number << 8 | static_cast<unsigned char>(key[static_cast<std::size_t>(i)]);
  }
  return number;
}

// One opened RocksDB; closing it is destroying this.
struct Handle {
  explicit Handle(const StoreOptions& options)
      : files(std::make_shared<LogFiles>(options.synced)) {}

  const std::shared_ptr<LogFiles> files;
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;

  rocksdb::ColumnFamilyHandle* at(Family family) const {
    return families[static_cast<std::size_t>(family)];
  }
  void Close() {
    if (db == nullptr) return;
    for (auto* family : families) db->DestroyColumnFamilyHandle(family);
    families.clear();
    (void)db->Close();
    db.reset();
  }
  ~Handle() { Close(); }
};

struct Store::State {
  std::filesystem::path path;
  int directory = -1;  // of `path`, to ask for its free space without walking there each time
  StoreOptions options;
  // Held shared by every use of the handle, alone to reopen it.
  SharedMutex handle_mu;
  std::unique_ptr<Handle> handle GUARDED_BY(handle_mu);  // null: could not be reopened yet
  Mutex write_mu;  // one writer at a time, see allow_concurrent_memtable_write
  bool failed GUARDED_BY(write_mu) = false;
  bool damaged GUARDED_BY(write_mu) = false;  // background work found unreadable files

  ~State() {
    // A server that was stopped in order survives power loss.
    if (handle != nullptr && !failed) (void)handle->db->SyncWAL();
    handle.reset();
    NoteLengths(path, true);
    if (directory >= 0) ::close(directory);
  }

  // Whether a write has a chance: RocksDB gives up after failures of its background work, so it is
  // not asked while there is little space.
  Result<> Probe() const;
  Result<> Recover() REQUIRES(write_mu);
};

struct StoreBatch::State {
  enum class Kind : std::uint8_t { kPut, kDelete, kDeleteRange };
  struct Change {
    Family family;
    Kind kind;
    std::size_t key;    // bytes of it, and
    std::size_t value;  // behind it of the value or the range's end
  };
  void Add(Family family, Kind kind, std::string_view key, std::string_view value) {
    changes.push_back({family, kind, key.size(), value.size()});
    bytes.append(key).append(value);
  }

  std::vector<Change> changes;
  std::string bytes;  // of all changes
};

StoreBatch::StoreBatch() : state_(std::make_unique<State>()) {}
StoreBatch::~StoreBatch() = default;

void StoreBatch::Put(Family family, std::string_view key, std::string_view value) {
  state_->Add(family, State::Kind::kPut, key, value);
}
void StoreBatch::Delete(Family family, std::string_view key) {
  state_->Add(family, State::Kind::kDelete, key, {});
}
void StoreBatch::DeleteRange(Family family, std::string_view begin, std::string_view end) {
  state_->Add(family, State::Kind::kDeleteRange, begin, end);
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

namespace {

// `lenient`: with files that are damaged; what cannot be read says so when it is read.
rocksdb::Status TryOpen(const std::filesystem::path& path, rocksdb::DBOptions options,
                        const std::vector<rocksdb::ColumnFamilyDescriptor>& families, bool lenient,
                        Handle& handle) {
  if (lenient) {
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    options.paranoid_checks = false;
  }
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, path.string(), families, &handle.families, &db);
  handle.db.reset(db);
  return status;
}

// A file of a small family that cannot be opened spoils reading the whole family. (A part's file
// spoils nothing but itself.)
std::string FindUnreadableFile(const Handle& handle) {
  for (const Family family : {Family::kState, Family::kSeries, Family::kJournal, Family::kMeta}) {
    rocksdb::ColumnFamilyMetaData files;
    handle.db->GetColumnFamilyMetaData(handle.at(family), &files);
    for (const auto& level : files.levels) {
      for (const auto& file : level.files) {
        if (IsTable(file.db_path + file.name)) continue;
        // A merge may have replaced it meanwhile.
        rocksdb::ColumnFamilyMetaData now;
        handle.db->GetColumnFamilyMetaData(handle.at(family), &now);
        for (const auto& live : now.levels) {
          for (const auto& one : live.files) {
            if (one.name == file.name) return file.name;
          }
        }
      }
    }
  }
  return "";
}

Result<std::unique_ptr<Handle>> OpenHandle(const std::filesystem::path& path,
                                           const StoreOptions& options, bool lenient,
                                           std::string& damage) {
  auto handle = std::make_unique<Handle>(options);
  const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes, 2);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < kFamilies; ++i) {
    families.emplace_back(kNames[i], FamilyOptions(static_cast<Family>(i), cache));
  }
  rocksdb::DBOptions db_options = DatabaseOptions();
  db_options.env = handle->env.get();
  const auto tell = [&damage](const std::string& what) {
    damage += (damage.empty() ? "" : "; ") + what;
  };
  if (MendCurrent(path)) tell("CURRENT was damaged");
  bool list_is_torn = false;
  if (const std::string torn = FindTornFile(path, list_is_torn); !torn.empty()) tell(torn);
  if (const std::string lost = FindLostRecords(path); !lost.empty()) tell(lost);
  rocksdb::Status status = rocksdb::Status::Corruption("the list of files is torn");
  if (!list_is_torn) {
    status = TryOpen(path, db_options, families, lenient, *handle);
    if (status.IsCorruption()) {
      tell(status.ToString());
      status = TryOpen(path, db_options, families, true, *handle);
    }
  }
  if (status.ok()) {
    if (const std::string file = FindUnreadableFile(*handle); !file.empty()) {
      tell(file + " is unreadable as a whole");
      status = rocksdb::Status::Corruption("a file is unreadable");
      handle->Close();
    }
  }
  if (status.IsCorruption()) {
    auto aside = RebuildList(path, db_options, families);
    if (!aside) return std::move(aside).error();
    status = TryOpen(path, db_options, families, true, *handle);
    for (const auto& file : *aside) {
      if (!status.ok()) break;
      rocksdb::IngestExternalFileOptions take;
      take.move_files = true;
      take.write_global_seqno = false;
      const rocksdb::Status taken =
          handle->db->IngestExternalFile(handle->at(Family::kParts), {file.string()}, take);
      if (!taken.ok()) tell(file.string() + " was set aside: " + taken.ToString());
    }
  }
  if (!status.ok()) return ToError(status).Within("opening " + path.string());
  NoteLengths(path, false);
  return handle;
}

Error Closed() {
  return Error(Code::kUnavailable, "the store could not be opened again after a failure");
}

}  // namespace

Result<Store::Opened> Store::Open(const std::filesystem::path& path, const StoreOptions& options) {
  Opened opened;
  auto handle = OpenHandle(path, options, false, opened.damage);
  if (!handle) return std::move(handle).error();
  auto state = std::make_unique<State>();
  state->path = path;
  state->directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  state->options = options;
  {
    WriterLock lock(state->handle_mu);
    state->handle = std::move(*handle);
  }
  opened.store.reset(new Store(std::move(state)));
  return opened;
}

Result<> Store::State::Probe() const {
  struct statvfs disk{};
  if (::fstatvfs(directory, &disk) != 0) return {};  // unknown: the write itself will tell
  const std::uint64_t available = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (available < kSpareBytes) {
    return Error(Code::kUnavailable, "no space left on device: " + path.string() + " has " +
                                         std::to_string(available >> 10) +
                                         " KiB left, writes are refused below " +
                                         std::to_string(kSpareBytes >> 10) + " KiB");
  }
  return {};
}

// After a failed write: closes and opens again, which replays the log up to the failure.
Result<> Store::State::Recover() {
  const std::filesystem::path probe = path / "probe";
  const std::string bytes(64 << 10, '\0');
  std::ofstream file(probe, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  std::error_code ignored;
  std::filesystem::remove(probe, ignored);
  if (file.fail()) {
    return Error(Code::kUnavailable, "writes are refused: " + path.string() + " is not writable");
  }
  WriterLock lock(handle_mu);
  handle.reset();
  std::string damage;
  auto reopened = OpenHandle(path, options, damaged, damage);
  if (!reopened) return std::move(reopened).error();
  handle = std::move(*reopened);
  failed = false;
  return {};
}

Result<> Store::Write(StoreBatch& batch, bool sync) {
  MutexLock writer(state_->write_mu);
  Result<> written = WriteOnce(batch, sync);
  // Background work found a damaged file, and RocksDB takes no more writes: it is opened around it.
  if (!written && written.error().code() == Code::kCorruption) written = WriteOnce(batch, sync);
  return written;
}

// Holds write_mu.
Result<> Store::WriteOnce(const StoreBatch& batch, bool sync) NO_THREAD_SAFETY_ANALYSIS {
  if (auto probed = state_->Probe(); !probed) return probed;
  if (state_->failed) {
    if (auto recovered = state_->Recover(); !recovered) return recovered;
  }
  ReaderLock lock(state_->handle_mu);
  if (state_->handle == nullptr) return Closed();
  const Handle& handle = *state_->handle;
  const StoreBatch::State& all = *batch.state_;
  rocksdb::WriteBatch changes(all.bytes.size() + 16 * all.changes.size() + 32);
  const char* at = all.bytes.data();
  for (const auto& change : all.changes) {
    rocksdb::ColumnFamilyHandle* family = handle.at(change.family);
    const rocksdb::Slice key(at, change.key);
    const rocksdb::Slice value(at + change.key, change.value);
    at += change.key + change.value;
    switch (change.kind) {
      case StoreBatch::State::Kind::kPut:
        changes.Put(family, key, value);
        break;
      case StoreBatch::State::Kind::kDelete:
        changes.Delete(family, key);
        break;
      case StoreBatch::State::Kind::kDeleteRange:
        changes.DeleteRange(family, key, value);
        break;
    }
  }
  rocksdb::WriteOptions options;
  options.sync = sync;
  const rocksdb::Status status = handle.db->Write(options, &changes);
  state_->failed = !status.ok() || handle.files->failed();
  state_->damaged = state_->damaged || status.IsCorruption();
  if (!status.ok()) return ToError(status).Within("writing to the journal");
  if (state_->failed) return Error(Code::kUnavailable, "the journal cannot be written");
  return {};
}

Result<std::optional<std::string>> Store::Get(Family family, std::string_view key) const {
  ReaderLock lock(state_->handle_mu);
  if (state_->handle == nullptr) return Closed();
  rocksdb::ReadOptions options;
  options.fill_cache = family != Family::kParts;
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      state_->handle->db->Get(options, state_->handle->at(family), ToSlice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return ToError(status);
  return std::optional<std::string>(value.ToString());
}

Result<> Store::Scan(Family family, std::string_view begin, std::string_view end,
                     const Visit& visit) const {
  ReaderLock lock(state_->handle_mu);
  if (state_->handle == nullptr) return Closed();
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const rocksdb::Slice upper = ToSlice(end);
  if (!end.empty()) options.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> it(
      state_->handle->db->NewIterator(options, state_->handle->at(family)));
  for (it->Seek(ToSlice(begin)); it->Valid(); it->Next()) {
    if (!visit(ToView(it->key()), ToView(it->value()))) return {};
  }
  if (!it->status().ok()) return ToError(it->status());
  return {};
}

Result<> Store::Flush() {
  static constexpr std::array kAll = {Family::kState, Family::kSeries, Family::kJournal,
                                      Family::kParts, Family::kMeta};
  return Flush(kAll);
}

Result<> Store::Flush(std::span<const Family> families) {
  if (auto probed = state_->Probe(); !probed) return probed;
  ReaderLock lock(state_->handle_mu);
  if (state_->handle == nullptr) return Closed();
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  for (const Family family : families) handles.push_back(state_->handle->at(family));
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;
  const rocksdb::Status status = state_->handle->db->Flush(options, handles);
  if (!status.ok()) return ToError(status).Within("flushing");
  NoteLengths(state_->path, false);
  return {};
}

Result<> Store::Tidy() {
  if (auto flushed = Flush(); !flushed) return flushed;
  ReaderLock lock(state_->handle_mu);
  if (state_->handle == nullptr) return Closed();
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (const Family family : {Family::kState, Family::kSeries, Family::kJournal, Family::kMeta}) {
    const rocksdb::Status status =
        state_->handle->db->CompactRange(options, state_->handle->at(family), nullptr, nullptr);
    if (!status.ok()) return ToError(status).Within("tidying");
  }
  return {};
}

Result<> Store::Ingest(const std::filesystem::path& file) {
  if (auto probed = state_->Probe(); !probed) return probed;
  ReaderLock lock(state_->handle_mu);
  if (state_->handle == nullptr) return Closed();
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.snapshot_consistency = false;
  options.write_global_seqno = false;
  const rocksdb::Status status = state_->handle->db->IngestExternalFile(
      state_->handle->at(Family::kParts), {file.string()}, options);
  if (!status.ok()) return ToError(status).Within("taking over " + file.filename().string());
  NoteLengths(state_->path, false);
  return {};
}

Result<std::vector<std::uint64_t>> Store::PartNumbers() const {
  ReaderLock lock(state_->handle_mu);
  if (state_->handle == nullptr) return Closed();
  rocksdb::ColumnFamilyMetaData files;
  state_->handle->db->GetColumnFamilyMetaData(state_->handle->at(Family::kParts), &files);
  std::vector<std::uint64_t> numbers;
  for (const auto& level : files.levels) {
    for (const auto& file : level.files) {
      numbers.push_back(ReadBigEndian(file.smallestkey));
      numbers.push_back(ReadBigEndian(file.largestkey));
    }
  }
  return numbers;
}

Result<> Store::DropParts(std::string_view begin, std::string_view end) {
  {
    ReaderLock lock(state_->handle_mu);
    if (state_->handle == nullptr) return Closed();
    const Handle& handle = *state_->handle;
    rocksdb::ColumnFamilyHandle* family = handle.at(Family::kParts);
    const rocksdb::Slice first = ToSlice(begin);
    const rocksdb::Slice last = ToSlice(end);
    const rocksdb::Status status =
        rocksdb::DeleteFilesInRange(handle.db.get(), family, &first, &last, false);
    if (!status.ok()) return ToError(status).Within("dropping files");
    // Leftovers, if a file held more than this range.
    std::unique_ptr<rocksdb::Iterator> it(handle.db->NewIterator(rocksdb::ReadOptions(), family));
    it->Seek(first);
    if (!it->Valid() || it->key().compare(last) >= 0) return {};
  }
  StoreBatch batch;
  batch.DeleteRange(Family::kParts, begin, end);
  return Write(batch, false);
}

Result<> Store::Checkpoint(const std::filesystem::path& target) {
  if (auto probed = state_->Probe(); !probed) return probed;
  ReaderLock lock(state_->handle_mu);
  if (state_->handle == nullptr) return Closed();
  rocksdb::Checkpoint* checkpoint = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(state_->handle->db.get(), &checkpoint);
  const std::unique_ptr<rocksdb::Checkpoint> owner(checkpoint);
  if (status.ok()) status = checkpoint->CreateCheckpoint(target.string());
  if (!status.ok()) return ToError(status).Within("snapshot to " + target.string());
  return {};
}

std::uint64_t Store::LogBytes() const {
  ReaderLock lock(state_->handle_mu);
  if (state_->handle == nullptr) return 0;
  rocksdb::VectorLogPtr logs;
  std::uint64_t bytes = 0;
  if (!state_->handle->db->GetSortedWalFiles(logs).ok()) return 0;
  for (const auto& log : logs) bytes += log->SizeFileBytes();
  return bytes;
}

std::uint64_t Store::MemtableBytes() const {
  ReaderLock lock(state_->handle_mu);
  if (state_->handle == nullptr) return 0;
  std::uint64_t bytes = 0;
  for (auto* family : state_->handle->families) {
    std::uint64_t one = 0;
    if (state_->handle->db->GetIntProperty(family, rocksdb::DB::Properties::kSizeAllMemTables,
                                           &one)) {
      bytes += one;
    }
  }
  return bytes;
}

}  // namespace meerkat::tsdb
