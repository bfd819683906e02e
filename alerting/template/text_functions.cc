#include "alerting/template/text_functions.h"

#include <array>
#include <chrono>
#include <cmath>
#include <limits>

#include "alerting/template/format.h"
#include "base/letter_case.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/regex.h"
#include "base/utf8.h"

namespace meerkat::alerting::templates {
namespace {

using Args = std::span<const Value>;

std::string FourDigits(double value) {
  return FormatFloatVerb(value, 'g', 4);
}

constexpr std::array<std::string_view, 8> kSmall = {"m", "u", "n", "p", "f", "a", "z", "y"};

// Below one: the prefix that makes it at least one.
std::string WithSmallPrefix(double value) {
  std::string_view prefix;
  for (const std::string_view next : kSmall) {
    if (std::abs(value) >= 1) break;
    prefix = next;
    value *= 1000;
  }
  return FourDigits(value) + std::string(prefix);
}

Result<Value> Match(Args args) {
  const auto regex = Regex::Compile(args[0].string(), Regex::Flavor::kUnanchored);
  if (!regex) return regex.error();
  return Value::Bool(regex->Matches(args[1].string()));
}

Result<Value> ReplaceAll(Args args) {
  const std::string& pattern = args[0].string();
  const auto regex = Regex::Compile(pattern, Regex::Flavor::kUnanchored);
  if (!regex) {
    const bool plain = pattern.find('`') == std::string::npos;
    return Error(Code::kExecution, "regexp: Compile(" +
                                       (plain ? "`" + pattern + "`" : Quote(pattern)) +
                                       "): " + regex.error().message());
  }
  return Value::String(regex->ReplaceAll(args[2].string(), args[1].string()));
}

bool IsLetterOrDigit(char32_t rune) {
  return rune == '_' || (rune >= '0' && rune <= '9') || (rune >= 'a' && rune <= 'z') ||
         (rune >= 'A' && rune <= 'Z') || (rune >= 0xAA && rune != 0xD7 && rune != 0xF7);
}

}  // namespace

Result<double> ToFloat(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kFloat:
      return value.number();
    case Value::Kind::kInt:
      return static_cast<double>(value.integer());
    case Value::Kind::kDuration:
      return static_cast<double>(value.integer()) / 1e9;
    case Value::Kind::kString: {
      if (const auto number = ParseFloat(value.string())) return *number;
      return Error(Code::kExecution,
                   "strconv.ParseFloat: parsing " + Quote(value.string()) + ": invalid syntax");
    }
    default:
      return Error(Code::kExecution, "can't convert " + value.TypeName() + " to float");
  }
}

std::string Humanize(double value) {
  if (value == 0 || !std::isfinite(value)) return FourDigits(value);
  if (std::abs(value) < 1) return WithSmallPrefix(value);
  std::string_view prefix;
  for (const std::string_view next : {"k", "M", "G", "T", "P", "E", "Z", "Y"}) {
    if (std::abs(value) < 1000) break;
    prefix = next;
    value /= 1000;
  }
  return FourDigits(value) + std::string(prefix);
}

std::string Humanize1024(double value) {
  if (std::abs(value) <= 1 || !std::isfinite(value)) return FourDigits(value);
  std::string_view prefix;
  for (const std::string_view next : {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"}) {
    if (std::abs(value) < 1024) break;
    prefix = next;
    value /= 1024;
  }
  return FourDigits(value) + std::string(prefix);
}

std::string HumanizeDuration(double seconds) {
  if (!std::isfinite(seconds)) return FourDigits(seconds);
  if (seconds == 0) return FourDigits(seconds) + "s";
  if (std::abs(seconds) < 1) return WithSmallPrefix(seconds) + "s";
  const std::string sign = seconds < 0 ? "-" : "";
  const double magnitude = std::abs(seconds);
  // Beyond what 64 bits count, Go's conversion gives the least of them.
  const std::int64_t whole = magnitude >= 0x1p63 ? std::numeric_limits<std::int64_t>::min()
                                                 : static_cast<std::int64_t>(magnitude);
  const std::string s = std::to_string(whole % 60) + "s";
  const std::string m = std::to_string(whole / 60 % 60) + "m ";
  const std::string h = std::to_string(whole / 3600 % 24) + "h ";
  const std::int64_t days = whole / 86400;
  if (days != 0) return sign + std::to_string(days) + "d " + h + m + s;
  if (whole / 3600 % 24 != 0) return sign + h + m + s;
  if (whole / 60 % 60 != 0) return sign + m + s;
  return sign + FourDigits(magnitude) + "s";
}

std::string TitleOnly(std::string_view text) {
  std::string out;
  bool inside = false;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t rune = TakeRune(text);
    const std::string_view bytes = before.substr(0, before.size() - text.size());
    if (inside) {
      out += bytes;
    } else {
      out += ToUpper(bytes);
    }
    inside = IsLetterOrDigit(rune) || rune == '\'';
    if (rune == '\'') inside = false;
  }
  return out;
}

std::string TitleCase(std::string_view text) {
  std::string out;
  bool inside = false;
  bool begun = false;  // the word has its capital
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t rune = TakeRune(text);
    const std::string_view bytes = before.substr(0, before.size() - text.size());
    if (!inside) begun = false;
    out += begun ? ToLower(bytes) : ToUpper(bytes);
    begun = begun || (IsLetterOrDigit(rune) && !(rune >= '0' && rune <= '9'));
    // An apostrophe or dot between letters does not begin a word.
    const bool joins = (rune == '\'' || rune == '.' || rune == 0x2019) && inside;
    inside = IsLetterOrDigit(rune) || joins;
  }
  return out;
}

FunctionSet SharedFunctions() {
  FunctionSet set;
  set["toUpper"] = {
      {Param::kString},
      false,
      [](Args args) -> Result<Value> { return Value::String(ToUpper(args[0].string())); },
      {}};
  set["toLower"] = {
      {Param::kString},
      false,
      [](Args args) -> Result<Value> { return Value::String(ToLower(args[0].string())); },
      {}};
  set["match"] = {{Param::kString, Param::kString}, false, Match, {}};
  set["reReplaceAll"] = {{Param::kString, Param::kString, Param::kString}, false, ReplaceAll, {}};
  set["safeHtml"] = {
      {Param::kString},
      false,
      [](Args args) -> Result<Value> { return Value::String(args[0].string(), &kSafeHtml); },
      {}};
  set["humanizeDuration"] = {{Param::kAny},
                             false,
                             [](Args args) -> Result<Value> {
                               const Result<double> seconds = ToFloat(args[0]);
                               if (!seconds) return seconds.error();
                               return Value::String(HumanizeDuration(*seconds));
                             },
                             {}};
  return set;
}

}  // namespace meerkat::alerting::templates
