#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meerkat {

// A quiet NaN with this very payload marks the end of a series; any other NaN is a value.
inline constexpr std::uint64_t kStaleNanBits = 0x7ff0000000000002ULL;
inline constexpr std::uint64_t kNormalNanBits = 0x7ff8000000000001ULL;
inline double StaleNan() {
  return std::bit_cast<double>(kStaleNanBits);
}
inline double NormalNan() {
  return std::bit_cast<double>(kNormalNanBits);
}
inline bool IsStaleNan(double value) {
  return std::bit_cast<std::uint64_t>(value) == kStaleNanBits;
}

// Go's strconv.FormatFloat(v, format, -1, 64): the shortest digits that read back exactly.
// 'f' never uses an exponent, 'e' always (1e+06), 'g' switches to
// 'e' when the exponent is < -4 or >= 6 (fmt's %v: 100000, 1e+06).
// NaN, +Inf, -Inf.
std::string FormatFloat(double value, char format = 'f');
// Sample values in the HTTP API's JSON: 'f', or 'e' when |v| < 1e-6 or >= 1e21 (and not 0).
void AppendSampleValue(std::string& out, double value);
// Milliseconds as seconds with up to three decimals and no trailing zeros: 1435781451.781.
void AppendSeconds(std::string& out, std::int64_t millis);

// Go's strconv.ParseFloat: decimal, hex (0x1p-2), inf/infinity/nan in any case with sign, no
// underscores. nullopt: not a number. Values beyond the range become ±Inf.
std::optional<double> ParseFloat(std::string_view text);

}  // namespace meerkat
