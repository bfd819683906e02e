#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "promql/exec/operators.h"
#include "promql/funcs/registry.h"

// sort and its variants: the order of an instant vector.
namespace meerkat::promql {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// The next run of digits or of anything else.
std::string_view TakeChunk(std::string_view& text) {
  std::size_t end = 1;
  while (end < text.size() && IsDigit(text[end]) == IsDigit(text[0])) ++end;
  const std::string_view chunk = text.substr(0, end);
  text.remove_prefix(end);
  return chunk;
}

std::optional<std::int64_t> ToNumber(std::string_view chunk) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(chunk.data(), chunk.data() + chunk.size(), number);
  if (error != std::errc() || end != chunk.data() + chunk.size()) return std::nullopt;
  return number;
}

// Natural order: digits count as numbers, so that 4m5 stands before 4m1000. Of two different texts
// one is always first.
bool NaturalLess(std::string_view a, std::string_view b) {
  while (!a.empty()) {
    if (b.empty()) return false;
    const std::string_view left = TakeChunk(a), right = TakeChunk(b);
    const auto left_number = ToNumber(left), right_number = ToNumber(right);
    const bool equal = left_number && right_number ? *left_number == *right_number : left == right;
    if (!equal) {
      return left_number && right_number ? *left_number < *right_number : left < right;
    }
    if (a.empty()) return true;
  }
  return !b.empty();
}

// Over a range the order of series is that of their labels, whatever was asked for.
template <typename Less>
Result<> SortRows(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink,
                  bool floats_only, Less&& less) {
  if (grid.count > 1) execution.notes().Add(Note::kSortInRangeQuery, node.expr->position);
  if (grid.count > 1) {
    return execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
      if (floats_only) row.histograms.clear();
      return sink(row);
    });
  }
  Held held(execution.budget());
  auto rows = execution.Gather(*node.children[0], grid, held);
  if (!rows) return std::move(rows).error();
  if (floats_only) std::erase_if(*rows, [](const Row& row) { return IsAbsent(row.values[0]); });
  std::stable_sort(rows->begin(), rows->end(), less);
  for (Row& row : *rows) {
    if (auto pushed = sink(row); !pushed) return pushed;
  }
  return {};
}

template <bool kDescending>
Result<> Sort(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  return SortRows(execution, node, grid, sink, true, [](const Row& a, const Row& b) {
    const double left = a.values[0], right = b.values[0];
    if (std::isnan(left) || std::isnan(right)) return !std::isnan(left) && std::isnan(right);
    return kDescending ? left > right : left < right;
  });
}

template <bool kDescending>
Result<> SortByLabel(Execution& execution, const Node& node, const Grid& grid,
                     const RowSink& sink) {
  std::vector<std::string_view> names;
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    names.push_back(static_cast<const StringLiteral*>(node.children[i]->expr)->value);
  }
  const auto less = [&](const Row& a, const Row& b) {
    for (const std::string_view name : names) {
      const std::string_view left = a.labels.Get(name), right = b.labels.Get(name);
      if (left != right) return NaturalLess(left, right);
    }
    return a.labels < b.labels;
  };
  return SortRows(execution, node, grid, sink, false, [&](const Row& a, const Row& b) {
    return kDescending ? less(b, a) : less(a, b);
  });
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "sort", .call = Sort<false>, .keeps_name = true},
    {.name = "sort_desc", .call = Sort<true>, .keeps_name = true},
    {.name = "sort_by_label", .call = SortByLabel<false>, .keeps_name = true},
    {.name = "sort_by_label_desc", .call = SortByLabel<true>, .keeps_name = true},
};

}  // namespace

std::span<const FunctionImpl> SortFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
