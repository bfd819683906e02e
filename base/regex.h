#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meerkat {

// A regular expression in RE2 syntax, matched in linear time. The only door to RE2 in the project.
// Immutable and cheap to copy (shared). Threads: any.
class Regex {
 public:
  enum class Flavor : unsigned char {
    kPrometheus,    // ^(?s:RE)$ : anchored, dot matches newline (matchers, relabeling, PromQL
                    // functions)
    kAlertmanager,  // ^(?:RE)$  : anchored, dot does not match newline
    kUnanchored,    // RE as it stands (templates)
  };

  // Refuses bad syntax and expressions that need more than a few megabytes to compile.
  static Result<Regex> Compile(std::string_view pattern, Flavor flavor = Flavor::kPrometheus);

  const std::string& pattern() const { return pattern_; }  // as written
  bool Matches(std::string_view text) const;

  // Where the whole match and each group lie in `text` (nullopt-like views with null data for
  // groups that took no part). Empty when it does not match. `from` is a byte offset for repeated
  // searches.
  std::vector<std::string_view> Groups(std::string_view text, std::size_t from = 0) const;
  int GroupIndex(std::string_view name) const;  // -1: no such group
  int group_count() const;

  // Go's Regexp.Expand: $1 ${1} $name ${name} $$ of `replacement` filled from groups.
  std::string Expand(std::string_view replacement, std::span<const std::string_view> groups) const;
  // Go's ReplaceAllString: every non-overlapping match replaced by the expanded `replacement`.
  std::string ReplaceAll(std::string_view text, std::string_view replacement) const;

  // What an index can use instead of running it (kPrometheus only):
  // every string it can match, when these are few literals (a|b|c, x[12]); else empty.
  const std::vector<std::string>& literals() const;
  // A literal each match starts with; may be "".
  const std::string& prefix() const;

  // About the most nanoseconds that Matches() takes for a text of so many bytes. What falls outside
  // of RE2's cache of states costs a step of each instruction of the program for each byte.
  std::uint64_t WorstNanoseconds(std::size_t text_size) const;

 private:
  struct Program;
  std::string pattern_;
  Flavor flavor_ = Flavor::kPrometheus;
  std::shared_ptr<const Program> program_;
};

}  // namespace meerkat
