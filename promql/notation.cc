#include "promql/notation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "base/number.h"
#include "base/trim.h"
#include "promql/histogram_math.h"
#include "promql/parser.h"

namespace meerkat::promql {
namespace {

constexpr std::size_t kMaxSamples = 10'000'000;

Error Bad(std::string_view what) {
  return Error(Code::kInvalid, "invalid series value: " + std::string(what));
}

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::optional<std::size_t> ParseCount(std::string_view text) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return count;
}

Result<std::vector<double>> ParseList(std::string_view text) {
  std::vector<double> out;
  text = Trim(text);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    const auto number = ParseFloat(text.substr(0, end));
    if (!number) return Bad(text.substr(0, end));
    out.push_back(*number);
    text = Trim(text.substr(end));
  }
  return out;
}

bool SetHint(std::string_view text, Histogram& histogram) {
  using Hint = Histogram::ResetHint;
  constexpr std::pair<std::string_view, Hint> kHints[] = {{"unknown", Hint::kUnknown},
                                                          {"reset", Hint::kReset},
                                                          {"not_reset", Hint::kNotReset},
                                                          {"gauge", Hint::kGauge}};
  for (const auto& [name, hint] : kHints) {
    if (text != name) continue;
    histogram.reset_hint = hint;
    return true;
  }
  return false;
}

// One key:value of a histogram. The value of a list comes without its brackets.
Result<> SetField(std::string_view key, std::string_view value, Histogram& h,
                  std::int32_t& positive_offset, std::int32_t& negative_offset) {
  if (key == "counter_reset_hint") {
    if (!SetHint(value, h)) return Bad(value);
    return {};
  }
  if (key == "buckets" || key == "n_buckets" || key == "custom_values") {
    auto list = ParseList(value);
    if (!list) return std::move(list).error();
    (key == "buckets"     ? h.positive_buckets
     : key == "n_buckets" ? h.negative_buckets
                          : h.custom_bounds) = std::move(*list);
    return {};
  }
  const auto number = ParseFloat(value);
  if (!number) return Bad(value);
  if (key == "schema") {
    h.schema = static_cast<std::int32_t>(*number);
  } else if (key == "sum") {
    h.sum = *number;
  } else if (key == "count") {
    h.count = *number;
  } else if (key == "z_bucket") {
    h.zero_count = *number;
  } else if (key == "z_bucket_w") {
    h.zero_threshold = *number;
  } else if (key == "offset") {
    positive_offset = static_cast<std::int32_t>(*number);
  } else if (key == "n_offset") {
    negative_offset = static_cast<std::int32_t>(*number);
  } else {
    return Bad("bad histogram descriptor " + std::string(key));
  }
  return {};
}

// The series of samples that start a, a+b, …: `count` of them after the first.
Result<> Repeat(const NotatedValue& first, const NotatedValue& step, double sign, std::size_t count,
                std::vector<NotatedValue>& out) {
  if (count > kMaxSamples || out.size() + count > kMaxSamples) return Bad("too many samples");
  NotatedValue value = first;
  out.push_back(value);
  for (std::size_t i = 0; i < count; ++i) {
    if (step.histogram != nullptr && value.histogram != nullptr) {
      WorkingHistogram sum(*value.histogram);
      sum.Add(*step.histogram, sign);
      value.histogram = sum.Share();
    } else if (step.present) {
      value.value += sign * step.value;
    }
    out.push_back(value);
  }
  return {};
}

// The length of the number or {{…}} at the front of `text`.
std::size_t TokenLength(std::string_view text) {
  if (text.starts_with("{{")) {
    const std::size_t end = text.find("}}");
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  std::size_t end = 0;
  const auto exponent = [&](std::size_t at) {
    return at > 0 && (text[at - 1] == 'e' || text[at - 1] == 'E');
  };
  while (end < text.size() && !IsSpace(text[end])) {
    const char c = text[end];
    if (end > 0 && (c == '+' || c == '-') && !exponent(end)) break;
    if (c == 'x') break;
    ++end;
  }
  return end;
}

Result<NotatedValue> ParseOne(std::string_view token) {
  NotatedValue value;
  value.present = true;
  if (token.starts_with("{{")) {
    auto histogram = ParseNotatedHistogram(token);
    if (!histogram) return std::move(histogram).error();
    value.histogram = std::move(*histogram);
    return value;
  }
  if (token == "stale") {
    value.value = StaleNan();
    return value;
  }
  const auto number = ParseFloat(token);
  if (!number) return Bad(token);
  value.value = *number;
  return value;
}

}  // namespace

