#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace meerkat::net {

// What the bodies of all requests in flight may take together. Threads: any.
class BodyBudget {
 public:
  explicit BodyBudget(std::uint64_t bytes) : free_(bytes) {}

  bool Take(std::uint64_t bytes) {
    std::uint64_t free = free_.load(std::memory_order_relaxed);
    do {
      if (bytes > free) return false;
    } while (!free_.compare_exchange_weak(free, free - bytes, std::memory_order_relaxed));
    return true;
  }
  void Give(std::uint64_t bytes) { free_.fetch_add(bytes, std::memory_order_relaxed); }
  std::uint64_t free() const { return free_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> free_;
};

// One body's part of a budget, which it gives back in the end: a request in flight when everything
// stops may be the last to know the budget. Threads: one at a time.
class BodyLease {
 public:
  explicit BodyLease(std::shared_ptr<BodyBudget> budget) : budget_(std::move(budget)) {}
  ~BodyLease() { Release(); }
  BodyLease(const BodyLease&) = delete;
  BodyLease& operator=(const BodyLease&) = delete;

  // The body has `bytes` now. False: there is no room for them.
  bool Hold(std::uint64_t bytes) {
    if (bytes <= held_) return true;
    const std::uint64_t more = (bytes - held_ + kStep - 1) / kStep * kStep;
    if (!budget_->Take(more)) return false;
    held_ += more;
    return true;
  }
  // What Hold would give just now.
  std::uint64_t room() const { return held_ + budget_->free() / kStep * kStep; }
  void Release() {
    budget_->Give(held_);
    held_ = 0;
  }

 private:
  static constexpr std::uint64_t kStep = 16 << 10;

  const std::shared_ptr<BodyBudget> budget_;
  std::uint64_t held_ = 0;
};

}  // namespace meerkat::net
