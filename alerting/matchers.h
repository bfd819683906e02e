#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/matcher.h"

namespace meerkat::alerting {

// How the text of matchers is read.
enum class MatcherSyntax : unsigned char {
  kFallback,  // UTF-8 first; classic where only that understands the text or both disagree
  kClassic,   // names [a-zA-Z_:][a-zA-Z0-9_:]*, values with or without quotes
  kUtf8,      // tokens of anything but space and {}!=~,\"'`, or in double quotes
};

// `a="b"` or `{a="b", c!~"d"}`, braces and a trailing comma optional. Regular expressions are
// anchored and their dot does not match a newline.
Result<std::vector<Matcher>> ParseMatchers(std::string_view text,
                                           MatcherSyntax syntax = MatcherSyntax::kFallback);
// Exactly one, without braces.
Result<Matcher> ParseMatcher(std::string_view text,
                             MatcherSyntax syntax = MatcherSyntax::kFallback);

// A matcher as silences, routes and inhibition rules use it.
Result<Matcher> MakeMatcher(Matcher::Type type, std::string name, std::string value);

// name="value" with the value quoted as Go does, the name only where a parser needs it.
std::string MatcherText(const Matcher& matcher);
// {a="b",c!="d"}: no spaces, as group keys have it.
std::string MatchersText(std::span<const Matcher> matchers);
// By name, then value, then operator: the order in group keys.
void SortMatchers(std::vector<Matcher>& matchers);

bool AllMatch(std::span<const Matcher> matchers, const Labels& labels);

// With UTF-8 names: anything that is not empty and valid UTF-8; else the classic alphabet.
bool IsLabelName(std::string_view name, MatcherSyntax syntax = MatcherSyntax::kFallback);

}  // namespace meerkat::alerting
