#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/labels.h"

// What a query gives back.
namespace meerkat::promql {

struct FloatPoint {
  Timestamp time{};
  double value = 0;
};
struct HistogramPoint {
  Timestamp time{};
  HistogramPtr histogram;
};

// One element of an instant vector. A histogram when `histogram` is set.
struct VectorSample {
  Labels labels;
  Timestamp time{};
  double value = 0;
  HistogramPtr histogram;
};
using Vector = std::vector<VectorSample>;

// One series of a matrix; floats and histograms each in time order.
struct MatrixSeries {
  Labels labels;
  std::vector<FloatPoint> floats;
  std::vector<HistogramPoint> histograms;
};
using Matrix = std::vector<MatrixSeries>;

struct Scalar {
  Timestamp time{};
  double value = 0;
};
struct String {
  Timestamp time{};
  std::string value;
};

using Value = std::variant<Scalar, Vector, Matrix, String>;

}  // namespace meerkat::promql
