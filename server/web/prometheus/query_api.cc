#include "server/web/prometheus/query_api.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>

#include "base/json_writer.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/thread_time.h"
#include "promql/stream.h"
#include "server/web/prometheus/answer.h"
#include "server/web/prometheus/parameters.h"
#include "server/web/prometheus/result_body.h"

namespace meerkat::web {
namespace {

constexpr std::int64_t kMaxPoints = 11'000;

constexpr std::size_t kPromptForm = 4096;  // bytes of URL and body of what is looked at at once

// Cuts a result to `limit` series; true when something was cut.
bool Truncate(promql::Value& value, std::uint64_t limit) {
  if (limit == 0) return false;
  if (auto* vector = std::get_if<promql::Vector>(&value); vector && vector->size() > limit) {
    vector->erase(vector->begin() + static_cast<std::ptrdiff_t>(limit), vector->end());
    return true;
  }
  if (auto* matrix = std::get_if<promql::Matrix>(&value); matrix && matrix->size() > limit) {
    matrix->erase(matrix->begin() + static_cast<std::ptrdiff_t>(limit), matrix->end());
    return true;
  }
  return false;
}

// Start, end and step of a range query. Or the answer to what cannot be one.
std::optional<net::Response> ReadGrid(const net::Params& form, promql::QueryOptions& options) {
  auto start = Moment::Parse(form.Get("start"));
  if (!start) return FailParameter("start", start.error().message());
  auto end = Moment::Parse(form.Get("end"));
  if (!end) return FailParameter("end", end.error().message());
  if (*end < *start) {
    return FailParameter("end", "end timestamp must not be before start time");
  }
  auto step = ParseDurationParameter(form.Get("step"));
  if (!step) return FailParameter("step", step.error().message());
  if (step->count() <= 0) {
    return FailParameter("step",
                         "zero or negative query resolution step widths are not accepted. Try a "
                         "positive integer");
  }
  if (end->Since(*start) / step->count() > kMaxPoints) {
    return Fail(ErrorType::kBadData,
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the "
                "query resolution (?step=XX)");
  }
  options.start = start->evaluated();
  options.end = end->evaluated();
  options.step = ToWholeMillis(*step);
  return std::nullopt;
}

std::size_t PointsOf(const promql::Value& value) {
  if (const auto* vector = std::get_if<promql::Vector>(&value)) return vector->size();
  std::size_t points = 1;
  if (const auto* matrix = std::get_if<promql::Matrix>(&value)) {
    for (const auto& series : *matrix) points += series.floats.size() + series.histograms.size();
  }
  return points;
}

// Writing and compressing a long answer costs as much as making it.
QueryCosts::Cost CostOf(const promql::QueryAnswer& answer, std::chrono::nanoseconds took) {
  constexpr std::size_t kShort = 500;
  if (PointsOf(answer.result.value) > kShort) return QueryCosts::Cost::max();
  return std::chrono::duration_cast<QueryCosts::Cost>(took);
}

Result<promql::QueryAnswer> AtOnce(Result<promql::QueryResult> result) {
  if (!result) return std::move(result).error();
  return promql::QueryAnswer{std::move(*result), nullptr};
}

}  // namespace

// What is counted and logged of one query, however it ends.
class QueryApi::Account {
 public:
  Account(QueryApi& api, const net::Request& request, std::string_view query,
          const promql::QueryOptions& options)
      : api_(&api), options_(options) {
    api_->running_.Add(1);
    if (!api_->log_.enabled()) return;
    client_ = QueryLog::ClientOf(request);
    query_ = query;
  }
  Account(Account&& other) noexcept
      : api_(std::exchange(other.api_, nullptr)),
        options_(other.options_),
        client_(std::move(other.client_)),
        query_(std::move(other.query_)) {}
  ~Account() {
    if (api_ != nullptr) Close({}, "query was canceled in query execution");
  }

  void Close(const promql::QueryStats& stats, std::string_view error) {
    if (error.empty()) api_->Observe(stats);
    if (client_) {
      api_->log_.WriteRequest(*client_,
                              {query_, options_, stats, error, api_->doors_.clock->Now()});
    }
    Forget();
  }
  void Forget() { std::exchange(api_, nullptr)->running_.Add(-1); }

