#include "tsdb/rocks/store.h"

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

#include <array>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "tsdb/rocks/status.h"

namespace meerkat::tsdb {

namespace {

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

struct Store::State {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  Mutex write_mu;  // one writer at a time, see allow_concurrent_memtable_write
  bool failed GUARDED_BY(write_mu) = false;

  rocksdb::ColumnFamilyHandle* at(Family family) const {
    return families[static_cast<std::size_t>(family)];
  }
  ~State() {
    if (db == nullptr) return;
    (void)db->SyncWAL();  // a server that was stopped in order survives power loss
    for (auto* family : families) db->DestroyColumnFamilyHandle(family);
    db->Close();
  }
};

struct StoreBatch::State {
  struct Change {
    Family family;
    enum class Kind : std::uint8_t { kPut, kDelete, kDeleteRange } kind;
    std::string key;
    std::string value;
  };
  std::vector<Change> changes;
};

StoreBatch::StoreBatch() : state_(std::make_unique<State>()) {}
StoreBatch::~StoreBatch() = default;

void StoreBatch::Put(Family family, std::string_view key, std::string_view value) {
  state_->changes.push_back(
      {family, State::Change::Kind::kPut, std::string(key), std::string(value)});
}
void StoreBatch::Delete(Family family, std::string_view key) {
  state_->changes.push_back({family, State::Change::Kind::kDelete, std::string(key), {}});
}
void StoreBatch::DeleteRange(Family family, std::string_view begin, std::string_view end) {
  state_->changes.push_back(
      {family, State::Change::Kind::kDeleteRange, std::string(begin), std::string(end)});
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

Result<Store::Opened> Store::Open(const std::filesystem::path& path, const StoreOptions& options) {
  auto state = std::make_unique<State>();
  const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes, 2);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (std::size_t i = 0; i < kFamilies; ++i) {
    descriptors.emplace_back(kNames[i], FamilyOptions(static_cast<Family>(i), cache));
  }
  rocksdb::DBOptions db_options = DatabaseOptions();
  rocksdb::DB* db = nullptr;
  Opened opened;
  rocksdb::Status status =
      rocksdb::DB::Open(db_options, path.string(), descriptors, &state->families, &db);
  if (status.IsCorruption()) {
    // A damaged log: what stands before the damage is taken, and the loss is told.
    opened.damage = status.ToString();
    db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    status = rocksdb::DB::Open(db_options, path.string(), descriptors, &state->families, &db);
  }
  if (!status.ok()) return ToError(status).Within("opening " + path.string());
  state->db.reset(db);
  opened.store.reset(new Store(std::move(state)));
  return opened;
}

Result<> Store::Write(StoreBatch& batch, bool sync) {
  rocksdb::WriteBatch changes;
  for (const auto& change : batch.state_->changes) {
    rocksdb::ColumnFamilyHandle* family = state_->at(change.family);
    switch (change.kind) {
      case StoreBatch::State::Change::Kind::kPut:
        changes.Put(family, change.key, change.value);
        break;
      case StoreBatch::State::Change::Kind::kDelete:
        changes.Delete(family, change.key);
        break;
      case StoreBatch::State::Change::Kind::kDeleteRange:
        changes.DeleteRange(family, change.key, change.value);
        break;
    }
  }
  rocksdb::WriteOptions options;
  options.sync = sync;
  MutexLock lock(state_->write_mu);
  if (state_->failed) {
    const rocksdb::Status resumed = state_->db->Resume();
    if (!resumed.ok()) return ToError(resumed).Within("write refused");
    state_->failed = false;
  }
  const rocksdb::Status status = state_->db->Write(options, &changes);
  if (!status.ok()) {
    state_->failed = true;
    return ToError(status).Within("writing to the journal");
  }
  return {};
}

Result<std::optional<std::string>> Store::Get(Family family, std::string_view key) const {
  rocksdb::ReadOptions options;
  options.fill_cache = family != Family::kParts;
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = state_->db->Get(options, state_->at(family), ToSlice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return ToError(status);
  return std::optional<std::string>(value.ToString());
}

Result<> Store::Scan(Family family, std::string_view begin, std::string_view end,
                     const Visit& visit) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const rocksdb::Slice upper = ToSlice(end);
  if (!end.empty()) options.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> it(state_->db->NewIterator(options, state_->at(family)));
  for (it->Seek(ToSlice(begin)); it->Valid(); it->Next()) {
    if (!visit(ToView(it->key()), ToView(it->value()))) return {};
  }
  if (!it->status().ok()) return ToError(it->status());
  return {};
}

Result<> Store::Flush() {
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;
  MutexLock lock(state_->write_mu);
  const rocksdb::Status status = state_->db->Flush(options, state_->families);
  if (!status.ok()) return ToError(status).Within("flushing");
  return {};
}

Result<> Store::Tidy() {
  if (auto flushed = Flush(); !flushed) return flushed;
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (const Family family : {Family::kState, Family::kSeries, Family::kJournal, Family::kMeta}) {
    const rocksdb::Status status =
        state_->db->CompactRange(options, state_->at(family), nullptr, nullptr);
    if (!status.ok()) return ToError(status).Within("tidying");
  }
  return {};
}

Result<> Store::Ingest(const std::filesystem::path& file) {
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.snapshot_consistency = false;
  options.write_global_seqno = false;
  MutexLock lock(state_->write_mu);
  const rocksdb::Status status =
      state_->db->IngestExternalFile(state_->at(Family::kParts), {file.string()}, options);
  if (!status.ok()) return ToError(status).Within("taking over " + file.filename().string());
  return {};
}

Result<> Store::DropParts(std::string_view begin, std::string_view end) {
  rocksdb::ColumnFamilyHandle* family = state_->at(Family::kParts);
  const rocksdb::Slice first = ToSlice(begin);
  const rocksdb::Slice last = ToSlice(end);
  rocksdb::Status status =
      rocksdb::DeleteFilesInRange(state_->db.get(), family, &first, &last, false);
  if (!status.ok()) return ToError(status).Within("dropping files");
  // Leftovers, if a file held more than this range.
  std::unique_ptr<rocksdb::Iterator> it(state_->db->NewIterator(rocksdb::ReadOptions(), family));
  it->Seek(first);
  if (!it->Valid() || it->key().compare(last) >= 0) return {};
  it.reset();
  StoreBatch batch;
  batch.DeleteRange(Family::kParts, begin, end);
  return Write(batch, false);
}

Result<> Store::Checkpoint(const std::filesystem::path& target) {
  rocksdb::Checkpoint* checkpoint = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(state_->db.get(), &checkpoint);
  const std::unique_ptr<rocksdb::Checkpoint> owner(checkpoint);
  if (status.ok()) status = checkpoint->CreateCheckpoint(target.string());
  if (!status.ok()) return ToError(status).Within("snapshot to " + target.string());
  return {};
}

std::uint64_t Store::LogBytes() const {
  rocksdb::VectorLogPtr logs;
  std::uint64_t bytes = 0;
  if (!state_->db->GetSortedWalFiles(logs).ok()) return 0;
  for (const auto& log : logs) bytes += log->SizeFileBytes();
  return bytes;
}

std::uint64_t Store::MemtableBytes() const {
  std::uint64_t bytes = 0;
  for (auto* family : state_->families) {
    std::uint64_t one = 0;
    if (state_->db->GetIntProperty(family, rocksdb::DB::Properties::kSizeAllMemTables, &one)) {
      bytes += one;
    }
  }
  return bytes;
}

}  // namespace meerkat::tsdb
