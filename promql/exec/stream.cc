#include "promql/stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "promql/exec/binary_value.h"
#include "promql/exec/operators.h"
#include "promql/exec/query_run.h"
#include "promql/funcs/registry.h"
#include "promql/parse/deep.h"

// Range queries that look at one series at a time, answered part by part.
//
// Once the first part is sent an error cannot be told any more, so before that everything is
// checked that could make one: that the order of the series is the order of their results, that no
// two become one, and that all results together keep within max_samples. What does not pass is
// computed to its end first, as any other query.
namespace meerkat::promql {
namespace {

// Points of one part: half a megabyte of text, some milliseconds of work.
constexpr std::size_t kPartPoints = 16 << 10;

// Whether a row of the result comes from one series alone, and nothing but its samples decides
// about errors.
bool IsBySeries(const Node& node) {
  switch (node.kind) {
    case Expr::Kind::kVectorSelector:
      return !node.smoothed;
    case Expr::Kind::kMatrixSelector:
      return true;
    case Expr::Kind::kUnary:
      return IsBySeries(*node.children[0]);
    case Expr::Kind::kCall:
      return (node.function->range != nullptr || node.function->map != nullptr) &&
             node.children.size() == 1 && IsBySeries(*node.children[0]);
    case Expr::Kind::kBinary: {
      const bool number_first = node.children[0]->kind == Expr::Kind::kNumber;
      return node.children[number_first ? 0 : 1]->kind == Expr::Kind::kNumber &&
             IsBySeries(*node.children[number_first ? 1 : 0]);
    }
    default:
      return false;
  }
}

bool MayDropName(const Node& node) {
  switch (node.kind) {
    case Expr::Kind::kVectorSelector:
    case Expr::Kind::kMatrixSelector:
    case Expr::Kind::kNumber:
      return false;
    case Expr::Kind::kCall:
      return !node.function->keeps_name || MayDropName(*node.children[0]);
    default:
      return true;
  }
}

bool MayBeStreamed(const QueryRun& run) {
  if (run.grid().count == 0) return false;
  const Plan& plan = run.plan();
  return plan.selections.size() == 1 && plan.selections[0].uses == 1 && plan.selections[0].sorted &&
         !plan.root->names_vary && plan.root->type == ValueType::kVector && IsBySeries(*plan.root);
}

class Stream final : public MatrixStream {
 public:
  Stream(std::unique_ptr<Expr> expr, std::string text, std::unique_ptr<QueryRun> run,
         std::uint64_t max_samples)
      : expr_(std::move(expr)),
        text_(std::move(text)),
        run_(std::move(run)),
        max_samples_(max_samples),
        builder_(run_->execution(), run_->grid(), false) {
    run_->execution().set_feed(&feed_);
  }

  // The whole result, or its beginning.
  Result<Value> Begin(bool& is_all) {
    if (auto done = Compute(); !done) return std::move(done).error();
    is_all = feed_.done;
    if (is_all) return builder_.Finish(ValueType::kVector);
    auto certain = IsCertain();
    if (!certain) return std::move(certain).error();
    if (*certain) return Value(builder_.Take());
    feed_.room = std::numeric_limits<std::uint64_t>::max();
    is_all = true;
    if (auto done = run_->EvaluatePart(builder_); !done) return std::move(done).error();
    return builder_.Finish(ValueType::kVector);
  }

  Result<bool> Next(Matrix& series) override {
    series.clear();
    while (!feed_.done && series.empty()) {
      if (auto done = Compute(); !done) return std::move(done).error();
      series = builder_.Take();
    }
    return !series.empty();
  }

  QueryResult End() override { return run_->Finish(Matrix(), builder_.sort_seconds(), text_); }

 private:
  Result<> Compute() {
    feed_.room = std::max<std::uint64_t>(1, kPartPoints / run_->grid().count);
    return run_->EvaluatePart(builder_);
  }

  // That no series still to come can spoil what is sent before it.
  Result<bool> IsCertain() {
    // Histograms count by their size, which nobody knows beforehand.
    if (builder_.has_histograms()) return false;
    const Plan& plan = run_->plan();
    auto all = feed_.querier->Select(*plan.selections[0].matchers,
                                     tsdb::SelectHints{.sorted = true, .labels_only = true});
    if (!all) return std::move(all).error();
    const bool nameless = MayDropName(*plan.root);
    const std::uint64_t most = max_samples_ / run_->grid().count;
    Labels last;
    for (std::uint64_t count = 0;; ++count) {
      auto more = (*all)->Next();
      if (!more) return std::move(more).error();
      if (!*more) return true;
      if (count == most) return false;
      if (!nameless) continue;  // series come in order, no two are equal
      Labels labels = WithoutMetadata((*all)->labels());
      if (count > 0 && last >= labels) return false;
      last = std::move(labels);
    }
  }

  const std::unique_ptr<Expr> expr_;  // the plan points into it
  const std::string text_;
  const std::unique_ptr<QueryRun> run_;
  const std::uint64_t max_samples_;
  SeriesFeed feed_;
  ResultBuilder builder_;
};

}  // namespace

Result<QueryAnswer> Engine::Start(std::string_view query, const QueryOptions& options,
                                  std::stop_token stop) const {
  auto expr = Parse(query, options_.parse);
  if (!expr) return std::move(expr).error();
  QueryAnswer answer;
  if (DepthOf(**expr) > kShallow) {
    auto result = Run(**expr, query, options, std::move(stop));
    if (!result) return std::move(result).error();
    answer.result = std::move(*result);
    return answer;
  }
  auto run = QueryRun::Prepare(options_, *storage_, **expr, options, std::move(stop));
  if (!run) return std::move(run).error();
  const bool instant = options.step.count() <= 0;
  if (instant || !MayBeStreamed(**run)) {
    auto result = (*run)->Complete(query);
    if (!result) return std::move(result).error();
    answer.result = std::move(*result);
    return answer;
  }
  auto stream = std::make_unique<Stream>(std::move(*expr), std::string(query), std::move(*run),
                                         options_.max_samples);
  bool is_all = false;
  auto value = stream->Begin(is_all);
  if (!value) return std::move(value).error();
  if (is_all) {
    answer.result = stream->End();
  } else {
    answer.rest = std::move(stream);
  }
  answer.result.value = std::move(*value);
  return answer;
}

}  // namespace meerkat::promql
