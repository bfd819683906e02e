#include "base/rfc3339.h"

#include <gtest/gtest.h>

namespace meerkat {
namespace {

TEST(Rfc3339, FormatsAsGoDoes) {
  EXPECT_EQ(FormatRfc3339(FromMillis(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatRfc3339(FromMillis(1'709'211'845'670)), "2024-02-29T13:04:05.67Z");
  EXPECT_EQ(FormatRfc3339Millis(FromMillis(1'709'211'845'670)), "2024-02-29T13:04:05.670Z");
  EXPECT_EQ(FormatRfc3339(kZeroTime), "0001-01-01T00:00:00Z");
}

TEST(Rfc3339, ReadsFractionsAndOffsets) {
  const struct {
    std::string_view text;
    std::int64_t millis;
  } kCases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2024-02-29T13:04:05.678Z", 1'709'211'845'678},
      {"2024-02-29T13:04:05.678999Z", 1'709'211'845'678},
      {"2024-02-29T15:04:05.6+02:00", 1'709'211'845'600},
      {"2024-02-29T12:34:05-00:30", 1'709'211'845'000},
  };
  for (const auto& c : kCases) {
    const auto t = ParseRfc3339(c.text);
    ASSERT_TRUE(t.has_value()) << c.text;
    EXPECT_EQ(ToMillis(*t), c.millis) << c.text;
  }
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const std::string_view text :
       {"", "yesterday", "2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z", "2024-02-29T24:00:00Z",
        "2024-02-29 13:04:05Z", "2024-02-29T13:04:05", "2024-02-29T13:04:05.Z",
        "2024-02-29T13:04:05Zx", "2024-02-29T13:04:05+0200"}) {
    EXPECT_FALSE(ParseRfc3339(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace meerkat
