#include "server/scrape/exposition/lex.h"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "base/number.h"
#include "base/quote.h"

namespace meerkat::scrape {
namespace {

constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

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
  // Go writes numbers from a million on with an exponent.
  int power = -static_cast<int>(std::min<std::size_t>(fraction, 1000));
  const bool scientific = *at == 'e' && end - at > 3 && (at[1] == '+' || at[1] == '-') &&
                          IsDigit(at[2]) && IsDigit(at[3]);
  if (scientific) {
    const int exponent = (at[2] - '0') * 10 + (at[3] - '0');
    power += at[1] == '-' ? -exponent : exponent;
    at += 4;
  }
  // Below 2^53 both the digits and the power of ten are exact, so one operation rounds once.
  constexpr int kExactPower = static_cast<int>(kPowersOfTen.size()) - 1;
  if (at != end && (*at == '\n' || *at == ' ') && count <= 15 && std::abs(power) <= kExactPower) {
    length = static_cast<std::size_t>(at - text.data());
    const double digits_value = static_cast<double>(mantissa);
    const double value = power < 0 ? digits_value / kPowersOfTen[static_cast<std::size_t>(-power)]
                                   : digits_value * kPowersOfTen[static_cast<std::size_t>(power)];
    return negative ? -value : value;
  }
  double value = 0;
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
