#include "server/web/prometheus/query_log.h"

#include <cerrno>
#include <cstring>

#include "base/json_writer.h"
#include "base/rfc3339.h"

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

void QueryLog::Write(const net::Request& request, std::string_view query,
                     const promql::QueryOptions& options, const promql::QueryStats& stats,
                     std::string_view error, Timestamp now) {
  std::string line;
  JsonWriter json(line);
  json.BeginObject();
  json.Key("time").String(FormatRfc3339(now));
  json.Key("level").String("INFO");
  json.Key("msg").String("promql query logged");
  json.Key("params").BeginObject();
  json.Key("end").String(FormatRfc3339Millis(options.end));
  json.Key("query").String(query);
  json.Key("start").String(FormatRfc3339Millis(options.start));
  json.Key("step").Int(std::chrono::duration_cast<std::chrono::seconds>(options.step).count());
  json.EndObject();
  if (!error.empty()) json.Key("error").String(error);
  json.Key("stats").BeginObject();
  json.Key("timings").BeginObject();
  json.Key("evalTotalTime").Double(stats.eval_total);
  json.Key("execQueueTime").Double(stats.queue);
  json.Key("execTotalTime").Double(stats.exec_total);
  json.Key("innerEvalTime").Double(stats.inner_eval);
  json.Key("queryPreparationTime").Double(stats.preparation);
  json.Key("resultSortTime").Double(stats.result_sort);
  json.EndObject();
  json.Key("samples").BeginObject();
  json.Key("totalQueryableSamples").Int(static_cast<std::int64_t>(stats.total_queryable_samples));
  json.Key("peakSamples").Int(static_cast<std::int64_t>(stats.peak_samples));
  json.EndObject();
  json.EndObject();
  json.Key("httpRequest").BeginObject();
  const auto colon = request.remote_address.rfind(':');
  json.Key("clientIP").String(request.remote_address.substr(0, colon));
  json.Key("method").String(request.method);
  json.Key("path").String(request.path);
  json.EndObject();
  json.EndObject();
  line += '\n';
  MutexLock lock(mu_);
  if (path_.empty()) return;
  file_ << line << std::flush;
  if (!file_) {
    failures_.Add();
    file_.clear();
  }
}

}  // namespace meerkat::web
