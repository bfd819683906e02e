#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "server/commands/command.h"
#include "tsdb/database.h"

namespace meerkat::commands {

// Flags and words of a command line: --name=value, --name value, -x. What is a flag with a value is
// told beforehand; all other flags stand alone.
class CommandLine {
 public:
  // kInvalid: a flag nobody knows, or a value is missing.
  static Result<CommandLine> Read(std::span<const std::string> args,
                                  std::span<const std::string_view> with_value,
                                  std::span<const std::string_view> alone);

  const std::vector<std::string>& words() const { return words_; }
  bool Has(std::string_view flag) const { return flags_.contains(flag); }
  // The last value given, or `fallback`; all of them.
  std::string Get(std::string_view flag, std::string_view fallback) const;
  std::vector<std::string> All(std::string_view flag) const;
  Result<std::int64_t> Integer(std::string_view flag, std::int64_t fallback) const;

 private:
  std::vector<std::string> words_;
  std::multimap<std::string, std::string, std::less<>> flags_;
};

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

// Prints an error as these commands do, and gives the exit code.
int Fail(Streams streams, const Error& error);

// The commands of the rooms behind TsdbCommands().
std::vector<Command> TsdbShowCommands();
std::vector<Command> TsdbMoveCommands();

}  // namespace meerkat::commands
