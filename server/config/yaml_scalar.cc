#include "server/config/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "base/number.h"

namespace meerkat::config {
namespace {

struct Magnitude {
  bool negative = false;
  std::uint64_t value = 0;
};

std::string WithoutUnderscores(std::string_view text) {
  std::string plain(text);
  std::erase(plain, '_');
  return plain;
}

// strconv.ParseInt with base 0, over the whole range of a sign and 64 bits.
std::optional<Magnitude> ParseMagnitude(std::string_view text) {
  Magnitude result;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    result.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  if (text.empty() || text[0] == '-' || text[0] == '+') return std::nullopt;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), result.value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return result;
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool LooksLikeFloat(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - from;
  };
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  const std::size_t whole = digits();
  std::size_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    fraction = digits();
  }
  if (whole + fraction == 0) return false;
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

// Powers of 1024 for K, M, G, T, P, E.
constexpr std::string_view kPrefixes = "KMGTPE";

// The scale of "B", "KB" (or "KiB"), ...; 0 for anything else.
double UnitScale(std::string_view unit) {
  if (unit == "B") return 1;
  const std::size_t power = unit.empty() ? std::string_view::npos : kPrefixes.find(unit[0]);
  if (power == std::string_view::npos) return 0;
  const std::string_view suffix = unit.substr(1);
  if (suffix != "B" && suffix != "iB") return 0;
  return std::pow(1024.0, static_cast<double>(power + 1));
}

}  // namespace

std::optional<bool> ScalarToBool(std::string_view text) {
  static constexpr std::array<std::string_view, 11> kTrue = {
      "true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON"};
  static constexpr std::array<std::string_view, 11> kFalse = {
      "false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF"};
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return std::nullopt;
}

std::optional<std::int64_t> ScalarToInt(std::string_view text) {
  const std::string plain = WithoutUnderscores(text);
  if (const auto whole = ParseMagnitude(plain)) {
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (whole->value > kMax + (whole->negative ? 1 : 0)) return std::nullopt;
    return static_cast<std::int64_t>(whole->negative ? 0 - whole->value : whole->value);
  }
  if (!LooksLikeFloat(plain)) return std::nullopt;
  const auto number = ParseFloat(plain);
  if (!number || !(std::abs(*number) < 0x1p63)) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<std::uint64_t> ScalarToUint(std::string_view text) {
  const std::string plain = WithoutUnderscores(text);
  if (const auto whole = ParseMagnitude(plain)) {
    if (whole->negative && whole->value != 0) return std::nullopt;
    return whole->value;
  }
  if (!LooksLikeFloat(plain)) return std::nullopt;
  const auto number = ParseFloat(plain);
  if (!number || !(*number >= 0 && *number < 0x1p64)) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::optional<double> ScalarToFloat(std::string_view text) {
  std::string_view word = text;
  bool negative = false;
  if (!word.empty() && (word[0] == '-' || word[0] == '+')) {
    negative = word[0] == '-';
    word.remove_prefix(1);
  }
  if (word == ".inf" || word == ".Inf" || word == ".INF") {
    return negative ? -std::numeric_limits<double>::infinity()
                    : std::numeric_limits<double>::infinity();
  }
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return NormalNan();
  const std::string plain = WithoutUnderscores(text);
  if (const auto whole = ParseMagnitude(plain)) {
    const auto value = static_cast<double>(whole->value);
    return whole->negative ? -value : value;
  }
  if (!LooksLikeFloat(plain)) return std::nullopt;
  return ParseFloat(plain);
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  if (text == "0") return 0;
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::string_view number = text.substr(0, digits);
    text.remove_prefix(digits);
    const std::size_t letters = std::min(text.find_first_of("0123456789."), text.size());
    const double scale = UnitScale(text.substr(0, letters));
    text.remove_prefix(letters);
    const auto value = ParseFloat(number);
    if (!value || scale == 0) return std::nullopt;
    total += *value * scale;
  }
  if (!(total < 0x1p63)) return std::nullopt;
  return static_cast<std::uint64_t>(total);
}

}  // namespace meerkat::config
