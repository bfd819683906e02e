#include "server/commands/tsdb.h"

#include "server/commands/tsdb_session.h"

namespace meerkat::commands {

std::vector<Command> TsdbCommands() {
  std::vector<Command> all = TsdbShowCommands();
  for (const Command& command : TsdbAnalyzeCommands()) all.push_back(command);
  for (const Command& command : TsdbBenchCommands()) all.push_back(command);
  for (const Command& command : TsdbMoveCommands()) all.push_back(command);
  return all;
}

}  // namespace meerkat::commands
