#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>

namespace meerkat {

using Millis = std::chrono::milliseconds;

// A point in time, milliseconds since 1970-01-01T00:00:00Z, as samples carry it. t + t does not
// compile.
using Timestamp = std::chrono::sys_time<Millis>;

constexpr Timestamp FromMillis(std::int64_t millis) {
  return Timestamp(Millis(millis));
}
constexpr std::int64_t ToMillis(Timestamp t) {
  return t.time_since_epoch().count();
}

constexpr Timestamp kMinTime = FromMillis(std::numeric_limits<std::int64_t>::min());
constexpr Timestamp kMaxTime = FromMillis(std::numeric_limits<std::int64_t>::max());

// Both ends belong to the range.
struct TimeRange {
  Timestamp min = kMinTime;
  Timestamp max = kMaxTime;

  bool Contains(Timestamp t) const { return min <= t && t <= max; }
  bool Overlaps(const TimeRange& other) const { return min <= other.max && other.min <= max; }
  bool operator==(const TimeRange&) const = default;
};

// A pending call. Destroying it cancels the call; a call that runs already is not waited for.
class Timer {
 public:
  virtual ~Timer() = default;
};

// Tells the time and wakes you up. Whatever waits takes a Clock&; nothing else reads the system
// clock or sleeps. Threads: Now() from anywhere; tasks run on the clock's own executor, one at a
// time.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp Now() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Timer> CallAt(Timestamp when,
                                                      std::function<void()> task) = 0;
};

}  // namespace meerkat