Result<HistogramPtr> ParseNotatedHistogram(std::string_view text) {
  text = Trim(text);
  if (!text.starts_with("{{") || !text.ends_with("}}")) return Bad(text);
  text = Trim(text.substr(2, text.size() - 4));
  auto h = std::make_shared<Histogram>();
  std::int32_t positive_offset = 0, negative_offset = 0;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return Bad(text);
    const std::string_view key = text.substr(0, colon);
    std::string_view value = text.substr(colon + 1);
    std::size_t used = 0;
    if (value.starts_with("[")) {
      const std::size_t close = value.find(']');
      if (close == std::string_view::npos) return Bad(text);
      used = close + 1;
      value = value.substr(1, close - 1);
    } else {
      used = std::min(value.find_first_of(" \t"), value.size());
      value = value.substr(0, used);
    }
    if (auto set = SetField(key, value, *h, positive_offset, negative_offset); !set) {
      return std::move(set).error();
    }
    text = Trim(text.substr(colon + 1 + used));
  }
  if (!h->positive_buckets.empty()) {
    h->positive_spans = {{positive_offset, static_cast<std::uint32_t>(h->positive_buckets.size())}};
  }
  if (!h->negative_buckets.empty()) {
    h->negative_spans = {{negative_offset, static_cast<std::uint32_t>(h->negative_buckets.size())}};
  }
  return HistogramPtr(std::move(h));
}

Result<std::vector<NotatedValue>> ParseNotatedValues(std::string_view text) {
  std::vector<NotatedValue> out;
  text = Trim(text);
  while (!text.empty()) {
    if (out.size() > kMaxSamples) return Bad("too many samples");
    std::size_t length = text[0] == '_' ? 1 : TokenLength(text);
    NotatedValue first;
    if (text[0] != '_') {
      auto parsed = ParseOne(text.substr(0, length));
      if (!parsed) return std::move(parsed).error();
      first = std::move(*parsed);
    }
    text.remove_prefix(length);
    NotatedValue step;
    double sign = 1;
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
      sign = text[0] == '-' ? -1 : 1;
      text.remove_prefix(1);
      length = TokenLength(text);
      auto parsed = ParseOne(text.substr(0, length));
      if (!parsed) return std::move(parsed).error();
      step = std::move(*parsed);
      text.remove_prefix(length);
      if (text.empty() || text[0] != 'x') return Bad("a step without a number of repetitions");
    }
    std::size_t repetitions = 0;
    if (!text.empty() && text[0] == 'x') {
      length = std::min(text.find_first_of(" \t\n"), text.size());
      const auto count = ParseCount(text.substr(1, length - 1));
      if (!count) return Bad(text.substr(0, length));
      text.remove_prefix(length);
      // _x3 is three gaps, 1x3 is the value and three more.
      if (!first.present && *count == 0) return Bad("_x0");
      repetitions = first.present ? *count : *count - 1;
    }
    if (auto done = Repeat(first, step, sign, repetitions, out); !done) {
      return std::move(done).error();
    }
    if (!text.empty() && !IsSpace(text[0])) return Bad(text);
    text = Trim(text);
  }
  return out;
}

Result<NotatedSeries> ParseNotatedSeries(std::string_view text) {
  text = Trim(text);
  // The labels end at the brace that closes them, outside of quotes, or at the first space.
  std::size_t end = 0;
  bool braces = false;
  char quote = 0;
  for (; end < text.size(); ++end) {
    const char c = text[end];
    if (quote != 0) {
      if (c == '\\' && quote != '`') {
        ++end;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (braces && (c == '"' || c == '\'' || c == '`')) {
      quote = c;
    } else if (c == '{') {
      if (!braces && text.substr(end).starts_with("{{")) break;
      braces = true;
    } else if (c == '}') {
      ++end;
      break;
    } else if (IsSpace(c) && !braces && !Trim(text.substr(end)).starts_with("{")) {
      break;
    } else if (IsSpace(c) && !braces && Trim(text.substr(end)).starts_with("{{")) {
      break;
    }
  }
  NotatedSeries series;
  auto labels = ParseSeriesLabels(Trim(text.substr(0, end)));
  if (!labels) return std::move(labels).error();
  series.labels = std::move(*labels);
  auto values = ParseNotatedValues(text.substr(std::min(end, text.size())));
  if (!values) return std::move(values).error();
  series.values = std::move(*values);
  return series;
}

}  // namespace meerkat::promql
