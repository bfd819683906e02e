#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "server/web/prometheus/api.h"
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
  net::Response Query(const net::Request& request, std::stop_token stop);
  net::Response QueryRange(const net::Request& request, std::stop_token stop);
  net::Response Exemplars(const net::Request& request);
  net::Response Format(const net::Request& request);
  net::Response ParseTree(const net::Request& request);
  net::Response Run(const net::Request& request, const net::Params& form,
                    promql::QueryOptions options, std::uint64_t limit, std::stop_token stop);

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
  Registry& registry_;
  Gauge& running_;
  Counter& samples_;
  Counter& samples_read_;
  Slice queue_time_, prepare_time_, inner_eval_, result_sort_;
};

}  // namespace meerkat::web
