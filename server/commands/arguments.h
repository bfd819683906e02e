#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/commands/command.h"

namespace meerkat::commands {

// The words of a command line, sorted out.
class Arguments {
 public:
  // Refuses flags that no rule knows, and flags without their value. Errors are kInvalid, in the
  // words upstream's tools have for them.
  static Result<Arguments> Parse(std::span<const std::string> args,
                                 std::span<const FlagRule> rules);
  // Also asks for the flags that are required and for the words that `words` names: "SERVER EXPR",
  // "[FILE…]", "URL [FILE…]".
  static Result<Arguments> Parse(std::span<const std::string> args, std::span<const FlagRule> rules,
                                 std::string_view words);

  // The last value given, or `otherwise`.
  std::string Value(std::string_view name, std::string_view otherwise = "") const;
  std::vector<std::string> Values(std::string_view name) const;
  bool Has(std::string_view name) const { return flags_.contains(name); }
  bool On(std::string_view name) const { return Value(name) == "true"; }
  // Checked values; `otherwise` when the flag is not there.
  Result<std::int64_t> Integer(std::string_view name, std::int64_t otherwise) const;
  Result<Millis> Duration(std::string_view name, Millis otherwise) const;
  // One of `choices`; the first of them when the flag is not there.
  Result<std::string> Choice(std::string_view name,
                             std::initializer_list<std::string_view> choices) const;
  const std::vector<std::string>& words() const { return words_; }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> flags_;
  std::vector<std::string> words_;
};

// That files named on a command line are there.
Result<> CheckFilesExist(std::span<const std::string> paths);

// The rule that `arg`, which begins with a hyphen, names; null: none.
const FlagRule* FindFlag(std::span<const FlagRule> rules, std::string_view arg);

// Print an error as upstream's tools do and give the exit code: of what was tried, and of a wrong
// command line.
int Fail(Streams streams, const Error& error);
int Misused(Streams streams, const Error& error);

}  // namespace meerkat::commands
