#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "server/web/prometheus/answer.h"
#include "server/web/prometheus/api.h"
#include "server/web/prometheus/query_costs.h"
#include "server/web/prometheus/query_log.h"

namespace meerkat::web {

// /query, /query_range, /query_exemplars, /format_query, /parse_query: the road from a request to
// the engine, with its metrics and the query log. Threads: any.
class QueryApi {
 public:
  explicit QueryApi(const ApiContext& context);

  std::vector<ApiRoute> Routes();
  QueryLog& log() { return log_; }

 private:
  // What a request asks for.
  struct Asked {
    std::string query;
    promql::QueryOptions options;
    std::uint64_t limit = 0;  // series, 0: no limit
    bool per_step_stats = false;
    Notes notes;
  };
  enum class Shape : std::uint8_t { kInstant, kRange };
  // Or the answer to what asks for nothing that could be answered.
  std::variant<Asked, net::Response> Understand(const net::Request& request, Shape shape) const;

  net::Response Answer(const net::Request& request, Shape shape, std::stop_token stop);
  // Without leaving the io thread, when the query is known to be cheap.
  std::optional<net::Response> AnswerPromptly(const net::Request& request, Shape shape);
  static net::Response Respond(promql::QueryAnswer answer, Asked asked);
  net::Response Exemplars(const net::Request& request);
  net::Response Format(const net::Request& request);
  net::Response ParseTree(const net::Request& request);

  class Account;
  class Stream;
  struct Slice {
    Summary& summary;
    BucketHistogram& histogram;
  };
  Slice SliceOf(std::string name);
  void Observe(const promql::QueryStats& stats);

  const Doors& doors_;
  const WebOptions& options_;
  QueryLog log_;
  QueryCosts costs_;
  Registry& registry_;
  Gauge& running_;
  Counter& samples_;
  Counter& samples_read_;
  Slice queue_time_, prepare_time_, inner_eval_, result_sort_;
};

}  // namespace meerkat::web
