#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>
#include <type_traits>

#include "base/json_writer.h"
#include "server/scrape/open_metrics_reader.h"
#include "server/web/prometheus/answer.h"
#include "server/web/prometheus/api.h"
#include "server/web/prometheus/parameters.h"
#include "tsdb/transfer.h"

namespace meerkat::web {
namespace {

// 20060102T150405Z-0123456789abcdef
std::string SnapshotName(Timestamp now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(now - day));
  std::random_device random;
  const std::uint64_t tail = static_cast<std::uint64_t>(random()) << 32 | random();
  std::array<char, 64> text;
  const int size = std::snprintf(
      text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ-%016llx", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<unsigned long long>(tail));
  return std::string(text.data(), static_cast<std::size_t>(size));
}

net::Response DeleteSeries(const ApiContext& context, const net::Request& request) {
  const net::Params form = request.PlainForm();
  if (auto refused = RefuseForm(form)) return std::move(*refused);
  auto range = ParseRange(form);
  if (!range) return Fail(ErrorType::kBadData, range.error().message());
  auto sets = ParseSelectors(form);
  if (!sets) return FailParameter("match[]", sets.error().message());
  std::erase_if(*sets, [](const auto& set) { return set.empty(); });  // {} names no series
  tsdb::Database* database = context.doors.database();
  if (database == nullptr) return NoDatabase();
  auto deleted = database->DeleteSeries(*range, *sets);
  if (!deleted) return Fail(deleted.error());
  return net::Response::Empty(204);
}

net::Response CleanTombstones(const ApiContext& context, const net::Request&) {
  tsdb::Database* database = context.doors.database();
  if (database == nullptr) return NoDatabase();
  auto cleaned = database->CleanTombstones();
  if (!cleaned) return Fail(cleaned.error());
  return net::Response::Empty(204);
}

net::Response Snapshot(const ApiContext& context, const net::Request& request) {
  bool skip_head = false;
  const net::Params form = request.Form();
  if (const auto text = form.Get("skip_head"); !text.empty()) {
    const auto skip = ParseBool(text);
    if (!skip) {
      return FailParameter("skip_head", "unable to parse boolean: " + skip.error().message());
    }
    skip_head = *skip;
  }
  tsdb::Database* database = context.doors.database();
  if (database == nullptr) return NoDatabase();
  const std::string name = SnapshotName(context.doors.clock->Now());
  const std::filesystem::path parent(context.options.snapshot_directory);
  std::error_code error;
  std::filesystem::create_directories(parent, error);
  if (error) {
    return Fail(ErrorType::kInternal, "create snapshot directory: " + error.message());
  }
  auto made = database->Snapshot(parent / name, skip_head);
  if (!made) return Fail(ErrorType::kInternal, "create snapshot: " + made.error().message());
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("name").String(name);
  json.EndObject();
  return Succeed(data);
}

// Beyond upstream: history through the running server. The body is OpenMetrics with timestamps;
// without one, `prometheus` names a directory on the server's disk that Prometheus left.
net::Response Import(const ApiContext& context, const net::Request& request,
                     const std::stop_token& stop) {
  tsdb::Database* database = context.doors.database();
  if (database == nullptr) return NoDatabase();
  tsdb::ImportOptions options;
  options.stop = stop;
  const std::string directory(request.query.Get("prometheus"));
  Result<tsdb::ImportStats> stats = [&] {
    if (!directory.empty()) return tsdb::ImportPrometheus(directory, *database, options);
    scrape::OpenMetricsReader reader(request.body, {});
    return tsdb::ImportSamples(reader, *database, options);
  }();
  if (!stats) return Fail(stats.error());
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("blocks").Int(static_cast<std::int64_t>(stats->blocks));
  json.Key("series").Int(static_cast<std::int64_t>(stats->series));
  json.Key("samples").Int(static_cast<std::int64_t>(stats->samples));
  json.Key("refused").Int(static_cast<std::int64_t>(stats->refused));
  json.Key("damage").BeginArray();
  for (const std::string& damage : stats->damage) json.String(damage);
  json.EndArray().EndObject();
  return Succeed(data);
}

}  // namespace

std::vector<ApiRoute> AdminRoutes(const ApiContext& context) {
  const auto guarded = [context](auto function) -> net::Handler {
    return [context, function](const net::Request& request, std::stop_token stop) {
      if (!context.options.enable_admin_api) {
        return Fail(ErrorType::kUnavailable, "admin APIs disabled");
      }
      if constexpr (std::is_invocable_v<decltype(function), ApiContext, net::Request>) {
        return function(context, request);
      } else {
        return function(context, request, stop);
      }
    };
  };
  const std::vector<std::string> methods = {"POST", "PUT"};
  return {
      {methods, "/admin/tsdb/delete_series", guarded(DeleteSeries)},
      {methods, "/admin/tsdb/clean_tombstones", guarded(CleanTombstones)},
      {methods, "/admin/tsdb/snapshot", guarded(Snapshot)},
      {methods, "/admin/tsdb/import", guarded(Import)},
  };
}

}  // namespace meerkat::web
