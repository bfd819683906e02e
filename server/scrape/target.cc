#include "server/scrape/target.h"

#include <algorithm>

#include "base/duration.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "server/net/url.h"

namespace meerkat::scrape {
namespace {

constexpr std::string_view kInterval = "__scrape_interval__";
constexpr std::string_view kTimeout = "__scrape_timeout__";
constexpr std::string_view kPath = "__metrics_path__";
constexpr std::string_view kScheme = "__scheme__";
constexpr std::string_view kParam = "__param_";
constexpr std::string_view kConvert = "__convert_classic_histograms_to_nhcb__";
constexpr std::string_view kClassic = "__always_scrape_classic_histograms__";
constexpr std::string_view kNative = "__scrape_native_histograms__";

std::string_view BoolText(const std::optional<bool>& value) {
  return value.value_or(false) ? "true" : "false";
}

// Go's strconv.ParseBool.
std::optional<bool> ParseBool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

// A path as Go writes it into a URL.
std::string EscapePath(std::string_view path) {
  constexpr std::string_view kPlain = "-_.~$&+,/:;=@";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  if (path.empty() || path.front() != '/') out += '/';
  for (const char c : path) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append(1, '%').append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    }
  }
  return out;
}

std::string BuildUrl(const ScrapeConfig& config, const LabelsBuilder& labels) {
  std::map<std::string, std::vector<std::string>> params = config.params;
  for (const auto& [name, value] : labels.pairs()) {
    if (!name.starts_with(kParam)) continue;
    auto& values = params[name.substr(kParam.size())];
    if (values.empty()) values.emplace_back();
    values.front() = value;
  }
  net::Params query;
  for (const auto& [name, values] : params) {
    for (const std::string& value : values) query.Add(name, value);
  }
  std::string url =
      std::string(labels.Get(kScheme)) + "://" + std::string(labels.Get("__address__"));
  // An empty path stays empty, as Go leaves it.
  if (!labels.Get(kPath).empty()) url += EscapePath(labels.Get(kPath));
  if (const std::string encoded = query.Encode(); !encoded.empty()) url += "?" + encoded;
  return url;
}

// FNV-1a, 64 bits.
std::uint64_t HashOf(const Labels& labels, std::string_view url) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ labels.hash();
  for (const char c : url) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return hash;
}

Result<Millis> ReadDuration(const LabelsBuilder& labels, std::string_view name,
                            std::string_view what) {
  auto parsed = ParseDuration(labels.Get(name));
  if (!parsed) {
    return Error(Code::kInvalid,
                 "error parsing scrape " + std::string(what) + ": " + parsed.error().message());
  }
  if (*parsed == Millis(0)) {
    return Error(Code::kInvalid, "scrape " + std::string(what) + " cannot be 0");
  }
  return *parsed;
}

Result<bool> ReadFlag(const LabelsBuilder& labels, std::string_view name) {
  const auto flag = ParseBool(labels.Get(name));
  if (flag) return *flag;
  return Error(Code::kInvalid, "error parsing " + std::string(name) +
                                   ": strconv.ParseBool: parsing " + Quote(labels.Get(name)) +
                                   ": invalid syntax");
}

Labels WithoutPrefix(const LabelsBuilder& labels, std::string_view prefix) {
  std::vector<Label> kept;
  for (const auto& [name, value] : labels.pairs()) {
    if (!name.starts_with(prefix)) kept.push_back({name, value});
  }
  return Labels::FromSorted(kept);
}

Result<Target> Finish(const ScrapeConfig& config, LabelsBuilder& labels) {
  const std::string address(labels.Get("__address__"));
  if (address.empty()) return Error(Code::kInvalid, "no address");
  if (address.find('/') != std::string::npos) {
    return Error(Code::kInvalid, Quote(address) + " is not a valid hostname");
  }
  auto interval = ReadDuration(labels, kInterval, "interval");
  if (!interval) return std::move(interval).error();
  auto timeout = ReadDuration(labels, kTimeout, "timeout");
  if (!timeout) return std::move(timeout).error();
  if (*timeout > *interval) {
    return Error(Code::kInvalid, "scrape timeout cannot be greater than scrape interval (" +
                                     Quote(labels.Get(kTimeout)) + " > " +
                                     Quote(labels.Get(kInterval)) + ")");
  }
  auto native = ReadFlag(labels, kNative);
  if (!native) return std::move(native).error();
  auto classic = ReadFlag(labels, kClassic);
  if (!classic) return std::move(classic).error();
  auto convert = ReadFlag(labels, kConvert);
  if (!convert) return std::move(convert).error();

  if (labels.Get("instance").empty()) labels.Set("instance", address);
  for (const auto& [name, value] : labels.pairs()) {
    if (!IsValidUtf8(value)) {
      return Error(Code::kInvalid, "invalid label value for " + Quote(name) + ": " + Quote(value));
    }
  }
  Target target;
  target.all = WithoutPrefix(labels, "__meta_");
  target.labels = WithoutPrefix(labels, "__");
  target.url = BuildUrl(config, labels);
  target.interval = *interval;
  target.timeout = *timeout;
  target.native_histograms = *native;
  target.classic_beside_native = *classic;
  target.convert_classic = *convert;
  target.hash = HashOf(target.all, target.url);
  return target;
}

}  // namespace

