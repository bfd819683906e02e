#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/scrape/exposition/parser.h"
#include "tsdb/storage.h"

// What the two text formats have in common.
namespace meerkat::scrape {

enum class Token : unsigned char {
  kInvalid,
  kEof,
  kLinebreak,
  kHelp,
  kType,
  kUnit,
  kEofWord,
  kText,
  kComment,
  kMetricName,
  kQuoted,
  kBraceOpen,
  kBraceClose,
  kLabelName,
  kLabelValue,
  kComma,
  kEqual,
  kTimestamp,
  kValue,
};
std::string_view TokenName(Token token);

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool IsMetricStart(char c) {
  return IsNameStart(c) || c == ':';
}

// Moves `at` from the opening quote of a string to one past its closing quote. False, and `at` is
// where it broke off, when it does not end. `lines`: it may go on past line breaks.
bool SkipQuoted(std::string_view text, std::size_t& at, bool lines);

// A value as Go reads floats, without hexadecimal exponents and underscores; NaN in its one form.
// The error is Go's: `strconv.ParseFloat: parsing "x": invalid syntax`.
Result<double> ParseSampleValue(std::string_view text);

// The plain decimal number at the front of `text`, the usual case: digits, perhaps with a point
// and an exponent, ended by a space or line break. nullopt: let ParseSampleValue decide. `length`
// is what it took. Half as long for one of up to eight digits before the point and sixteen behind
// it that is not at the end of the text: then digits are read eight at a time.
std::optional<double> ParsePlainNumber(std::string_view text, std::size_t& length);

// \\ \" \n resolved, other backslashes kept. Help texts know no \".
std::string Unescape(std::string_view text);
std::string UnescapeHelp(std::string_view text);

// le="1" and quantile="0.5" in their float form ("1.0") for histograms and summaries.
std::string NormalizeLabelValue(tsdb::MetricType type, std::string_view name,
                                std::string_view value);
std::string FormatOpenMetricsFloat(double value);

// Where the pieces of one sample's name lie in the body: the metric name (begin == npos: none yet),
// then name and value of each label.
struct SeriesParts {
  struct Piece {
    std::size_t begin = std::string_view::npos;
    std::size_t end = 0;
    std::string_view In(std::string_view body) const { return body.substr(begin, end - begin); }
  };
  Piece metric;
  std::vector<std::pair<Piece, Piece>> labels;

  bool has_metric() const { return metric.begin != std::string_view::npos; }
  void Clear() {
    metric = {};
    labels.clear();
  }
};
void AppendLabels(std::string_view body, const SeriesParts& parts, tsdb::MetricType type,
                  RawLabels& labels);

}  // namespace meerkat::scrape
