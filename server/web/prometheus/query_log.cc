#include "server/web/prometheus/query_log.h"

#include <cerrno>
#include <cstring>

#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "server/web/prometheus/result_body.h"

namespace meerkat::web {

QueryLog::QueryLog(Registry& registry)
    : enabled_gauge_(
          registry.gauge("prometheus_engine_query_log_enabled", "State of the query log.")),
      failures_(registry.counter("prometheus_engine_query_log_failures_total",
                                 "The number of query log failures.")) {}

Result<> QueryLog::Open(const std::string& path) {
  MutexLock lock(mu_);
  if (path == path_) return {};
  file_.close();
  file_.clear();
  path_.clear();
  enabled_gauge_.Set(0);
  if (path.empty()) return {};
  file_.open(path, std::ios::app);
  if (!file_) {
    return Error(Code::kUnavailable, "open query log " + path + ": " + std::strerror(errno));
  }
  path_ = path;
  enabled_gauge_.Set(1);
  return {};
}

bool QueryLog::enabled() const {
  MutexLock lock(mu_);
  return !path_.empty();
}

QueryLog::Client QueryLog::ClientOf(const net::Request& request) {
  const auto colon = request.remote_address.rfind(':');
  return {request.remote_address.substr(0, colon), request.method, request.path};
}

void QueryLog::WriteRequest(const Client& client, const Entry& entry) {
  std::string line = Begin(entry);
  line += ",\"httpRequest\":";
  JsonWriter json(line);
  json.BeginObject();
  json.Key("clientIP").String(client.ip);
  json.Key("method").String(client.method);
  json.Key("path").String(client.path);
  json.EndObject();
  Append(std::move(line));
}

void QueryLog::WriteRule(std::string_view file, std::string_view group, const Entry& entry) {
  std::string line = Begin(entry);
  line += ",\"ruleGroup\":";
  JsonWriter json(line);
  json.BeginObject();
  json.Key("file").String(file);
  json.Key("name").String(group);
  json.EndObject();
  Append(std::move(line));
}

// All of a line but where the query came from.
std::string QueryLog::Begin(const Entry& entry) {
  const promql::QueryOptions& options = entry.options;
  std::string line;
  JsonWriter json(line);
  json.BeginObject();
  json.Key("time").String(FormatRfc3339(entry.now));
  json.Key("level").String("INFO");
  json.Key("msg").String("promql query logged");
  json.Key("params").BeginObject();
  json.Key("end").String(FormatRfc3339Millis(options.end));
  json.Key("query").String(entry.query);
  json.Key("start").String(FormatRfc3339Millis(options.start));
  json.Key("step").Int(std::chrono::duration_cast<std::chrono::seconds>(options.step).count());
  json.EndObject();
  if (!entry.error.empty()) json.Key("error").String(entry.error);
  json.Key("stats");
  AppendStats(json, entry.stats, false);
  // What upstream writes of a query that no trace follows.
  json.Key("spanID").String("0000000000000000");
  return line;
}

void QueryLog::Append(std::string line) {
  line += "}\n";
  MutexLock lock(mu_);
  if (path_.empty()) return;
  file_ << line << std::flush;
  if (!file_) {
    failures_.Add();
    file_.clear();
  }
}

}  // namespace meerkat::web
