#include "server/scrape/exposition/lex.h"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/number.h"
#include "base/quote.h"

namespace meerkat::scrape {
namespace {

constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr std::array<std::uint64_t, 9> kWholePowers = {1,      10,      100,      1000,     10000,
                                                       100000, 1000000, 10000000, 100000000};
constexpr int kExactPower = static_cast<int>(kPowersOfTen.size()) - 1;
constexpr std::size_t kExactDigits = 15;
// What TakeShortNumber may look at: a sign, 8 digits, a point, 16 digits, an exponent, an end.
constexpr std::size_t kShortNumber = 32;

// How many of the eight bytes at `text` are digits, up to the first that is none, and what they
// say.
inline std::size_t TakeDigits(const char* text, std::uint64_t& value) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof bytes);
  bytes ^= 0x3030303030303030;  // digits are now 0 to 9, all others more
  const std::uint64_t others = ((bytes + 0x7676767676767676) | bytes) & 0x8080808080808080;
  const std::size_t digits = static_cast<std::size_t>(std::countr_zero(others)) / 8;
  // Zeros in front; then neighbours are added up to pairs, these to fours, and these to eights.
  bytes = digits == 0 ? 0 : bytes << (64 - digits * 8);
  bytes = bytes * 10 + (bytes >> 8);
  constexpr std::uint64_t kPair = 0x000000ff000000ff;
  constexpr std::uint64_t kHundreds = 100 + (std::uint64_t{1000000} << 32);
  constexpr std::uint64_t kOnes = 1 + (std::uint64_t{10000} << 32);
  value = ((bytes & kPair) * kHundreds + (bytes >> 16 & kPair) * kOnes) >> 32;
  return digits;
}

// `digits` of them, `mantissa`, times ten to the `power`, when that can be had by one operation
// that rounds once: both are doubles then.
inline bool IsExact(std::size_t digits, int power) {
  return digits <= kExactDigits && power >= -kExactPower && power <= kExactPower;
}
inline double Scaled(std::uint64_t mantissa, int power, bool negative) {
  const auto digits = static_cast<double>(mantissa);
  const double value = power < 0 ? digits / kPowersOfTen[static_cast<std::size_t>(-power)]
                                 : digits * kPowersOfTen[static_cast<std::size_t>(power)];
  return negative ? -value : value;
}

// The exponent at `at`, as Go writes it for numbers from a million on: e, a sign and two digits.
// The place behind it; null when there is none.
inline const char* TakeExponent(const char* at, int& exponent) {
  const bool here =
      *at == 'e' && (at[1] == '+' || at[1] == '-') && IsDigit(at[2]) && IsDigit(at[3]);
  if (!here) return nullptr;
  const int digits = (at[2] - '0') * 10 + (at[3] - '0');
  exponent = at[1] == '-' ? -digits : digits;
  return at + 4;
}

// The usual of the usual; kShortNumber bytes can be read. Null: it is something else.
inline const char* TakeShortNumber(const char* at, double& value) {
  const bool negative = *at == '-';
  if (negative) ++at;
  std::uint64_t mantissa = 0;
  std::size_t digits = TakeDigits(at, mantissa);
  if (digits == 0) return nullptr;
  at += digits;
  if (*at == '\n') {
    value = negative ? -static_cast<double>(mantissa) : static_cast<double>(mantissa);
    return at;
  }
  int power = 0;
  if (*at == '.') {
    ++at;
    for (int i = 0; i < 2; ++i) {
      std::uint64_t fraction = 0;
      const std::size_t more = TakeDigits(at, fraction);
      mantissa = mantissa * kWholePowers[more] + fraction;
      digits += more;
      power -= static_cast<int>(more);
      at += more;
      if (more < 8) break;
    }
  }
  int exponent = 0;
  if (const char* behind = TakeExponent(at, exponent)) {
    power += exponent;
    at = behind;
  }
  if ((*at != '\n' && *at != ' ') || !IsExact(digits, power)) return nullptr;
  value = Scaled(mantissa, power, negative);
  return at;
}

}  // namespace

std::string_view TokenName(Token token) {
  switch (token) {
    case Token::kInvalid:
      return "INVALID";
    case Token::kEof:
      return "EOF";
    case Token::kLinebreak:
      return "LINEBREAK";
    case Token::kHelp:
      return "HELP";
    case Token::kType:
      return "TYPE";
    case Token::kUnit:
      return "UNIT";
    case Token::kEofWord:
      return "EOFWORD";
    case Token::kText:
      return "TEXT";
    case Token::kComment:
      return "COMMENT";
    case Token::kMetricName:
      return "MNAME";
    case Token::kQuoted:
      return "QSTRING";
    case Token::kBraceOpen:
      return "BOPEN";
    case Token::kBraceClose:
      return "BCLOSE";
    case Token::kLabelName:
      return "LNAME";
    case Token::kLabelValue:
      return "LVALUE";
    case Token::kComma:
      return "COMMA";
    case Token::kEqual:
      return "EQUAL";
    case Token::kTimestamp:
      return "TIMESTAMP";
    case Token::kValue:
      return "VALUE";
  }
  return "";
}

