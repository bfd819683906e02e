#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace meerkat::web {

// A time as upstream reads it from a parameter: it takes every number there is, NaN too. What does
// not fit wraps around as its arithmetic does, in one way for evaluation and in another for
// storage; for all times people mean, the two are the same.
class Moment {
 public:
  // Unix seconds with a fraction, or RFC 3339. The error has upstream's words.
  static Result<Moment> Parse(std::string_view text);

  // The ends of upstream's time line.
  static Moment Earliest();
  static Moment Latest();

  Timestamp evaluated() const;
  Timestamp stored() const;
  // Nanoseconds, no further than their type reaches.
  std::int64_t Since(const Moment& earlier) const;
  auto operator<=>(const Moment&) const = default;

 private:
  static Moment Unix(std::int64_t seconds, std::int64_t nanos);

  std::int64_t seconds_ = 0;  // since the year 1
  std::int64_t nanos_ = 0;    // [0, 1e9)
};

// Go's strconv.ParseFloat with its underscores; a number too large for a float is none.
std::optional<double> ParseNumber(std::string_view text);
// What a 64-bit Intel or AMD processor makes of a float that does not fit: the smallest number.
std::int64_t ToInteger(double value);

}  // namespace meerkat::web
