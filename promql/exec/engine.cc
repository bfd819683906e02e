#include "promql/engine.h"

#include <utility>

#include "promql/exec/query_run.h"
#include "promql/parse/deep.h"

namespace meerkat::promql {

Engine::Engine(EngineOptions options, const tsdb::Storage& storage)
    : options_(std::move(options)), storage_(&storage) {}

Result<QueryResult> Engine::Run(std::string_view query, const QueryOptions& options,
                                std::stop_token stop) const {
  if (options.prompt && MostNesting(query) > kShallow) {
    return Error(Code::kTimeout, "the query may need a thread of its own");
  }
  auto expr = Parse(query, options_.parse);
  if (!expr) return std::move(expr).error();
  return Run(**expr, query, options, std::move(stop));
}

Result<QueryResult> Engine::Run(const Expr& expr, std::string_view text,
                                const QueryOptions& options, std::stop_token stop) const {
  Result<QueryResult> result =
      Error(Code::kUnavailable, "no memory for an expression of such depth");
  CallDeep(DepthOf(expr), [&] {
    auto run = QueryRun::Prepare(options_, *storage_, expr, options, std::move(stop));
    result = run ? (*run)->Complete(text) : std::move(run).error();
  });
  return result;
}

}  // namespace meerkat::promql
