#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meerkat::commands {

// A flag of a command: --name=value, --name value, -n value; without a value --name and --no-name.
struct FlagRule {
  std::string_view name;
  char letter = '\0';
  bool takes_value = true;
};

// The words of a command line, sorted out.
class Arguments {
 public:
  // Refuses flags that no rule knows, and flags without their value.
  static Result<Arguments> Parse(std::span<const std::string> args,
                                 std::span<const FlagRule> rules);

  // The last value given, or `otherwise`.
  std::string Value(std::string_view name, std::string_view otherwise = "") const;
  std::vector<std::string> Values(std::string_view name) const;
  bool Has(std::string_view name) const { return flags_.contains(name); }
  bool On(std::string_view name) const { return Value(name) == "true"; }
  const std::vector<std::string>& words() const { return words_; }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> flags_;
  std::vector<std::string> words_;
};

}  // namespace meerkat::commands
