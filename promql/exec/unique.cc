#include <algorithm>
#include <array>

#include "promql/exec/operators.h"

namespace meerkat::promql {

namespace {

std::size_t FirstStep(const Row& row) {
  std::size_t step = 0;
  while (step < row.values.size() && !row.Has(step)) ++step;
  return step;
}

}  // namespace

Labels WithoutMetadata(const Labels& labels) {
  static const std::array<std::string, 3> kNames = {"__name__", "__type__", "__unit__"};
  if (!labels.Has(kNames[0]) && !labels.Has(kNames[1]) && !labels.Has(kNames[2])) return labels;
  return labels.Without(kNames);
}

Result<> UniqueRows::Add(Row& row) {
  const auto [it, added] = index_.try_emplace(row.labels, rows_.size());
  if (added) {
    if (auto ok = held_.Add(Of(row)); !ok) return ok;
    rows_.push_back(std::move(row));
    return {};
  }
  Row& first = rows_[it->second];
  // The name goes or stays with all of the series, as with its first element.
  if (first.drop_name != row.drop_name && FirstStep(row) < FirstStep(first)) {
    first.drop_name = row.drop_name;
  }
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    if (!row.Has(i)) continue;
    if (first.Has(i)) {
      return Error(Code::kExecution, "vector cannot contain metrics with the same labelset");
    }
    if (row.HasHistogram(i)) {
      first.SetHistogram(i, row.histograms[i]);
    } else {
      first.values[i] = row.values[i];
    }
  }
  return {};
}

Result<> UniqueRows::Flush(const RowSink& sink) {
  index_.clear();
  for (Row& row : rows_) {
    if (auto pushed = sink(row); !pushed) return pushed;
    row = Row();
  }
  return {};
}

}  // namespace meerkat::promql
