#pragma once

#include <chrono>

namespace meerkat::tsdb {

// Measures work, which has no place on the clock of samples. `Figure` is a histogram or summary.
template <typename Figure>
class Stopwatch {
 public:
  explicit Stopwatch(Figure& seconds) : seconds_(seconds) {}
  ~Stopwatch() {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start_;
    seconds_.Observe(took.count());
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  Figure& seconds_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace meerkat::tsdb
