#include "server/web/prometheus/openapi.h"

#include <span>

#include "base/quote.h"

namespace meerkat::web {
namespace {

struct Operation {
  std::string_view path;
  std::string_view methods;     // get,post
  std::string_view parameters;  // names; '*' behind a required one, '+' behind a repeatable one
  std::string_view summary;
};

constexpr Operation kOperations[] = {
    {"/query", "get,post", "query* time timeout limit lookback_delta stats",
     "Evaluates an instant query."},
    {"/query_range", "get,post", "query* start* end* step* timeout limit lookback_delta stats",
     "Evaluates a query over a range of time."},
    {"/query_exemplars", "get,post", "query* start end", "Finds exemplars of a query's series."},
    {"/format_query", "get,post", "query*", "Formats a PromQL expression."},
    {"/parse_query", "get,post", "query*", "Gives the syntax tree of a PromQL expression."},
    {"/labels", "get,post", "match[]+ start end limit", "Lists label names."},
    {"/label/{name}/values", "get", "match[]+ start end limit", "Lists the values of a label."},
    {"/series", "get,post", "match[]*+ start end limit", "Finds series by label matchers."},
    {"/metadata", "get", "metric limit limit_per_metric", "Gives metadata of metrics."},
    {"/targets", "get", "state scrapePool", "Lists scrape targets."},
    {"/targets/metadata", "get", "match_target metric limit", "Gives metadata by target."},
    {"/targets/relabel_steps", "get", "scrapePool* labels*",
     "Shows what each relabeling rule does."},
    {"/scrape_pools", "get", "", "Lists scrape pools."},
    {"/scrape_pools/config", "get", "scrapePool*", "Gives the configuration of a scrape pool."},
    {"/alertmanagers", "get", "", "Lists Alertmanagers."},
    {"/rules", "get",
     "type rule_name[]+ rule_group[]+ file[]+ match[]+ exclude_alerts group_limit "
     "group_next_token",
     "Lists rules."},
    {"/rules/backtest", "get,post",
     "rule group file index yaml expr for keep_firing_for label[]+ start end interval "
     "notifications timeout",
     "Tries an alerting rule over stored history."},
    {"/alerts", "get", "", "Lists active alerts."},
    {"/status/config", "get", "", "Gives the loaded configuration."},
    {"/status/flags", "get", "", "Gives the command line flags."},
    {"/status/runtimeinfo", "get", "", "Tells about the running process."},
    {"/status/buildinfo", "get", "", "Tells the version."},
    {"/status/tsdb", "get", "limit", "Gives cardinality statistics."},
    {"/status/tsdb/blocks", "get", "", "Lists the blocks of the store."},
    {"/status/walreplay", "get", "", "Tells the progress of recovery."},
    {"/status/self_metrics", "get", "metric_name_pattern", "Gives the server's own metrics."},
    {"/features", "get", "", "Tells what the server can do."},
    {"/notifications", "get", "", "Lists notifications of the server to its users."},
    {"/notifications/live", "get", "", "Streams notifications as server-sent events."},
    {"/read", "post", "", "Answers a remote read request."},
    {"/write", "post", "", "Takes a remote write request."},
    {"/otlp/v1/metrics", "post", "", "Takes OTLP metrics."},
    {"/search/metric_names", "get,post", "match[]+ search[]+ start end limit batch_size",
     "Searches metric names."},
    {"/search/label_names", "get,post", "match[]+ search[]+ start end limit batch_size",
     "Searches label names."},
    {"/search/label_values", "get,post", "label* match[]+ search[]+ start end limit batch_size",
     "Searches label values."},
    {"/admin/tsdb/delete_series", "post,put", "match[]*+ start end", "Deletes series."},
    {"/admin/tsdb/clean_tombstones", "post,put", "", "Removes deleted data from disk."},
    {"/admin/tsdb/snapshot", "post,put", "skip_head", "Makes a snapshot."},
    {"/admin/tsdb/import", "post,put", "prometheus", "Takes history in."},
};

void AppendParameter(std::string& out, std::string_view word) {
  const bool repeated = word.ends_with('+');
  if (repeated) word.remove_suffix(1);
  const bool required = word.ends_with('*');
  if (required) word.remove_suffix(1);
  out += "        - name: " + Quote(word) + "\n          in: query\n";
  if (required) out += "          required: true\n";
  out += repeated ? "          schema: {type: array, items: {type: string}}\n"
                  : "          schema: {type: string}\n";
}

template <typename Visit>
void Split(std::string_view text, char separator, const Visit& visit) {
  while (!text.empty()) {
    const auto end = text.find(separator);
    visit(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace

std::string OpenApiDocument(std::string_view openapi_version, std::string_view external_url) {
  std::string out = "openapi: " + std::string(openapi_version) + "\n";
  out += "info:\n  title: Prometheus-compatible HTTP API\n  version: v1\n";
  std::string server(external_url);
  while (server.ends_with('/')) server.pop_back();
  out += "servers:\n  - url: " + Quote(server + "/api/v1") + "\n";
  out += "paths:\n";
  for (const Operation& operation : kOperations) {
    out += "  " + std::string(operation.path) + ":\n";
    Split(operation.methods, ',', [&](std::string_view method) {
      out += "    " + std::string(method) + ":\n";
      out += "      summary: " + std::string(operation.summary) + "\n";
      const bool in_path = operation.path.find("{name}") != std::string_view::npos;
      if (in_path || !operation.parameters.empty()) out += "      parameters:\n";
      if (in_path) {
        out +=
            "        - name: name\n          in: path\n          required: true\n"
            "          schema: {type: string}\n";
      }
      Split(operation.parameters, ' ', [&](std::string_view word) { AppendParameter(out, word); });
      out +=
          "      responses:\n"
          "        '200': {description: Success.}\n"
          "        default: {description: 'An error, with status, errorType and error.'}\n";
    });
  }
  return out;
}

}  // namespace meerkat::web
