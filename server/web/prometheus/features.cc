#include "server/web/prometheus/features.h"

#include <map>
#include <string_view>

#include "base/json_writer.h"
#include "promql/functions.h"

namespace meerkat::web {
namespace {

using Category = std::map<std::string, bool, std::less<>>;

void AddAll(Category& category, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) category[std::string(name)] = true;
}

}  // namespace

std::string FeaturesJson(const WebOptions& options) {
  std::map<std::string, Category, std::less<>> all;
  AddAll(all["api"], {"exclude_alerts", "label_values_match", "lifecycle", "limit", "openapi_3.1",
                      "openapi_3.2", "otlp_write_receiver", "query_stats", "query_warnings",
                      "remote_write_receiver", "rule_group_pagination", "time_range_labels",
                      "time_range_series", "admin", "search"});
  Category& api = all["api"];
  api["admin"] = options.enable_admin_api;
  api["lifecycle"] = options.enable_lifecycle;
  api["remote_write_receiver"] = options.enable_remote_write;
  api["otlp_write_receiver"] = options.enable_otlp;
  api["search"] = options.feature("search-api");

  AddAll(all["otlp_receiver"], {"native_histograms"});
  all["otlp_receiver"]["delta_conversion"] = options.feature("otlp-deltatocumulative");
  all["otlp_receiver"]["native_delta_ingestion"] = options.feature("otlp-native-delta-ingestion");

  Category& prometheus = all["prometheus"];
  prometheus["agent_mode"] = options.agent;
  prometheus["auto_reload_config"] = true;

  Category& promql = all["promql"];
  AddAll(promql,
         {"at_modifier", "bool", "by", "duration_expr", "group_left", "group_right", "ignoring",
          "negative_offset", "offset", "on", "per_query_lookback_delta", "subqueries", "without"});
  promql["anchored"] = promql["smoothed"] = options.feature("promql-extended-range-selectors");
  promql["fill"] = promql["fill_left"] = promql["fill_right"] =
      options.feature("promql-binop-fill-modifiers");
  promql["delayed_name_removal"] = options.feature("promql-delayed-name-removal");
  promql["experimental_functions"] = options.feature("promql-experimental-functions");
  promql["per_step_stats"] = options.feature("promql-per-step-stats");
  promql["type_and_unit_labels"] = options.feature("type-and-unit-labels");

  const bool experimental = options.feature("promql-experimental-functions");
  for (const promql::Function& function : promql::Functions()) {
    all["promql_functions"][std::string(function.name)] = experimental || !function.experimental;
  }
  AddAll(all["promql_operators"], {"+",
                                   "-",
                                   "*",
                                   "/",
                                   "%",
                                   "^",
                                   "==",
                                   "!=",
                                   "<",
                                   "<=",
                                   ">",
                                   ">=",
                                   "and",
                                   "or",
                                   "unless",
                                   "atan2",
                                   "</",
                                   ">/",
                                   "sum",
                                   "avg",
                                   "count",
                                   "min",
                                   "max",
                                   "group",
                                   "stddev",
                                   "stdvar",
                                   "topk",
                                   "bottomk",
                                   "count_values",
                                   "quantile"});
  all["promql_operators"]["limitk"] = all["promql_operators"]["limit_ratio"] = experimental;

  AddAll(all["rules"], {"keep_firing_for", "query_offset"});
  all["rules"]["concurrent_rule_eval"] = options.feature("concurrent-rule-eval");

  AddAll(all["scrape"], {"native_histograms", "openmetrics", "protobuf", "utf8_names"});
  all["scrape"]["extra_scrape_metrics"] = true;
  all["scrape"]["start_timestamp_zero_ingestion"] =
      options.feature("created-timestamp-zero-ingestion");

  AddAll(all["service_discovery_providers"],
         {"consul", "dns", "docker", "dockerswarm", "ec2", "file", "http", "kubernetes", "static"});

  AddAll(all["templating_functions"], {"args",
                                       "externalURL",
                                       "first",
                                       "graphLink",
                                       "humanize",
                                       "humanize1024",
                                       "humanizeDuration",
                                       "humanizePercentage",
                                       "humanizeTimestamp",
                                       "label",
                                       "match",
                                       "now",
                                       "parseDuration",
                                       "pathPrefix",
                                       "query",
                                       "reReplaceAll",
                                       "safeHtml",
                                       "sortByLabel",
                                       "stripDomain",
                                       "stripPort",
                                       "strvalue",
                                       "tableLink",
                                       "title",
                                       "tmpl",
                                       "toDuration",
                                       "toLower",
                                       "toTime",
                                       "toUpper",
                                       "urlQueryEscape",
                                       "value"});

  AddAll(all["tsdb"], {"exemplar_storage", "native_histograms", "out_of_order"});
  all["tsdb"]["delayed_compaction"] = options.feature("delayed-compaction");

  AddAll(all["ui"], {"alerts", "query", "targets"});

  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  for (const auto& [name, category] : all) {
    json.Key(name).BeginObject();
    for (const auto& [feature, on] : category) json.Key(feature).Bool(on);
    json.EndObject();
  }
  json.EndObject();
  return out;
}

}  // namespace meerkat::web
