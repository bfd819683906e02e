#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "server/commands/arguments.h"
#include "server/commands/command.h"
#include "tsdb/database.h"

namespace meerkat::commands {

// A data directory opened for a command: nothing in it grows too old.
class Session {
 public:
  // `create`: make the directory when there is none; else that is kNotFound.
  static Result<std::unique_ptr<Session>> Open(const std::filesystem::path& path, bool create,
                                               Logger log = Logger::Silent());
  ~Session();
  tsdb::Database& database();

 private:
  struct Parts;  // the clock and what else a database needs
  explicit Session(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// 1h6m39.999s, as promtool writes lengths of time; not negative.
std::string LengthOf(Millis length);

// The commands of the rooms behind TsdbCommands().
std::vector<Command> TsdbShowCommands();
std::vector<Command> TsdbAnalyzeCommands();
std::vector<Command> TsdbBenchCommands();
std::vector<Command> TsdbMoveCommands();

}  // namespace meerkat::commands
