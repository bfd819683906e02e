#include "server/app/auto_reload.h"

#include <gtest/gtest.h>

#include "base/manual_clock.h"

namespace meerkat::app {
namespace {

TEST(AutoReload, ReloadsOnceForEachChange) {
  ManualClock clock(FromMillis(0));
  std::uint64_t content = 1;
  int reloads = 0;
  AutoReload reload(clock, Millis(1000), [&] { return content; }, [&] { ++reloads; });
  reload.Start();
  clock.Advance(Millis(5000));
  EXPECT_EQ(reloads, 0);
  content = 2;
  clock.Advance(Millis(999));
  EXPECT_EQ(reloads, 0);
  clock.Advance(Millis(1));
  EXPECT_EQ(reloads, 1);
  clock.Advance(Millis(5000));
  EXPECT_EQ(reloads, 1) << "what could not be loaded is not tried again";
  content = 1;
  clock.Advance(Millis(1000));
  EXPECT_EQ(reloads, 2);
}

TEST(AutoReload, NothingBeginsAfterTheStop) {
  ManualClock clock(FromMillis(0));
  std::uint64_t content = 1;
  int reloads = 0;
  AutoReload reload(clock, Millis(1000), [&] { return content; }, [&] { ++reloads; });
  reload.Start();
  content = 2;
  reload.Stop();
  clock.Advance(Millis(5000));
  EXPECT_EQ(reloads, 0);
}

}  // namespace
}  // namespace meerkat::app
