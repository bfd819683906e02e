#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/mutex.h"

namespace meerkat {

// What meerkat tells about itself on /metrics. A Registry owns families; a family owns its
// children, one per label set; references to children stay valid as long as the registry. Updating
// a child takes no lock. Threads: everything from any thread.

class Counter {
 public:
  void Add(double by = 1);
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double by);
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// A classic histogram with fixed upper bounds.
class BucketHistogram {
 public:
  explicit BucketHistogram(std::vector<double> bounds);
  void Observe(double value);
  const std::vector<double>& bounds() const { return bounds_; }
  std::uint64_t bucket(std::size_t index) const {
    return counts_[index].load(std::memory_order_relaxed);
  }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;  // bounds + 1
  std::atomic<double> sum_{0};
};

// Quantiles 0.5, 0.9 and 0.99 over roughly the last ten minutes, from a ring of the newest
// observations.
class Summary {
 public:
  void Observe(double value);
  struct Snapshot {
    std::uint64_t count = 0;
    double sum = 0;
    double quantile(double q) const;  // NaN without recent observations
    std::vector<double> recent;       // sorted
  };
  Snapshot Take() const;

 private:
  static constexpr std::size_t kRing = 512;
  mutable Mutex mu_;
  std::vector<double> ring_ GUARDED_BY(mu_);
  std::uint64_t count_ GUARDED_BY(mu_) = 0;
  double sum_ GUARDED_BY(mu_) = 0;
};

class Registry {
 public:
  // The child for `labels`, made at first use. One name, one kind and one help.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  BucketHistogram& histogram(std::string_view name, std::string_view help,
                             std::vector<double> bounds, const Labels& labels = {});
  Summary& summary(std::string_view name, std::string_view help, const Labels& labels = {});
  // A gauge or counter read only when asked for; `read` must be thread-safe and outlive the
  // registry's use.
  void gauge_function(std::string_view name, std::string_view help, std::function<double()> read,
                      const Labels& labels = {});
  void counter_function(std::string_view name, std::string_view help, std::function<double()> read,
                        const Labels& labels = {});
  // Forgets one child, when what it describes is gone.
  void Remove(std::string_view name, const Labels& labels);

  // All families in the Prometheus text format 0.0.4, sorted by name.
  std::string Exposition() const;

 private:
  struct Child;
  struct Family;
  Child& GetChild(std::string_view name, std::string_view help, std::string_view type,
                  const Labels& labels) REQUIRES(mu_);

  mutable Mutex mu_;
  std::map<std::string, std::shared_ptr<Family>, std::less<>> families_ GUARDED_BY(mu_);
};

}  // namespace meerkat
