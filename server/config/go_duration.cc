#include "server/config/go_duration.h"

#include <cmath>
#include <string>
#include <utility>

#include "base/quote.h"

namespace meerkat::config {
namespace {

constexpr std::pair<std::string_view, double> kUnits[] = {
    {"ns", 1e-6}, {"us", 1e-3}, {"\u00b5s", 1e-3}, {"\u03bcs", 1e-3},
    {"ms", 1},    {"s", 1000},  {"m", 60'000},     {"h", 3'600'000}};
// 2^63 nanoseconds.
constexpr double kMaxMillis = 9'223'372'036'854.775;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

Result<Millis> ParseGoDuration(std::string_view text) {
  const auto invalid = [&text](std::string_view reason) {
    return Error(Code::kInvalid, "time: " + std::string(reason) + " duration " + Quote(text));
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return Millis(0);
  if (rest.empty()) return invalid("invalid");
  double total = 0;
  while (!rest.empty()) {
    double number = 0;
    double place = 1;
    bool fraction = false;
    std::size_t digits = 0;
    std::size_t end = 0;
    for (; end < rest.size() && (IsDigit(rest[end]) || (rest[end] == '.' && !fraction)); ++end) {
      if (rest[end] == '.') {
        fraction = true;
        continue;
      }
      ++digits;
      if (fraction) {
        place /= 10;
        number += place * (rest[end] - '0');
      } else {
        number = number * 10 + (rest[end] - '0');
      }
    }
    if (digits == 0) return invalid("invalid");
    rest.remove_prefix(end);
    std::size_t letters = 0;
    while (letters < rest.size() && rest[letters] != '.' && !IsDigit(rest[letters])) ++letters;
    if (letters == 0) return invalid("missing unit in");
    const std::string_view name = rest.substr(0, letters);
    rest.remove_prefix(letters);
    double millis = 0;
    for (const auto& [unit, size] : kUnits) {
      if (unit == name) millis = size;
    }
    if (millis == 0) return invalid("unknown unit " + Quote(name) + " in");
    total += number * millis;
    if (total > kMaxMillis) return invalid("invalid");
  }
  const auto rounded = static_cast<std::int64_t>(std::ceil(total));
  return Millis(negative ? -rounded : rounded);
}

}  // namespace meerkat::config
