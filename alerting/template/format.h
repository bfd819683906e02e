#pragma once

#include <span>
#include <string>
#include <string_view>

#include "alerting/template.h"

// Go's package fmt.
namespace meerkat::alerting::templates {

std::string FormatValue(const Value& value);        // %v
std::string Sprint(std::span<const Value> args);    // spaces between what is not a string
std::string Sprintln(std::span<const Value> args);  // spaces between all, newline at the end
std::string Sprintf(std::string_view format, std::span<const Value> args);

// A float by one of Go's verbs e, f, g with a precision; -1: as many digits as needed.
std::string FormatFloatVerb(double value, char verb, int precision);

}  // namespace meerkat::alerting::templates