bool SkipQuoted(std::string_view text, std::size_t& at, bool lines) {
  for (++at; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      ++at;
      return true;
    }
    if (c == '\n' && !lines) return false;
    if (c != '\\') continue;
    ++at;
    if (at >= text.size() || text[at] == '\n') return false;
  }
  return false;
}

Result<double> ParseSampleValue(std::string_view text) {
  if (text.find_first_of("pP_") != std::string_view::npos) {
    return Error(Code::kInvalid, "unsupported character in float");
  }
  const auto value = ParseFloat(text);
  if (!value) {
    return Error(Code::kInvalid, "strconv.ParseFloat: parsing " + Quote(text) + ": invalid syntax");
  }
  if (std::isinf(*value) && text.find_first_of("nN") == std::string_view::npos) {
    return Error(Code::kInvalid,
                 "strconv.ParseFloat: parsing " + Quote(text) + ": value out of range");
  }
  return std::isnan(*value) ? NormalNan() : *value;
}

std::optional<double> ParsePlainNumber(std::string_view text, std::size_t& length) {
  const char* at = text.data();
  const char* const end = at + text.size();
  double value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    if (text.size() >= kShortNumber) [[likely]] {
      if (const char* behind = TakeShortNumber(at, value)) [[likely]] {
        length = static_cast<std::size_t>(behind - at);
        return value;
      }
    }
  }
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  const char* const digits = at;
  std::uint64_t mantissa = 0;
  while (at != end && IsDigit(*at))
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at++ - '0');
  std::size_t count = static_cast<std::size_t>(at - digits);
  std::size_t fraction = 0;
  if (at != end && *at == '.') {
    const char* const point = ++at;
    while (at != end && IsDigit(*at)) {
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at++ - '0');
    }
    fraction = static_cast<std::size_t>(at - point);
    count += fraction;
  }
  if (at == end || count == 0) return std::nullopt;
  int power = -static_cast<int>(std::min<std::size_t>(fraction, 1000));
  int exponent = 0;
  if (const char* behind = end - at > 3 ? TakeExponent(at, exponent) : nullptr) {
    power += exponent;
    at = behind;
  }
  if (at != end && (*at == '\n' || *at == ' ') && IsExact(count, power)) {
    length = static_cast<std::size_t>(at - text.data());
    return Scaled(mantissa, power, negative);
  }
  const auto parsed = fast_float::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr == end || !std::isfinite(value)) return std::nullopt;
  if (*parsed.ptr != '\n' && *parsed.ptr != ' ') return std::nullopt;
  length = static_cast<std::size_t>(parsed.ptr - text.data());
  return value;
}

std::string Unescape(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && (next == '\\' || next == '"' || next == 'n')) {
      out += next == 'n' ? '\n' : next;
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string UnescapeHelp(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && (next == '\\' || next == 'n')) {
      out += next == 'n' ? '\n' : next;
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string FormatOpenMetricsFloat(double value) {
  std::string text = FormatFloat(value, 'g');
  if (std::isfinite(value) && text.find_first_of("e.") == std::string::npos) text += ".0";
  return text;
}

std::string NormalizeLabelValue(tsdb::MetricType type, std::string_view name,
                                std::string_view value) {
  const bool bound = (type == tsdb::MetricType::kHistogram && name == "le") ||
                     (type == tsdb::MetricType::kSummary && name == "quantile");
  if (bound) {
    const auto number = ParseFloat(value);
    const bool in_range =
        number && (!std::isinf(*number) || value.find_first_of("nN") != std::string_view::npos);
    if (in_range && value.find('_') == std::string_view::npos) {
      return FormatOpenMetricsFloat(*number);
    }
  }
  return std::string(value);
}

void AppendLabels(std::string_view body, const SeriesParts& parts, tsdb::MetricType type,
                  RawLabels& labels) {
  labels.clear();
  labels.emplace_back(kMetricName, Unescape(parts.metric.In(body)));
  for (const auto& [name_piece, value_piece] : parts.labels) {
    std::string name = Unescape(name_piece.In(body));
    std::string value = NormalizeLabelValue(type, name, Unescape(value_piece.In(body)));
    labels.emplace_back(std::move(name), std::move(value));
  }
}

}  // namespace meerkat::scrape
