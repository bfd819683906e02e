#include "tsdb/database.h"

#include "tsdb/engine/engine.h"

namespace meerkat::tsdb {

Result<std::unique_ptr<Database>> Database::Open(const Options& options, const Clock& clock,
                                                 Registry& registry, Logger log) {
  std::error_code error;
  std::filesystem::create_directories(options.path, error);
  if (error) {
    return Error(Code::kUnavailable,
                 "data directory " + options.path.string() + ": " + error.message());
  }
  DirectoryLock lock;
  if (options.lock_file) {
    auto taken = DirectoryLock::Take(options.path);
    if (!taken) return std::move(taken).error();
    lock = std::move(*taken);
  }
  registry
      .gauge("prometheus_tsdb_clean_start",
             "-1: lockfile is disabled. 0: a lockfile from a previous execution was replaced. 1: "
             "lockfile creation was clean")
      .Set(!options.lock_file ? -1
           : lock.was_stale() ? 0
                              : 1);
  Summary& syncs = registry.summary("prometheus_tsdb_wal_fsync_duration_seconds",
                                    "Duration of write log fsync.");
  StoreOptions store_options;
  store_options.synced = [&syncs](double seconds) { syncs.Observe(seconds); };
  auto opened = Store::Open(options.path / "db", store_options);
  if (!opened) return std::move(opened).error();
  auto engine = std::make_unique<Engine>(options, clock, registry, std::move(log), std::move(lock),
                                         std::move(*opened));
  if (auto started = engine->Start(); !started) return std::move(started).error();
  return std::unique_ptr<Database>(std::move(engine));
}

}  // namespace meerkat::tsdb
