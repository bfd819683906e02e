#include "promql/exec/result_builder.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "promql/exec/operators.h"
#include "promql/histogram_buckets.h"

namespace meerkat::promql {
namespace {

using SteadyClock = std::chrono::steady_clock;

bool Merge(MatrixSeries& into, MatrixSeries& from) {
  const auto by_time = [](const auto& a, const auto& b) { return a.time < b.time; };
  const auto join = [&](auto& to, auto& more) {
    to.insert(to.end(), more.begin(), more.end());
    std::sort(to.begin(), to.end(), by_time);
    return std::adjacent_find(to.begin(), to.end(), [](const auto& a, const auto& b) {
             return a.time == b.time;
           }) == to.end();
  };
  if (!join(into.floats, from.floats) || !join(into.histograms, from.histograms)) return false;
  // A float and a histogram at one time collide, too.
  auto histogram = into.histograms.begin();
  for (const FloatPoint& point : into.floats) {
    while (histogram != into.histograms.end() && histogram->time < point.time) ++histogram;
    if (histogram != into.histograms.end() && histogram->time == point.time) return false;
  }
  return true;
}

// Whether two elements have the same labels.
bool HasTwins(const Vector& vector) {
  std::vector<std::pair<std::uint64_t, std::size_t>> hashes;
  hashes.reserve(vector.size());
  for (std::size_t i = 0; i < vector.size(); ++i) hashes.emplace_back(vector[i].labels.hash(), i);
  std::sort(hashes.begin(), hashes.end());
  for (std::size_t i = 1; i < hashes.size(); ++i) {
    // Hardly ever do different labels have the same hash.
    for (std::size_t j = i; j > 0 && hashes[j - 1].first == hashes[i].first; --j) {
      if (vector[hashes[j - 1].second].labels == vector[hashes[i].second].labels) return true;
    }
  }
  return false;
}

}  // namespace

Error SameLabelset() {
  return Error(Code::kExecution, "vector cannot contain metrics with the same labelset");
}

Result<> ResultBuilder::Add(Row& row) {
  Labels labels = row.drop_name ? WithoutMetadata(row.labels) : row.labels;
  return instant_ ? AddSample(std::move(labels), row) : AddSeries(std::move(labels), row);
}

Result<Value> ResultBuilder::Finish(ValueType type) {
  if (instant_ && type == ValueType::kScalar) {
    return Value(Scalar{FromMillis(grid_.start), vector_.empty() ? 0 : vector_[0].value});
  }
  if (instant_) {
    if (HasTwins(vector_)) return SameLabelset();
    return Value(std::move(vector_));
  }
  const auto begun = SteadyClock::now();
  std::sort(matrix_.begin(), matrix_.end(),
            [](const auto& a, const auto& b) { return a.labels < b.labels; });
  sort_seconds_ = std::chrono::duration<double>(SteadyClock::now() - begun).count();
  if (auto merged = MergeEqual(); !merged) return std::move(merged).error();
  return Value(std::move(matrix_));
}

Matrix ResultBuilder::Take() {
  held_.Clear();
  return std::exchange(matrix_, {});
}

Result<> ResultBuilder::AddSample(Labels labels, Row& row) {
  if (!row.Has(0)) return {};
  VectorSample sample;
  sample.labels = std::move(labels);
  sample.time = FromMillis(grid_.start);
  sample.value = row.values[0];
  if (row.HasHistogram(0)) {
    sample.value = 0;
    sample.histogram = row.histograms[0];
  }
  // A histogram counts as one sample here, with all of its bytes.
  Footprint footprint{1, sizeof(VectorSample)};
  if (sample.histogram != nullptr) {
    footprint.bytes += OfPoints(SampleWeight(*sample.histogram)).bytes;
  }
  vector_.push_back(std::move(sample));
  return held_.Add(footprint);
}

Result<> ResultBuilder::AddSeries(Labels labels, Row& row) {
  const auto floats = static_cast<std::size_t>(std::count_if(
      row.values.begin(), row.values.end(), [](double value) { return !IsAbsent(value); }));
  MatrixSeries series;
  series.floats.reserve(floats);
  std::uint64_t weight = floats;
  for (std::size_t i = 0; i < grid_.count; ++i) {
    if (!IsAbsent(row.values[i])) {
      series.floats.push_back({FromMillis(grid_.At(i)), row.values[i]});
    } else if (row.HasHistogram(i)) {
      weight += SampleWeight(*row.histograms[i]);
      series.histograms.push_back({FromMillis(grid_.At(i)), row.histograms[i]});
    }
  }
  if (series.floats.empty() && series.histograms.empty()) return {};
  has_histograms_ = has_histograms_ || !series.histograms.empty();
  series.labels = std::move(labels);
  matrix_.push_back(std::move(series));
  return held_.Add(OfPoints(weight));
}

// Series that only their dropped name told apart are one, as long as no step has both.
Result<> ResultBuilder::MergeEqual() {
  std::size_t kept = 0;
  for (std::size_t i = 1; i < matrix_.size(); ++i) {
    if (matrix_[i].labels == matrix_[kept].labels) {
      if (!Merge(matrix_[kept], matrix_[i])) return SameLabelset();
    } else if (++kept != i) {
      matrix_[kept] = std::move(matrix_[i]);
    }
  }
  if (!matrix_.empty()) matrix_.resize(kept + 1);
  return {};
}

}  // namespace meerkat::promql
