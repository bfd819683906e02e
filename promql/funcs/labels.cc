#include <algorithm>
#include <optional>

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

// A chain of label_replace can double a value at each link: nobody needs one this long.
constexpr std::size_t kLongestValue = 1 << 20;
// Made values beyond this size count against query.max-samples, 16 bytes a sample.
constexpr std::size_t kShortValue = 1 << 10;

Error TooLong(const Node& node, std::string_view label) {
  return Error(Code::kExecution, "label " + Quote(label) + " would be longer than " +
                                     std::to_string(kLongestValue) + " bytes in " +
                                     std::string(node.function->name) + "()");
}

// Sets one label of each row to what `change` gives, if anything; rows that become alike are made
// one.
template <typename Change>
Result<> Relabel(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink,
                 std::string_view target, Change&& change) {
  UniqueRows unique(execution);
  LabelsBuilder builder;
  Held held(execution.budget());
  auto done = execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    Result<std::optional<std::string>> value = change(row.labels);
    if (!value) return std::move(value).error();
    if (*value) {
      if ((*value)->size() > kLongestValue) return TooLong(node, target);
      if ((*value)->size() > kShortValue) {
        if (auto ok = held.Add(OfPoints((*value)->size() / 16)); !ok) return ok;
      }
      builder.Reset(row.labels);
      builder.Set(target, **value);
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
  const auto references =
      static_cast<std::size_t>(std::count(replacement.begin(), replacement.end(), '$'));
  using Made = Result<std::optional<std::string>>;
  return Relabel(execution, node, grid, sink, target, [&](const Labels& labels) -> Made {
    const std::string_view text = labels.Get(source);
    const auto groups = regex->Groups(text);
    if (groups.empty()) return std::optional<std::string>();
    // Each reference is at most the whole text; far too long is told without writing it.
    if (references * text.size() > 16 * kLongestValue) return TooLong(node, target);
    return std::optional(regex->Expand(replacement, groups));
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
  using Made = Result<std::optional<std::string>>;
  return Relabel(execution, node, grid, sink, target, [&](const Labels& labels) -> Made {
    std::string joined;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (i > 0) joined += separator;
      joined += labels.Get(sources[i]);
      if (joined.size() > kLongestValue) return TooLong(node, target);
    }
    return std::optional(std::move(joined));
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
