#include "promql/exec/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/number.h"

namespace meerkat::promql {

double Quantile(double rank, std::vector<double>& values) {
  if (values.empty() || std::isnan(rank)) return std::numeric_limits<double>::quiet_NaN();
  if (rank < 0) return -std::numeric_limits<double>::infinity();
  if (rank > 1) return std::numeric_limits<double>::infinity();
  const auto less = [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; };
  const auto last = static_cast<double>(values.size() - 1);
  const double place = rank * last;
  const double lower = std::max(0.0, std::floor(place));
  const double upper = std::min(last, lower + 1);
  const double weight = place - std::floor(place);
  const auto at_lower = values.begin() + static_cast<std::ptrdiff_t>(lower);
  std::nth_element(values.begin(), at_lower, values.end(), less);
  const double low = *at_lower;
  const double high = upper > lower ? *std::min_element(at_lower + 1, values.end(), less) : low;
  return low * (1 - weight) + high * weight;
}

void NoteInvalidQuantile(Annotations& notes, PositionRange where, double rank) {
  if (rank >= 0 && rank <= 1) return;
  notes.Add(Note::kInvalidQuantile, where, FormatFloat(rank, 'g'));
}

}  // namespace meerkat::promql