 private:
  QueryApi* api_;  // null: closed
  const promql::QueryOptions options_;
  std::optional<QueryLog::Client> client_;  // with the text, when queries are logged
  std::string query_;
};

// A stream of series with the engine it needs, and its account.
class QueryApi::Stream : public promql::MatrixStream {
 public:
  Stream(std::shared_ptr<const promql::Engine> engine, std::unique_ptr<promql::MatrixStream> series,
         Account account, std::string query)
      : engine_(std::move(engine)),
        series_(std::move(series)),
        account_(std::move(account)),
        query_(std::move(query)) {}

  Result<bool> Next(promql::Matrix& series) override {
    auto more = series_->Next(series);
    if (more) return more;
    account_.Close({}, more.error().message());
    // Whoever asked cannot be told any more: the log names what was asked.
    return std::move(more).error().Within("query " + Quote(query_));
  }
  promql::QueryResult End() override {
    promql::QueryResult end = series_->End();
    account_.Close(end.stats, "");
    return end;
  }

 private:
  const std::shared_ptr<const promql::Engine> engine_;
  const std::unique_ptr<promql::MatrixStream> series_;
  Account account_;
  const std::string query_;
};

QueryApi::QueryApi(const ApiContext& context)
    : doors_(context.doors),
      options_(context.options),
      log_(context.registry),
      registry_(context.registry),
      running_(registry_.gauge("prometheus_engine_queries",
                               "The current number of queries being executed or waiting.")),
      samples_(registry_.counter("prometheus_engine_query_samples_total",
                                 "The total number of samples loaded by all queries.")),
      samples_read_(registry_.counter("prometheus_engine_query_samples_read_total",
                                      "The total number of samples read by all queries.")),
      queue_time_(SliceOf("queue_time")),
      prepare_time_(SliceOf("prepare_time")),
      inner_eval_(SliceOf("inner_eval")),
      result_sort_(SliceOf("result_sort")) {
  registry_
      .gauge("prometheus_engine_queries_concurrent_max", "The max number of concurrent queries.")
      .Set(static_cast<double>(options_.query_max_concurrency));
}

QueryApi::Slice QueryApi::SliceOf(std::string name) {
  const Labels labels{{"slice", name}};
  return {registry_.summary("prometheus_engine_query_duration_seconds", "Query timings.", labels),
          registry_.histogram("prometheus_engine_query_duration_histogram_seconds",
                              "The histogram of query timings.",
                              {.01, .1, 1, 10, 60, 120, 300, 600}, labels)};
}

void QueryApi::Observe(const promql::QueryStats& stats) {
  const auto observe = [](const Slice& slice, double seconds) {
    slice.summary.Observe(seconds);
    slice.histogram.Observe(seconds);
  };
  observe(queue_time_, stats.queue);
  observe(prepare_time_, stats.preparation);
  observe(inner_eval_, stats.inner_eval);
  observe(result_sort_, stats.result_sort);
  samples_.Add(static_cast<double>(stats.total_queryable_samples));
  samples_read_.Add(static_cast<double>(stats.samples_read));
}

std::vector<ApiRoute> QueryApi::Routes() {
  using net::Lane;
  const std::vector<std::string> both = {"GET", "POST"};
  const auto query = [&](Shape shape, std::string path) {
    ApiRoute route;
    route.methods = both;
    route.path = std::move(path);
    route.lane = Lane::kQuery;
    route.handler = [this, shape](const net::Request& request, std::stop_token stop) {
      return Answer(request, shape, std::move(stop));
    };
    route.prompt = [this, shape](const net::Request& request) {
      return AnswerPromptly(request, shape);
    };
    return route;
  };
  return {
      query(Shape::kInstant, "/query"),
      query(Shape::kRange, "/query_range"),
      {both, "/query_exemplars",
       [this](const net::Request& r, std::stop_token) { return Exemplars(r); }, Lane::kQuery},
      {both, "/format_query", [this](const net::Request& r, std::stop_token) { return Format(r); }},
      {both, "/parse_query",
       [this](const net::Request& r, std::stop_token) { return ParseTree(r); }},
  };
}

std::variant<QueryApi::Asked, net::Response> QueryApi::Understand(const net::Request& request,
                                                                  Shape shape) const {
  const net::Params form = request.Form();
  Asked asked;
  promql::QueryOptions& options = asked.options;
  auto limit = ParseLimit(form.Get("limit"));
  if (!limit) return FailParameter("limit", limit.error().message());
  asked.limit = *limit;
  if (shape == Shape::kInstant) {
    options.start = doors_.clock->Now();
    if (const auto text = form.Get("time"); !text.empty()) {
      auto time = ParseTimeParameter("time", text);
      if (!time) return FailParameter("time", time.error().message());
      options.start = time->evaluated();
    }
    options.end = options.start;
  } else if (auto refused = ReadGrid(form, options)) {
    return std::move(*refused);
  }
  if (const auto text = form.Get("timeout"); !text.empty()) {
    auto timeout = ParseDurationParameter(text);
    if (!timeout) return FailParameter("timeout", timeout.error().message());
    options.timeout = std::chrono::duration_cast<Millis>(*timeout);
    if (options.timeout->count() <= 0) {
      return Fail(ErrorType::kTimeout, "query timed out in expression evaluation");
    }
  }
  if (const auto text = form.Get("lookback_delta"); !text.empty()) {
    auto lookback = ParseDurationParameter(text);
    if (!lookback) {
      return Fail(ErrorType::kBadData,
                  "error parsing lookback delta duration: " + lookback.error().message());
    }
    if (lookback->count() > 0) {  // else the server's; below a millisecond nothing is found
      options.lookback = std::chrono::duration_cast<Millis>(*lookback);
    }
  }
  const std::string_view stats = form.Get("stats");
  options.stats = !stats.empty();
  asked.per_step_stats = stats == "all";
  if (options.stats && stats != "true" && stats != "all") {
    asked.notes.warnings.push_back("stats parameter value " + Quote(stats) +
                                   " is deprecated, use \"true\" or \"all\"");
  }
  asked.query = form.Get("query");
  return asked;
}

net::Response QueryApi::Answer(const net::Request& request, Shape shape, std::stop_token stop) {
  auto understood = Understand(request, shape);
  if (auto* refusal = std::get_if<net::Response>(&understood)) return std::move(*refusal);
  auto& asked = std::get<Asked>(understood);
  const auto engine = doors_.engine();
  if (engine == nullptr) return NoDatabase();
  promql::QueryOptions options = asked.options;
  options.stats = true;  // the metrics want them always
  Account account(*this, request, asked.query, asked.options);
  const auto begun = ThreadTime();
  // A limit cuts what is sorted; then there is no use in beginning early.
  auto answer = asked.limit == 0 ? engine->Start(asked.query, options, std::move(stop))
                                 : AtOnce(engine->Run(asked.query, options, std::move(stop)));
  if (!answer) {
    const Error& error = answer.error();
    // What does not parse is no query yet.
    if (error.code() == Code::kInvalid) {
      account.Forget();
      return FailParameter("query", error.message());
    }
    account.Close({}, error.message());
    return Fail(error);
  }
  if (answer->rest != nullptr) {
    answer->rest =
        std::make_unique<Stream>(engine, std::move(answer->rest), std::move(account), asked.query);
  } else {
    account.Close(answer->result.stats, "");
    costs_.Set(QueryCosts::KeyOf(asked.query, options), CostOf(*answer, ThreadTime() - begun));
  }
  asked.per_step_stats = asked.per_step_stats && engine->options().per_step_stats;
  return Respond(std::move(*answer), std::move(asked));
}

std::optional<net::Response> QueryApi::AnswerPromptly(const net::Request& request, Shape shape) {
  if (request.raw_query.size() + request.body.size() > kPromptForm) return std::nullopt;
  const auto engine = doors_.engine();
  // The query log is a file, and files may make their writers wait.
  if (engine == nullptr || log_.enabled()) return std::nullopt;
  auto understood = Understand(request, shape);
  if (auto* refusal = std::get_if<net::Response>(&understood)) return std::move(*refusal);
  auto& asked = std::get<Asked>(understood);
  promql::QueryOptions options = asked.options;
  options.stats = true;
  options.prompt = options_.prompt_patience;
  const QueryCosts::Key key = QueryCosts::KeyOf(asked.query, options);
  const auto cost = costs_.Of(key);
  if (!cost || *cost > options_.prompt_cost) return std::nullopt;
  Account account(*this, request, asked.query, asked.options);
  const auto begun = ThreadTime();
  auto answer = AtOnce(engine->Run(asked.query, options));
  if (!answer) {
    costs_.Set(key, QueryCosts::Cost::max());
    account.Forget();
    return std::nullopt;
  }
  account.Close(answer->result.stats, "");
  costs_.Set(key, CostOf(*answer, ThreadTime() - begun));
  asked.per_step_stats = asked.per_step_stats && engine->options().per_step_stats;
  return Respond(std::move(*answer), std::move(asked));
}

net::Response QueryApi::Respond(promql::QueryAnswer answer, Asked asked) {
  if (Truncate(answer.result.value, asked.limit)) {
    asked.notes.warnings.emplace_back(kTruncated);
  }
  net::Response response = net::Response::Json(200, "");
  response.body = ResultBody(std::move(answer), {asked.options.stats, asked.per_step_stats},
                             std::move(asked.notes));
  return response;
}

net::Response QueryApi::Exemplars(const net::Request& request) {
  const net::Params form = request.Form();
  auto range = ParseRange(form);
  if (!range) return Fail(ErrorType::kBadData, range.error().message());
  if (range->reversed) {
    return Fail(ErrorType::kBadData, "end timestamp must not be before start timestamp");
  }
  const auto engine = doors_.engine();
  tsdb::Database* database = doors_.database();
  if (engine == nullptr || database == nullptr) return NoDatabase();
  auto expr = promql::Parse(form.Get("query"), engine->options().parse);
  if (!expr) return Fail(ErrorType::kBadData, expr.error().message());
  std::vector<std::vector<Matcher>> selectors;
  for (const promql::VectorSelector* selector : promql::SelectorsOf(**expr))
    selectors.push_back(selector->matchers);
  if (selectors.empty()) return net::Response::Empty(204);
  auto found = database->Exemplars(*range, selectors);
  if (!found) return Fail(found.error());
  auto series = std::make_shared<std::vector<tsdb::SeriesExemplars>>(std::move(*found));
  const std::size_t count = series->size();
  return SucceedWithList(count, [series](std::string& out, std::size_t i) {
    const tsdb::SeriesExemplars& one = (*series)[i];
    out += "{\"seriesLabels\":";
    AppendLabels(out, one.series);
    out += ",\"exemplars\":[";
    bool first = true;
    for (const tsdb::Exemplar& exemplar : one.exemplars) {
      if (!first) out += ',';
      first = false;
      out += "{\"labels\":";
      AppendLabels(out, exemplar.labels);
      out += ",\"value\":\"";
      AppendSampleValue(out, exemplar.value);
      out += "\",\"timestamp\":";
      AppendSeconds(out, ToMillis(exemplar.time));
      out += '}';
    }
    out += "]}";
  });
}

net::Response QueryApi::Format(const net::Request& request) {
  const auto engine = doors_.engine();
  const promql::ParseOptions options =
      engine == nullptr ? promql::ParseOptions() : engine->options().parse;
  auto expr = promql::Parse(request.Form().Get("query"), options);
  if (!expr) return FailParameter("query", expr.error().message());
  std::string data;
  JsonWriter::AppendQuoted(data, promql::PrettyPrint(**expr));
  return Succeed(data);
}

net::Response QueryApi::ParseTree(const net::Request& request) {
  const auto engine = doors_.engine();
  const promql::ParseOptions options =
      engine == nullptr ? promql::ParseOptions() : engine->options().parse;
  auto expr = promql::Parse(request.Form().Get("query"), options);
  if (!expr) return FailParameter("query", expr.error().message());
  return Succeed(promql::ToJson(**expr));
}

}  // namespace meerkat::web
