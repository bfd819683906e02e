#include "base/duration.h"

#include <array>

#include "base/quote.h"

namespace meerkat {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t millis;
  bool exact;  // when printing: only if the rest divides evenly
};
constexpr std::int64_t kDay = 24LL * 60 * 60 * 1000;
constexpr std::array<Unit, 7> kUnits = {{{"y", 365 * kDay, true},
                                         {"w", 7 * kDay, true},
                                         {"d", kDay, false},
                                         {"h", 3'600'000, false},
                                         {"m", 60'000, false},
                                         {"s", 1000, false},
                                         {"ms", 1, false}}};
// Go's time.Duration counts nanoseconds in 64 bits.
constexpr std::int64_t kMaxMillis = 9'223'372'036'854'775'807LL / 1'000'000;

}  // namespace

Result<Millis> ParseDuration(std::string_view text) {
  const auto invalid = [&] {
    return Error(Code::kInvalid, "not a valid duration string: " + Quote(text));
  };
  if (text.empty()) return Error(Code::kInvalid, "empty duration string");
  if (text == "0") return Millis(0);
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::int64_t number = 0;
    std::size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') {
      number = number * 10 + (rest[digits] - '0');
      if (number > kMaxMillis) return Error(Code::kInvalid, "duration out of range");
      ++digits;
    }
    if (digits == 0) return invalid();
    rest.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < rest.size() && (rest[letters] < '0' || rest[letters] > '9')) ++letters;
    if (letters == 0) return invalid();
    const std::string_view name = rest.substr(0, letters);
    std::size_t unit = 0;
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (unit == kUnits.size()) {
      return Error(Code::kInvalid, "unknown unit " + Quote(name) + " in duration " + Quote(text));
    }
    if (unit < next_unit) return invalid();
    if (number > (kMaxMillis - total) / kUnits[unit].millis) {
      return Error(Code::kInvalid, "duration out of range");
    }
    total += number * kUnits[unit].millis;
    next_unit = unit + 1;
    rest.remove_prefix(letters);
  }
  return Millis(total);
}

std::string FormatDuration(Millis duration) {
  std::int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string out = rest < 0 ? "-" : "";
  if (rest < 0) rest = -rest;
  for (const Unit& unit : kUnits) {
    if (unit.exact && rest % unit.millis != 0) continue;
    if (const std::int64_t count = rest / unit.millis; count > 0) {
      out += std::to_string(count);
      out += unit.name;
      rest -= count * unit.millis;
    }
  }
  return out;
}

}  // namespace meerkat
