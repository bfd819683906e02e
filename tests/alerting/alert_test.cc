#include "alerting/alert.h"

#include <gtest/gtest.h>

namespace meerkat::alerting {
namespace {

Timestamp At(int seconds) {
  return FromMillis(1'700'000'000'000) + std::chrono::seconds(seconds);
}

Alert Make(int starts, int ends, bool timeout = false) {
  Alert alert;
  alert.starts_at = At(starts);
  alert.ends_at = At(ends);
  alert.timeout = timeout;
  return alert;
}

// The values are upstream's.
TEST(Fingerprint, IsFnvOverNamesAndValues) {
  EXPECT_EQ(
      FingerprintText(FingerprintOf({{"alertname", "X"}, {"severity", "critical"}, {"i", "1"}})),
      "01b97b2da7dd5120");
  EXPECT_EQ(FingerprintText(FingerprintOf({{"alertname", "Good"}})), "bfb7da6a737ed1db");
  EXPECT_EQ(FingerprintText(1), "0000000000000001");
}

TEST(Alert, ResolvesAtItsEnd) {
  const Alert alert = Make(0, 10);
  EXPECT_FALSE(alert.ResolvedAt(At(9)));
  EXPECT_TRUE(alert.ResolvedAt(At(10)));
  EXPECT_FALSE(Alert{}.ResolvedAt(At(10)));
}

TEST(MergeUpdate, FollowsUpstreamsRules) {
  const struct {
    const char* what;
    Alert known;
    Alert update;
    int now;
    int starts, ends;
  } kCases[] = {
      {"overlap keeps the earlier start", Make(0, 100), Make(50, 200), 50, 0, 200},
      {"no overlap: a life of its own", Make(0, 10), Make(50, 200), 50, 50, 200},
      {"a stated end outlasts a sooner one", Make(0, 500), Make(50, 200), 50, 0, 500},
      {"a guessed end does not", Make(0, 500, true), Make(50, 200), 50, 0, 200},
      {"a resolution ends what was to last", Make(0, 500), Make(10, 50), 50, 0, 50},
      {"of two resolutions the later counts", Make(0, 40), Make(10, 30), 50, 0, 40},
  };
  for (const auto& c : kCases) {
    const Alert merged = MergeUpdate(c.known, c.update, At(c.now));
    EXPECT_EQ(merged.starts_at, At(c.starts)) << c.what;
    EXPECT_EQ(merged.ends_at, At(c.ends)) << c.what;
  }
}

}  // namespace
}  // namespace meerkat::alerting
