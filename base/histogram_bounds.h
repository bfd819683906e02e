#pragma once

#include <cstdint>

namespace meerkat {

// The upper bound of bucket `index` on the positive side of an exponential histogram, schema -4 to
// 8: 2^(index * 2^-schema), in the very doubles upstream uses, which are not everywhere the nearest
// ones. Bounds beyond the greatest double end there; the bucket behind is bounded by infinity.
double ExponentialBound(std::int32_t index, std::int32_t schema);

}  // namespace meerkat
