#pragma once

#include <cmath>

namespace meerkat::promql {

// sum += increment, with what rounding loses gathered in `lost` (Neumaier's variant of Kahan's
// summation). The exact sum is nearest to sum + lost. Once the sum is infinite nothing is lost.
inline void CompensatedAdd(double increment, double& sum, double& lost) {
  const double total = sum + increment;
  if (std::isinf(total)) {
    lost = 0;
  } else if (std::fabs(sum) >= std::fabs(increment)) {
    lost += (sum - total) + increment;
  } else {
    lost += (increment - total) + sum;
  }
  sum = total;
}

}  // namespace meerkat::promql
