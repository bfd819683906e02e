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

std::string LengthOf(Millis length) {
  const std::int64_t millis = length.count();
  std::string text;
  const std::int64_t hours = millis / 3600000;
  const std::int64_t minutes = millis / 60000 % 60;
  if (hours > 0) text += std::to_string(hours) + "h";
  if (millis >= 60000) text += std::to_string(minutes) + "m";
  text += std::to_string(millis / 1000 % 60);
  if (std::int64_t part = millis % 1000; part != 0) {
    std::string digits = std::to_string(1000 + part).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + "s";
}

}  // namespace meerkat::commands
