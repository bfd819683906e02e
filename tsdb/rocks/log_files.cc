#include "tsdb/rocks/log_files.h"

#include <chrono>

namespace meerkat::tsdb {

namespace {

class LogFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  LogFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<std::atomic<bool>> failed,
          LogFiles::Synced synced)
      : rocksdb::FSWritableFileOwnerWrapper(std::move(file)),
        failed_(std::move(failed)),
        synced_(std::move(synced)) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (failed_->load()) return rocksdb::IOStatus::OK();
    const rocksdb::IOStatus status = target()->Append(data, options, debug);
    if (status.ok()) {
      size_ += data.size();
      return status;
    }
    failed_->store(true);
    target()->Truncate(size_, options, debug).PermitUncheckedError();
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    return Timed([&] { return target()->Sync(options, debug); });
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    return Timed([&] { return target()->Fsync(options, debug); });
  }
  rocksdb::IOStatus Flush(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    return Swallow(target()->Flush(options, debug));
  }

 private:
  template <typename Sync>
  rocksdb::IOStatus Timed(Sync&& sync) {
    const auto start = std::chrono::steady_clock::now();
    const rocksdb::IOStatus status = Swallow(sync());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (synced_) synced_(took.count());
    return status;
  }
  rocksdb::IOStatus Swallow(const rocksdb::IOStatus& status) {
    if (!status.ok()) failed_->store(true);
    return rocksdb::IOStatus::OK();
  }

  std::uint64_t size_ = 0;  // up to the last whole write; logs are new files, never reopened
  const std::shared_ptr<std::atomic<bool>> failed_;
  const LogFiles::Synced synced_;
};

}  // namespace

rocksdb::IOStatus LogFiles::NewWritableFile(const std::string& name,
                                            const rocksdb::FileOptions& options,
                                            std::unique_ptr<rocksdb::FSWritableFile>* file,
                                            rocksdb::IODebugContext* debug) {
  const rocksdb::IOStatus status = target()->NewWritableFile(name, options, file, debug);
  if (status.ok() && name.ends_with(".log")) {
    *file = std::make_unique<LogFile>(std::move(*file), failed_, synced_);
  }
  return status;
}

}  // namespace meerkat::tsdb
