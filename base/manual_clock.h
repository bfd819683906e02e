#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <utility>

#include "base/clock.h"

namespace meerkat {

// Time that moves only when told to: simulations run a month in milliseconds and always the same
// way. Due tasks run inside AdvanceTo, in order of time and, at one time, of their CallAt. Threads:
// Now() any, everything else one.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Timestamp start) : now_(start), queue_(std::make_shared<Queue>()) {}

  Timestamp Now() const override { return now_; }

  std::unique_ptr<Timer> CallAt(Timestamp when, std::function<void()> task) override {
    const Key key{when, next_++};
    queue_->emplace(key, std::move(task));
    return std::make_unique<Pending>(queue_, key);
  }

  void AdvanceTo(Timestamp until) {
    while (!queue_->empty() && queue_->begin()->first.first <= until) {
      auto node = queue_->extract(queue_->begin());
      now_ = std::max(Now(), node.key().first);
      node.mapped()();
    }
    now_ = std::max(Now(), until);
  }
  void Advance(Millis by) { AdvanceTo(Now() + by); }

 private:
  using Key = std::pair<Timestamp, std::uint64_t>;
  using Queue = std::map<Key, std::function<void()>>;

  class Pending : public Timer {
   public:
    Pending(std::shared_ptr<Queue> queue, Key key) : queue_(std::move(queue)), key_(key) {}
    ~Pending() override { queue_->erase(key_); }

   private:
    std::shared_ptr<Queue> queue_;
    Key key_;
  };

  std::atomic<Timestamp> now_;
  std::uint64_t next_ = 0;
  std::shared_ptr<Queue> queue_;
};

}  // namespace meerkat
