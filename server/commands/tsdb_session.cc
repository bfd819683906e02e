#include "server/commands/tsdb_session.h"

#include "base/metrics.h"
#include "server/net/io.h"
#include "server/net/system_clock.h"

namespace meerkat::commands {

struct Session::Parts {
  net::IoThread io;
  net::SystemClock clock{io};
  Registry registry;
  std::unique_ptr<tsdb::Database> database;
};

Session::Session(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Session::~Session() {
  // The database leaves the clock before the clock's thread ends.
  parts_->database = nullptr;
  parts_->io.Stop();
}

tsdb::Database& Session::database() {
  return *parts_->database;
}

Result<std::unique_ptr<Session>> Session::Open(const std::filesystem::path& path, bool create,
                                               Logger log) {
  std::error_code ignored;
  if (!create && !std::filesystem::is_directory(path, ignored)) {
    return Error(Code::kNotFound, path.string() + ": there is no such data directory");
  }
  auto parts = std::make_unique<Parts>();
  tsdb::Options options;
  options.path = path;
  options.live.retention_time = Millis(0);
  auto opened = tsdb::Database::Open(options, parts->clock, parts->registry, std::move(log));
  if (!opened) return std::move(opened).error();
  parts->database = std::move(*opened);
  return std::unique_ptr<Session>(new Session(std::move(parts)));
}

}  // namespace meerkat::commands
