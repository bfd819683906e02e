#include "server/remote/otlp_names.h"

#include <algorithm>
#include <vector>

#include "base/trim.h"

namespace meerkat::remote::otlp {
namespace {

struct Unit {
  std::string_view code, name;
};
constexpr Unit kUnits[] = {
    {"d", "days"},
    {"h", "hours"},
    {"min", "minutes"},
    {"s", "seconds"},
    {"ms", "milliseconds"},
    {"us", "microseconds"},
    {"ns", "nanoseconds"},
    {"By", "bytes"},
    {"KiBy", "kibibytes"},
    {"MiBy", "mebibytes"},
    {"GiBy", "gibibytes"},
    {"TiBy", "tibibytes"},
    {"KBy", "kilobytes"},
    {"MBy", "megabytes"},
    {"GBy", "gigabytes"},
    {"TBy", "terabytes"},
    {"m", "meters"},
    {"V", "volts"},
    {"A", "amperes"},
    {"J", "joules"},
    {"W", "watts"},
    {"g", "grams"},
    {"Cel", "celsius"},
    {"Hz", "hertz"},
    {"1", ""},
    {"%", "percent"},
};
constexpr Unit kPerUnits[] = {
    {"s", "second"}, {"m", "minute"}, {"h", "hour"}, {"d", "day"},
    {"w", "week"},   {"mo", "month"}, {"y", "year"},
};

template <std::size_t N>
std::string_view NameOf(const Unit (&units)[N], std::string_view code) {
  for (const Unit& unit : units) {
    if (unit.code == code) return unit.name;
  }
  return code;
}

bool IsAlnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

struct UnitSuffixes {
  std::string main, per;  // "bytes", "per_second"
};

UnitSuffixes SuffixesOf(std::string_view unit) {
  UnitSuffixes suffixes;
  const auto slash = unit.find('/');
  const std::string_view main = Trim(unit.substr(0, slash));
  if (main.find_first_of("{}") == std::string_view::npos) suffixes.main = NameOf(kUnits, main);
  if (slash == std::string_view::npos) return suffixes;
  const std::string_view per = Trim(unit.substr(slash + 1));
  if (!per.empty() && per.find_first_of("{}") == std::string_view::npos) {
    suffixes.per = "per_" + std::string(NameOf(kPerUnits, per));
  }
  return suffixes;
}

// Runs of anything but letters, digits and ':' become one '_'; none at the front.
std::string CleanUnit(std::string_view unit) {
  std::string out;
  for (const char c : unit) {
    if (IsAlnum(c) || c == ':') {
      out += c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  return out;
}

std::vector<std::string> Tokens(std::string_view name, bool keep_underscores) {
  std::vector<std::string> tokens;
  std::string token;
  for (const char c : name) {
    if (IsAlnum(c) || c == ':' || (keep_underscores && c == '_')) {
      token += c;
    } else if (!token.empty()) {
      tokens.push_back(std::move(token));
      token.clear();
    }
  }
  if (!token.empty()) tokens.push_back(std::move(token));
  return tokens;
}

std::string Join(const std::vector<std::string>& tokens) {
  std::string out;
  for (const std::string& token : tokens) {
    if (!out.empty()) out += '_';
    out += token;
  }
  if (!out.empty() && IsDigit(out[0])) out.insert(0, "_");
  return out;
}

void TrimEnd(std::string& text, char c) {
  while (text.ends_with(c)) text.pop_back();
}

std::string EscapedWithSuffixes(const Metric& metric) {
  std::vector<std::string> tokens = Tokens(metric.name, false);
  const auto has = [&tokens](const std::string& word) {
    return std::find(tokens.begin(), tokens.end(), word) != tokens.end();
  };
  const UnitSuffixes raw = SuffixesOf(metric.unit);
  std::string main = CleanUnit(raw.main);
  std::string per = CleanUnit(raw.per);
  if (has(main)) main.clear();
  if (per == "per_") {
    per.clear();
  } else {
    TrimEnd(per, '_');
    if (has(per)) per.clear();
  }
  if (!per.empty()) TrimEnd(main, '_');
  if (!main.empty()) tokens.push_back(main);
  if (!per.empty()) tokens.push_back(per);
  const auto to_end = [&tokens](const std::string& word) {
    std::erase(tokens, word);
    tokens.push_back(word);
  };
  if (metric.kind == Metric::Kind::kSum && metric.monotonic) to_end("total");
  if (metric.unit == "1" && metric.kind == Metric::Kind::kGauge) to_end("ratio");
  return Join(tokens);
}

void DropSuffix(std::string& name, std::string_view suffix) {
  if (!suffix.empty() && name.size() > suffix.size() + 1 && name.ends_with(suffix) &&
      !IsAlnum(name[name.size() - suffix.size() - 1])) {
    name.resize(name.size() - suffix.size() - 1);
  }
}

std::string RawWithSuffixes(const Metric& metric) {
  std::string name = metric.name;
  const UnitSuffixes suffixes = SuffixesOf(metric.unit);
  const bool total = metric.kind == Metric::Kind::kSum && metric.monotonic;
  const bool ratio = metric.unit == "1" && metric.kind == Metric::Kind::kGauge;
  if (total) DropSuffix(name, "total");
  if (ratio) DropSuffix(name, "ratio");
  DropSuffix(name, suffixes.per);
  if (!suffixes.main.empty() && !name.ends_with(suffixes.main)) name += "_" + suffixes.main;
  if (!suffixes.per.empty()) name += "_" + suffixes.per;
  if (total) name += "_total";
  if (ratio) name += "_ratio";
  return name;
}

}  // namespace

std::string MetricName(const Metric& metric, TranslationStrategy strategy) {
  switch (strategy) {
    case TranslationStrategy::kUnderscoreEscapingWithSuffixes:
      return EscapedWithSuffixes(metric);
    case TranslationStrategy::kUnderscoreEscapingWithoutSuffixes:
      return Join(Tokens(metric.name, true));
    case TranslationStrategy::kNoUtf8EscapingWithSuffixes:
      return RawWithSuffixes(metric);
    case TranslationStrategy::kNoTranslation:
      break;
  }
  return metric.name;
}

std::string UnitName(std::string_view unit) {
  const UnitSuffixes suffixes = SuffixesOf(unit);
  std::string name = CleanUnit(suffixes.main);
  std::string per = CleanUnit(suffixes.per);
  TrimEnd(per, '_');
  if (per.empty() || per == "per") return name;
  TrimEnd(name, '_');
  return name.empty() ? per : name + "_" + per;
}

std::string LabelName(std::string_view name, const OtlpOptions& options) {
  const bool raw = options.strategy == TranslationStrategy::kNoUtf8EscapingWithSuffixes ||
                   options.strategy == TranslationStrategy::kNoTranslation;
  const auto is_blank = [](std::string_view label) {
    return label.find_first_not_of('_') == std::string_view::npos;
  };
  if (raw || name.empty()) return is_blank(name) ? std::string() : std::string(name);
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte < 0xc0) continue;  // one '_' for a whole UTF-8 sequence
    const char legal = IsAlnum(c) ? c : '_';
    if (legal == '_' && !options.label_name_preserve_multiple_underscores && out.ends_with('_')) {
      continue;
    }
    out += legal;
  }
  if (IsDigit(out[0])) {
    out.insert(0, "key_");
  } else if (options.label_name_underscore_sanitization && out.starts_with('_') &&
             !out.starts_with("__")) {
    out.insert(0, "key");
  }
  return is_blank(out) ? std::string() : out;
}

}  // namespace meerkat::remote::otlp
