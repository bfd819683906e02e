#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace meerkat::app {

// The server's command line: one table says name, kind, default and help of every flag; --help,
// /api/v1/status/flags, the shell completion and the man page are made from it.
struct FlagSpec {
  enum class Kind : std::uint8_t { kString, kBool, kDuration, kInt, kFloat, kSize, kList };
  std::string_view name;  // without dashes
  Kind kind = Kind::kString;
  std::string_view value;  // the default, as text
  std::string_view group;  // heading in --help; "" hides it there
  std::string_view help;
};
std::span<const FlagSpec> FlagSpecs();

// Flags as given, defaults filled in. Values are checked when parsed, so the getters cannot fail.
class Flags {
 public:
  // What a command line asks for besides flags: --help and --version end the program with a text.
  struct Outcome;
  // `args` without the program's name. Errors are one line that names the flag and what to do.
  static Result<Outcome> Parse(std::vector<std::string> args);

  const std::string& text(std::string_view name) const;
  bool is_set(std::string_view name) const;  // given on the command line
  bool on(std::string_view name) const { return text(name) == "true"; }
  Millis duration(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  std::uint64_t bytes(std::string_view name) const;
  const std::vector<std::string>& list(std::string_view name) const;
  // Of --enable-feature.
  bool feature(std::string_view name) const;

  // Every flag and its value, as /api/v1/status/flags shows them.
  std::map<std::string, std::string> all() const;

 private:
  struct Value {
    const FlagSpec* spec = nullptr;
    std::vector<std::string> texts;
    std::string joined;
    bool given = false;
  };
  const Value& Find(std::string_view name) const;
  std::map<std::string, Value, std::less<>> values_;
};

struct Flags::Outcome {
  Flags flags;
  std::string message;  // not empty: print it and exit with 0
};

// 512MB, 1GiB, 10KB: base-2 units, the suffix required; 0 is none.
Result<std::uint64_t> ParseSize(std::string_view text);

}  // namespace meerkat::app
