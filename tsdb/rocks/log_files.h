#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <functional>
#include <memory>

// Only for the .cc files of this folder.
namespace meerkat::tsdb {

// The system's files, but a write-ahead log that cannot be written fails outside of RocksDB: its
// log writer cannot go on after half a record, nor be closed, so it never hears of the failure. The
// log is cut back to its last whole write, everything later is swallowed, and `failed` says so: who
// wrote must look at it, refuse what he wrote, and open the database again, which then finds the
// log as it was before. Threads: any.
class LogFiles : public rocksdb::FileSystemWrapper {
 public:
  using Synced = std::function<void(double seconds)>;
  explicit LogFiles(Synced synced)
      : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()), synced_(std::move(synced)) {}
  const char* Name() const override { return "LogFiles"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;

  bool failed() const { return failed_->load(); }

 private:
  const Synced synced_;  // told of each fsync of a log; may be empty
  // Files may outlive this object.
  const std::shared_ptr<std::atomic<bool>> failed_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace meerkat::tsdb
