#include "base/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace meerkat {
namespace {

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
         });
}

}  // namespace

namespace {

// The shortest digits without an exponent. Beyond 2^53 std::to_chars would print every digit of the
// exact value; Go, and so we, fill up with zeros.
char* PrintFixed(char* first, char* last, double value) {
  if (std::fabs(value) < 9007199254740992.0) {
    return std::to_chars(first, last, value, std::chars_format::fixed).ptr;
  }
  char* const end = std::to_chars(first, last, value, std::chars_format::scientific).ptr;
  char* const e = std::find(first, end, 'e');
  int exponent = 0;
  std::from_chars(e + 2, end, exponent);
  char* const units = first + (value < 0 ? 1 : 0);
  char* digits = e;
  if (units + 1 < e) {  // close the gap of the decimal point
    std::copy(units + 2, e, units + 1);
    digits = e - 1;
  }
  char* const stop = units + exponent + 1;
  std::fill(digits, stop, '0');
  return stop;
}

}  // namespace

std::string FormatFloat(double value, char format) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 400>
      buffer;  // 'f' of the largest double has 309 digits, of the smallest 324 decimals
  char* const first = buffer.data();
  char* const last = first + buffer.size();
  if (format == 'f') return {first, PrintFixed(first, last, value)};
  char* end = std::to_chars(first, last, value, std::chars_format::scientific).ptr;
  if (format == 'e') return {first, end};
  // 'g': with the shortest digits Go decides as if the precision were 6.
  const char* e = std::find(first, end, 'e');
  int exponent = 0;
  std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, exponent);
  if (exponent < -4 || exponent >= 6) return {first, end};
  return {first, std::to_chars(first, last, value, std::chars_format::fixed).ptr};
}

namespace {

// Values with up to three decimals are frequent, too, and five times cheaper to print as a whole
// number with a point in it. No two decimals of 15 digits are the same double, so one that gives
// `value` back is the shortest, its last zeros aside.
bool AppendThousandths(std::string& out, double value) {
  const double scaled = std::round(value * 1000);
  const double magnitude = std::fabs(scaled);
  if (!(magnitude >= 100 && magnitude < 1e15) || scaled / 1000 != value) return false;
  std::array<char, 24> buffer;
  auto digits = static_cast<std::uint64_t>(magnitude);
  std::size_t decimals = 3;
  for (; digits % 10 == 0; digits /= 10) --decimals;
  char* const first = buffer.data();
  char* const end = std::to_chars(first + 2, first + buffer.size(), digits).ptr;
  char* begin = first + 2;
  if (static_cast<std::size_t>(end - begin) <= decimals) *--begin = '0';  // 0.5: a digit in front
  char* const point = end - decimals;
  std::copy(begin, point, begin - 1);
  --begin;
  *(point - 1) = '.';
  if (value < 0) out += '-';
  out.append(begin, end);
  return true;
}

}  // namespace

void AppendSampleValue(std::string& out, double value) {
  const double magnitude = std::fabs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
  // Integers are by far the most frequent values, and cheaper to print as such.
  if (!exponent && magnitude < 1e15 && value == std::trunc(value) &&
      !(value == 0 && std::signbit(value))) {
    std::array<char, 24> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                   static_cast<std::int64_t>(value))
                         .ptr;
    out.append(buffer.data(), end);
    return;
  }
  if (std::isnan(value) || std::isinf(value)) {
    out += FormatFloat(value);
    return;
  }
  if (AppendThousandths(out, value)) return;
  std::array<char, 64> buffer;
  char* const first = buffer.data();
  char* const last = first + buffer.size();
  const char* const end = exponent
                              ? std::to_chars(first, last, value, std::chars_format::scientific).ptr
                              : PrintFixed(first, last, value);
  out.append(first, static_cast<std::size_t>(end - first));
}

void AppendSeconds(std::string& out, std::int64_t millis) {
  const bool negative = millis < 0;
  const std::uint64_t magnitude =
      negative ? 0 - static_cast<std::uint64_t>(millis) : static_cast<std::uint64_t>(millis);
  if (negative) out += '-';
  out += std::to_string(magnitude / 1000);
  const auto fraction = static_cast<unsigned>(magnitude % 1000);
  if (fraction == 0) return;
  std::array<char, 3> digits = {static_cast<char>('0' + fraction / 100),
                                static_cast<char>('0' + fraction / 10 % 10),
                                static_cast<char>('0' + fraction % 10)};
  std::size_t length = 3;
  while (digits[length - 1] == '0') --length;
  out += '.';
  out.append(digits.data(), length);
}

std::optional<double> ParseFloat(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  double value = 0;
  if (EqualsIgnoringCase(text, "inf") || EqualsIgnoringCase(text, "infinity")) {
    value = HUGE_VAL;
  } else if (EqualsIgnoringCase(text, "nan")) {
    return NormalNan();
  } else {
    auto form = std::chars_format::general;
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
      if (text.find_first_of("pP") == std::string_view::npos) return std::nullopt;
      text.remove_prefix(2);
      form = std::chars_format::hex;
    }
    // from_chars would take "inf", "nan" and a sign here; Go does not behind a sign.
    const char c = text.front();
    if (c != '.' && !(c >= '0' && c <= '9') && form != std::chars_format::hex) return std::nullopt;
    if (c == '-') return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, form);
    if (end != text.data() + text.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
      // Too large or too small; the sign of the exponent tells which.
      const std::size_t e = text.find_first_of("eEpP");
      const bool tiny = e != std::string_view::npos ? text.substr(e + 1).starts_with('-')
                                                    : text.starts_with("0.");
      value = tiny ? 0 : HUGE_VAL;
    } else if (error != std::errc()) {
      return std::nullopt;
    }
  }
  return negative ? -value : value;
}

}  // namespace meerkat