Labels DiscoveredLabels(const ScrapeConfig& config, const Labels& target, const Labels& group) {
  LabelsBuilder labels(target);
  const auto set_default = [&labels](std::string_view name, std::string_view value) {
    if (labels.Get(name).empty()) labels.Set(name, value);
  };
  for (const Label label : group) set_default(label.name, label.value);
  set_default("job", config.job_name);
  set_default(kInterval, FormatDuration(config.scrape_interval));
  set_default(kTimeout, FormatDuration(config.scrape_timeout));
  set_default(kPath, config.metrics_path);
  set_default(kScheme, config.scheme);
  set_default(kConvert, BoolText(config.convert_classic_histograms_to_nhcb));
  set_default(kClassic, BoolText(config.always_scrape_classic_histograms));
  set_default(kNative, BoolText(config.scrape_native_histograms));
  for (const auto& [name, values] : config.params) {
    if (!values.empty()) set_default(std::string(kParam) + name, values.front());
  }
  return labels.Build();
}

TargetOutcome MakeTarget(const ScrapeConfig& config, const Labels& target, const Labels& group) {
  TargetOutcome outcome;
  outcome.discovered = DiscoveredLabels(config, target, group);
  LabelsBuilder labels(outcome.discovered);
  if (!Relabel(config.relabel_rules, labels)) return outcome;
  auto made = Finish(config, labels);
  if (made) {
    outcome.target = *std::move(made);
    outcome.target->discovered = outcome.discovered;
  } else {
    outcome.error = made.error().message();
  }
  return outcome;
}

Millis ScrapeOffset(const Target& target, std::uint64_t seed) {
  // To wake up for a single scrape costs as much as some hundred samples of it: caches have gone
  // cold, two threads are called, timers set. So targets come in groups: ten a second, and for
  // intervals of less than a second ten an interval.
  constexpr std::uint64_t kBeat = 100;
  const auto interval = static_cast<std::uint64_t>(target.interval.count());
  const std::uint64_t beat = std::max<std::uint64_t>(1, std::min(kBeat, interval / 10));
  const std::uint64_t spread = (target.hash ^ seed) % interval;
  return Millis((spread - spread % beat + seed % beat) % interval);
}

std::string AcceptHeader(const std::vector<ScrapeProtocol>& protocols, EscapingScheme escaping) {
  const auto scheme = [escaping]() -> std::string {
    switch (escaping) {
      case EscapingScheme::kAllowUtf8:
        return ";escaping=allow-utf-8";
      case EscapingScheme::kUnderscores:
        return ";escaping=underscores";
      case EscapingScheme::kDots:
        return ";escaping=dots";
      case EscapingScheme::kValues:
        return ";escaping=values";
    }
    return "";
  };
  constexpr int kKnownProtocols = 5;
  int weight = kKnownProtocols + 1;
  std::string out;
  for (const ScrapeProtocol protocol : protocols) {
    switch (protocol) {
      case ScrapeProtocol::kPrometheusProto:
        out +=
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding="
            "delimited";
        break;
      case ScrapeProtocol::kOpenMetrics100:
        out += "application/openmetrics-text;version=1.0.0" + scheme();
        break;
      case ScrapeProtocol::kOpenMetrics001:
        out += "application/openmetrics-text;version=0.0.1";
        break;
      case ScrapeProtocol::kPrometheusText100:
        out += "text/plain;version=1.0.0" + scheme();
        break;
      case ScrapeProtocol::kPrometheusText004:
        out += "text/plain;version=0.0.4";
        break;
    }
    out += ";q=0." + std::to_string(weight--) + ",";
  }
  return out + "*/*;q=0." + std::to_string(weight);
}

}  // namespace meerkat::scrape
