#include "base/quote.h"
#include "base/regex.h"
#include "base/utf8.h"
#include "promql/exec/operators.h"
#include "promql/funcs/registry.h"

// label_replace and label_join.
namespace meerkat::promql {
namespace {

const std::string& TextArgument(const Node& node, std::size_t index) {
  return static_cast<const StringLiteral*>(node.children[index]->expr)->value;
}

bool IsLabelName(std::string_view name) {
  return !name.empty() && IsValidUtf8(name);
}

// Sets one label of each row; rows that become alike are made one.
template <typename Change>
Result<> Relabel(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink,
                 std::string_view target, Change&& change) {
  UniqueRows unique(execution);
  LabelsBuilder builder;
  auto done = execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    builder.Reset(row.labels);
    if (change(row.labels, builder)) {
      row.labels = builder.Build();
      // A name that is set here is there to stay.
      if (target == kMetricName) row.drop_name = false;
    }
    return unique.Add(row);
  });
  return done ? unique.Flush(sink) : std::move(done);
}

Result<> LabelReplace(Execution& execution, const Node& node, const Grid& grid,
                      const RowSink& sink) {
  const std::string& target = TextArgument(node, 1);
  const std::string& replacement = TextArgument(node, 2);
  const std::string& source = TextArgument(node, 3);
  const std::string& pattern = TextArgument(node, 4);
  auto regex = Regex::Compile(pattern);
  if (!regex) {
    return Error(Code::kExecution, "invalid regular expression in label_replace(): " + pattern);
  }
  if (!IsLabelName(target)) {
    return Error(Code::kExecution, "invalid destination label name in label_replace(): " + target);
  }
  return Relabel(execution, node, grid, sink, target,
                 [&](const Labels& labels, LabelsBuilder& builder) {
                   const auto groups = regex->Groups(labels.Get(source));
                   if (groups.empty()) return false;
                   builder.Set(target, regex->Expand(replacement, groups));
                   return true;
                 });
}

Result<> LabelJoin(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  const std::string& target = TextArgument(node, 1);
  const std::string& separator = TextArgument(node, 2);
  std::vector<std::string> sources;
  for (std::size_t i = 3; i < node.children.size(); ++i) {
    sources.push_back(TextArgument(node, i));
    if (!IsLabelName(sources.back())) {
      return Error(Code::kExecution,
                   "invalid source label name in label_join(): " + sources.back());
    }
  }
  if (!IsLabelName(target)) {
    return Error(Code::kExecution, "invalid destination label name in label_join(): " + target);
  }
  std::string joined;
  return Relabel(execution, node, grid, sink, target,
                 [&](const Labels& labels, LabelsBuilder& builder) {
                   joined.clear();
                   for (std::size_t i = 0; i < sources.size(); ++i) {
                     if (i > 0) joined += separator;
                     joined += labels.Get(sources[i]);
                   }
                   builder.Set(target, joined);
                   return true;
                 });
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "label_replace", .call = LabelReplace, .keeps_name = true},
    {.name = "label_join", .call = LabelJoin, .keeps_name = true},
};

}  // namespace

std::span<const FunctionImpl> LabelFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
