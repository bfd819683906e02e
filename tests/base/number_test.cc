#include "base/number.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/duration.h"

namespace meerkat {
namespace {

TEST(FormatFloat, IsGosShortestForm) {
  struct Row {
    double value;
    const char *f, *e, *g;
  };
  for (const Row& row :
       {Row{0, "0", "0e+00", "0"}, Row{-0.0, "-0", "-0e+00", "-0"},
        Row{1e6, "1000000", "1e+06", "1e+06"}, Row{100000, "100000", "1e+05", "100000"},
        Row{0.1, "0.1", "1e-01", "0.1"}, Row{1e-5, "0.00001", "1e-05", "1e-05"},
        Row{123456789, "123456789", "1.23456789e+08", "1.23456789e+08"},
        Row{3025077322201142562234189425024172032.0, "3025077322201142600000000000000000000",
            "3.0250773222011426e+36", "3.0250773222011426e+36"},
        Row{-4e20, "-400000000000000000000", "-4e+20", "-4e+20"},
        Row{HUGE_VAL, "+Inf", "+Inf", "+Inf"}, Row{std::nan(""), "NaN", "NaN", "NaN"}}) {
    EXPECT_EQ(FormatFloat(row.value, 'f'), row.f);
    EXPECT_EQ(FormatFloat(row.value, 'e'), row.e);
    EXPECT_EQ(FormatFloat(row.value, 'g'), row.g);
  }
}

TEST(AppendSampleValue, SwitchesToExponentsAtTheEdges) {
  const auto text = [](double value) {
    std::string out;
    AppendSampleValue(out, value);
    return out;
  };
  EXPECT_EQ(text(1e-6), "0.000001");
  EXPECT_EQ(text(9e-7), "9e-07");
  EXPECT_EQ(text(1e20), "100000000000000000000");
  EXPECT_EQ(text(1e21), "1e+21");
  EXPECT_EQ(text(123456789012345678901.0), "123456789012345680000");
  EXPECT_EQ(text(-0.0), "-0");
  EXPECT_EQ(text(-HUGE_VAL), "-Inf");
  EXPECT_EQ(text(1435781451.781), "1435781451.781");
}

// What is printed fast is what the general way prints.
TEST(AppendSampleValue, IsTheShortestTextOfDecimals) {
  std::uint64_t state = 1;
  for (int i = 0; i < 200'000; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const auto digits = static_cast<double>(state >> (i % 50 + 11));
    for (const double scale : {10.0, 100.0, 1000.0, 1e4, 3.0}) {
      const double value = (i % 3 == 0 ? -1 : 1) * digits / scale;
      if (value == std::trunc(value) || std::fabs(value) < 1e-6) continue;
      std::string out;
      AppendSampleValue(out, value);
      ASSERT_EQ(out, FormatFloat(value, 'f'));
    }
  }
}

TEST(AppendSeconds, HasNoTrailingZeros) {
  const auto text = [](std::int64_t millis) {
    std::string out;
    AppendSeconds(out, millis);
    return out;
  };
  EXPECT_EQ(text(1435781451781), "1435781451.781");
  EXPECT_EQ(text(1500), "1.5");
  EXPECT_EQ(text(-1), "-0.001");
  EXPECT_EQ(text(0), "0");
}

TEST(ParseFloat, TakesGosSyntaxOnly) {
  for (const auto& [text, value] : {std::pair{"1", 1.0},
                                    {"+1.5e3", 1500.0},
                                    {".5", 0.5},
                                    {"5.", 5.0},
                                    {"0x1p-2", 0.25},
                                    {"-inf", -HUGE_VAL},
                                    {"Infinity", HUGE_VAL},
                                    {"1e999", HUGE_VAL},
                                    {"1e-999", 0.0}}) {
    ASSERT_TRUE(ParseFloat(text).has_value()) << text;
    EXPECT_EQ(*ParseFloat(text), value) << text;
  }
  EXPECT_TRUE(std::isnan(*ParseFloat("nan")));
  for (const char* text : {"", "+", "--1", "+-1", "1x", "0x", "infi", "1 ", " 1", "1_000", "e5"}) {
    EXPECT_FALSE(ParseFloat(text).has_value()) << text;
  }
}

TEST(Duration, ParsesAndPrints) {
  for (const auto& [text, millis] : {std::pair{"0", 0LL},
                                     {"5m", 300'000LL},
                                     {"1h30m", 5'400'000LL},
                                     {"1w", 604'800'000LL},
                                     {"1d", 86'400'000LL},
                                     {"10ms", 10LL},
                                     {"1y2w3d", 33'004'800'000LL}}) {
    ASSERT_TRUE(ParseDuration(text).ok()) << text;
    EXPECT_EQ(ParseDuration(text)->count(), millis) << text;
  }
  for (const char* text : {"", "1", "m", "5m1h", "5m5m", "-5m", "1.5h", "5 m", "300y1"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
  EXPECT_EQ(FormatDuration(Millis(90'000)), "1m30s");
  EXPECT_EQ(FormatDuration(Millis(0)), "0s");
  EXPECT_EQ(FormatDuration(Millis(7 * 86'400'000LL)), "1w");
  EXPECT_EQ(FormatDuration(Millis(8 * 86'400'000LL)), "8d");
}

}  // namespace
}  // namespace meerkat
