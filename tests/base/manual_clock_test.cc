#include "base/manual_clock.h"

#include <gtest/gtest.h>

#include <vector>

namespace meerkat {
namespace {

TEST(ManualClock, RunsDueTasksInOrderOfTime) {
  ManualClock clock(FromMillis(0));
  std::vector<int> ran;
  auto second = clock.CallAt(FromMillis(20), [&] { ran.push_back(2); });
  auto first =
      clock.CallAt(FromMillis(10), [&] { ran.push_back(static_cast<int>(ToMillis(clock.Now()))); });
  auto cancelled = clock.CallAt(FromMillis(15), [&] { ran.push_back(3); });
  cancelled.reset();
  clock.Advance(Millis(30));
  EXPECT_EQ(ran, (std::vector<int>{10, 2}));
  EXPECT_EQ(clock.Now(), FromMillis(30));
}

TEST(ManualClock, ATaskMayAskForTheNext) {
  ManualClock clock(FromMillis(0));
  int ticks = 0;
  std::unique_ptr<Timer> timer;
  std::function<void()> tick = [&] {
    ++ticks;
    timer = clock.CallAt(clock.Now() + Millis(10), tick);
  };
  timer = clock.CallAt(FromMillis(10), tick);
  clock.AdvanceTo(FromMillis(100));
  EXPECT_EQ(ticks, 10);
}

}  // namespace
}  // namespace meerkat
