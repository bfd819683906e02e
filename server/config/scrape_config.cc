#include "server/config/scrape_config.h"

#include <algorithm>
#include <set>

#include "base/quote.h"
#include "base/utf8.h"
#include "server/config/http_client_config.h"
#include "server/config/relabel_config.h"
#include "server/config/sd_config.h"

namespace meerkat::config {
namespace {

using scrape::EscapingScheme;
using scrape::ScrapeConfig;
using scrape::ScrapeProtocol;

constexpr std::pair<std::string_view, ScrapeProtocol> kProtocols[] = {
    {"OpenMetricsText0.0.1", ScrapeProtocol::kOpenMetrics001},
    {"OpenMetricsText1.0.0", ScrapeProtocol::kOpenMetrics100},
    {"PrometheusProto", ScrapeProtocol::kPrometheusProto},
    {"PrometheusText0.0.4", ScrapeProtocol::kPrometheusText004},
    {"PrometheusText1.0.0", ScrapeProtocol::kPrometheusText100},
};
constexpr std::pair<std::string_view, EscapingScheme> kEscapings[] = {
    {"allow-utf-8", EscapingScheme::kAllowUtf8},
    {"underscores", EscapingScheme::kUnderscores},
    {"dots", EscapingScheme::kDots},
    {"values", EscapingScheme::kValues},
};
constexpr std::pair<std::string_view, NameScheme> kSchemes[] = {
    {"utf8", NameScheme::kUtf8},
    {"legacy", NameScheme::kLegacy},
};

std::string UnknownProtocol(const std::string& text) {
  return "unknown scrape protocol " + text +
         ", supported: [OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto "
         "PrometheusText0.0.4 PrometheusText1.0.0]";
}

const ScrapeProtocol* FindProtocol(std::string_view name) {
  const auto* const found =
      std::ranges::find(kProtocols, name, &std::pair<std::string_view, ScrapeProtocol>::first);
  return found == std::end(kProtocols) ? nullptr : &found->second;
}

void ProtocolList(Fields& fields, std::vector<ScrapeProtocol>& protocols) {
  std::vector<std::string> names;
  for (const ScrapeProtocol protocol : protocols) {
    for (const auto& [name, known] : kProtocols) {
      if (known == protocol) names.emplace_back(name);
    }
  }
  if (!fields.Field("scrape_protocols", names)) return;
  if (fields.map().Find("scrape_protocols")->is_null()) return;
  protocols.clear();
  if (names.empty()) fields.Fail("scrape_protocols", "scrape_protocols cannot be empty");
  for (const std::string& name : names) {
    const ScrapeProtocol* const protocol = FindProtocol(name);
    if (protocol == nullptr) {
      fields.Fail("scrape_protocols", UnknownProtocol(name));
    } else if (std::ranges::find(protocols, *protocol) != protocols.end()) {
      fields.Fail("scrape_protocols", "duplicated protocol in scrape_protocols, got " + name);
    } else {
      protocols.push_back(*protocol);
    }
  }
}

void LimitFields(Fields& fields, scrape::ScrapeLimits& limits) {
  fields.Size("body_size_limit", limits.body_size);
  fields.Field("sample_limit", limits.samples);
  fields.Field("target_limit", limits.targets);
  fields.Field("label_limit", limits.labels);
  fields.Field("label_name_length_limit", limits.label_name_length);
  fields.Field("label_value_length_limit", limits.label_value_length);
}

std::string UnknownScheme(const std::string& text) {
  return "unrecognized metric name validation scheme: " + Quote(text);
}
std::string UnknownEscaping(const std::string& text) {
  return "unknown global name escaping method specified, must be one of 'allow-utf-8', "
         "'underscores', 'dots', or 'values', got " +
         Quote(text);
}

template <typename E>
void OptionalEnum(Fields& fields, std::string_view key, std::optional<E>& value,
                  Fields::Names<E> names, std::string (*reason)(const std::string&)) {
  E plain = value.value_or(names.front().second);
  const bool shown = value.has_value();
  if (fields.reading()) {
    const auto written = fields.map().Find(key);
    if (written && written->kind() == YamlValue::Kind::kScalar && written->text().empty()) return;
  }
  if (fields.Enum<E>(key, plain, names, shown ? Show::kAlways : Show::kNever, reason)) {
    value = plain;
  }
}

std::vector<ScrapeProtocol> DefaultProtocols(bool native) {
  std::vector<ScrapeProtocol> protocols;
  if (native) protocols.push_back(ScrapeProtocol::kPrometheusProto);
  protocols.insert(protocols.end(),
                   {ScrapeProtocol::kOpenMetrics100, ScrapeProtocol::kOpenMetrics001,
                    ScrapeProtocol::kPrometheusText100, ScrapeProtocol::kPrometheusText004});
  return protocols;
}

}  // namespace

void GlobalFields(Fields& fields, GlobalConfig& global) {
  if (fields.reading()) global.scrape_timeout = Millis(0);
  fields.Field("scrape_interval", global.scrape_interval);
  fields.Field("scrape_timeout", global.scrape_timeout);
  ProtocolList(fields, global.scrape_protocols);
  fields.Field("evaluation_interval", global.evaluation_interval);
  fields.Field("rule_query_offset", global.rule_query_offset);
  fields.Path("query_log_file", global.query_log_file);
  fields.Path("scrape_failure_log_file", global.scrape_failure_log_file);
  fields.Field("external_labels", global.external_labels);
  LimitFields(fields, global.limits);
  fields.Field("keep_dropped_targets", global.keep_dropped_targets);
  OptionalEnum<NameScheme>(fields, "metric_name_validation_scheme", global.name_scheme, kSchemes,
                           UnknownScheme);
  OptionalEnum<EscapingScheme>(fields, "metric_name_escaping_scheme", global.escaping_scheme,
                               kEscapings, UnknownEscaping);
  fields.Field("scrape_native_histograms", global.scrape_native_histograms);
  fields.Field("convert_classic_histograms_to_nhcb", global.convert_classic_histograms_to_nhcb);
  fields.Field("always_scrape_classic_histograms", global.always_scrape_classic_histograms);
  fields.Field("extra_scrape_metrics", global.extra_scrape_metrics);
  if (!fields.reading()) return;

  for (const auto& [name, value] : global.external_labels) {
    if (name.empty() || !IsValidUtf8(name)) {
      fields.FailAt({"external_labels", name}, Quote(name) + " is not a valid label name");
    }
    if (!IsValidUtf8(value)) {
      fields.FailAt({"external_labels", name}, Quote(value) + " is not a valid label value");
    }
  }
  const GlobalConfig defaults;
  if (global.scrape_interval == Millis(0)) global.scrape_interval = defaults.scrape_interval;
  if (global.scrape_timeout > global.scrape_interval) {
    fields.Fail("scrape_timeout", "global scrape timeout greater than scrape interval");
  }
  if (global.scrape_timeout == Millis(0)) {
    global.scrape_timeout = std::min(defaults.scrape_timeout, global.scrape_interval);
  }
  if (global.evaluation_interval == Millis(0)) {
    global.evaluation_interval = defaults.evaluation_interval;
  }
}

void ScrapeFields(Fields& fields, ScrapeConfig& job) {
  fields.Field("job_name", job.job_name, Show::kAlways);
  fields.Field("honor_labels", job.honor_labels);
  fields.Field("honor_timestamps", job.honor_timestamps, Show::kAlways);
  fields.Field("track_timestamps_staleness", job.track_timestamps_staleness, Show::kAlways);
  fields.Field("params", job.params);
  fields.Field("scrape_interval", job.scrape_interval);
  fields.Field("scrape_timeout", job.scrape_timeout);
  ProtocolList(fields, job.scrape_protocols);
  OptionalEnum<ScrapeProtocol>(fields, "fallback_scrape_protocol", job.fallback_scrape_protocol,
                               kProtocols, UnknownProtocol);
  fields.Field("scrape_native_histograms", job.scrape_native_histograms);
  fields.Field("always_scrape_classic_histograms", job.always_scrape_classic_histograms);
  fields.Field("convert_classic_histograms_to_nhcb", job.convert_classic_histograms_to_nhcb);
  fields.Field("extra_scrape_metrics", job.extra_scrape_metrics);
  fields.Path("scrape_failure_log_file", job.scrape_failure_log_file);
  fields.Field("metrics_path", job.metrics_path);
  fields.Field("scheme", job.scheme);
  fields.Field("enable_compression", job.enable_compression, Show::kAlways);
  LimitFields(fields, job.limits);
  fields.Field("native_histogram_bucket_limit", job.native_histogram_bucket_limit);
  fields.Field("native_histogram_min_bucket_factor", job.native_histogram_min_bucket_factor);
  fields.Field("keep_dropped_targets", job.keep_dropped_targets);
  // Which of the two was written decides what the other inherits: see InheritGlobal.
  if (fields.reading()) {
    std::optional<NameScheme> scheme;
    std::optional<EscapingScheme> escaping;
    OptionalEnum<NameScheme>(fields, "metric_name_validation_scheme", scheme, kSchemes,
                             UnknownScheme);
    OptionalEnum<EscapingScheme>(fields, "metric_name_escaping_scheme", escaping, kEscapings,
                                 UnknownEscaping);
    job.name_scheme_set = scheme;
    job.escaping_scheme_set = escaping;
  } else {
    fields.Enum<NameScheme>("metric_name_validation_scheme", job.name_scheme, kSchemes);
    fields.Enum<EscapingScheme>("metric_name_escaping_scheme", job.escaping_scheme, kEscapings);
  }
  HttpClientFields(fields, job.http);
  RelabelFields(fields, "relabel_configs", job.relabel_rules,
                "empty or null target relabeling rule in scrape config");
  RelabelFields(fields, "metric_relabel_configs", job.metric_relabel_rules,
                "empty or null metric relabeling rule in scrape config");
  SdFields(fields, job.service_discovery);

  if (job.job_name.empty()) fields.Fail("job_name", "job_name is empty");
  // Relabeling could still put them right.
  if (job.relabel_rules.empty()) CheckStaticTargets(fields, job.service_discovery);
}

std::string ScrapeConfigToYaml(const ScrapeConfig& job) {
  ScrapeConfig copy = job;
  YamlOut out = YamlOut::Map();
  Fields fields(out);
  ScrapeFields(fields, copy);
  return out.Print();
}

void InheritGlobal(Fields& fields, const YamlPath& place, ScrapeConfig& job,
                   const GlobalConfig& global) {
  // At the first of the keys that the job or the global section has.
  const auto fail = [&](std::initializer_list<std::string_view> keys, const std::string& text) {
    const std::string reason = text + " for scrape config with job name " + Quote(job.job_name);
    for (const std::string_view key : keys) {
      for (const YamlPath& section : {place, YamlPath{"global"}}) {
        const YamlPath where = Below(section, key);
        if (fields.map().Has(where)) return fields.FailAt(where, reason);
      }
    }
    fields.FailAt(place, reason);
  };
  if (job.scrape_interval == Millis(0)) job.scrape_interval = global.scrape_interval;
  if (job.scrape_timeout > job.scrape_interval) {
    fail({"scrape_timeout", "scrape_interval"}, "scrape timeout greater than scrape interval");
  }
  if (job.scrape_timeout == Millis(0)) {
    job.scrape_timeout = std::min(global.scrape_timeout, job.scrape_interval);
  }
  const auto inherit = [](auto& own, const auto& from) {
    if (own == std::decay_t<decltype(own)>{}) own = from;
  };
  inherit(job.limits.body_size, global.limits.body_size);
  inherit(job.limits.samples, global.limits.samples);
  inherit(job.limits.targets, global.limits.targets);
  inherit(job.limits.labels, global.limits.labels);
  inherit(job.limits.label_name_length, global.limits.label_name_length);
  inherit(job.limits.label_value_length, global.limits.label_value_length);
  inherit(job.keep_dropped_targets, global.keep_dropped_targets);
  inherit(job.scrape_failure_log_file, global.scrape_failure_log_file);
  const auto inherit_flag = [](std::optional<bool>& own, bool from) {
    if (!own) own = from;
  };
  inherit_flag(job.scrape_native_histograms, global.scrape_native_histograms);
  inherit_flag(job.convert_classic_histograms_to_nhcb, global.convert_classic_histograms_to_nhcb);
  inherit_flag(job.always_scrape_classic_histograms, global.always_scrape_classic_histograms);
  inherit_flag(job.extra_scrape_metrics, global.extra_scrape_metrics);
  inherit(job.scrape_protocols, global.scrape_protocols);
  if (job.scrape_protocols.empty()) {
    job.scrape_protocols = DefaultProtocols(*job.scrape_native_histograms);
  }

  // The default of the escaping follows the validation scheme that is written nearest.
  const auto default_escaping = [](NameScheme scheme) {
    return scheme == NameScheme::kLegacy ? EscapingScheme::kUnderscores
                                         : EscapingScheme::kAllowUtf8;
  };
  const NameScheme global_scheme = global.name_scheme.value_or(NameScheme::kUtf8);
  job.name_scheme = job.name_scheme_set.value_or(global_scheme);
  if (job.escaping_scheme_set) {
    job.escaping_scheme = *job.escaping_scheme_set;
  } else if (job.name_scheme_set) {
    job.escaping_scheme = default_escaping(job.name_scheme);
  } else {
    job.escaping_scheme = global.escaping_scheme.value_or(default_escaping(global_scheme));
  }
  if (job.name_scheme == NameScheme::kLegacy && job.escaping_scheme == EscapingScheme::kAllowUtf8) {
    fail({"metric_name_escaping_scheme", "metric_name_validation_scheme"},
         "utf8 metric names requested but validation scheme is not set to UTF8");
  }
  if (job.name_scheme == NameScheme::kLegacy) {
    const auto remake = [&](std::string_view key, std::vector<RelabelRule>& rules) {
      RemakeRules(fields, Below(place, key), NameScheme::kLegacy, rules);
    };
    remake("relabel_configs", job.relabel_rules);
    remake("metric_relabel_configs", job.metric_relabel_rules);
  }
}

}  // namespace meerkat::config
