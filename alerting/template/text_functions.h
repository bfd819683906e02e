#pragma once

#include <string>
#include <string_view>

#include "alerting/template.h"

// What the functions of rules and of notifications share.
namespace meerkat::alerting::templates {

// toUpper, toLower, match, reReplaceAll, safeHtml, humanizeDuration.
FunctionSet SharedFunctions();

// A number out of a float, an integer, a duration or a text.
Result<double> ToFloat(const Value& value);

// 1d 2h 3m 4s; below a second with m, u, n …
std::string HumanizeDuration(double seconds);
std::string Humanize(double value);      // 1.235k
std::string Humanize1024(double value);  // 1.206ki

// First letters of words in upper case: alone, or with the other letters in lower case.
std::string TitleOnly(std::string_view text);
std::string TitleCase(std::string_view text);

}  // namespace meerkat::alerting::templates
