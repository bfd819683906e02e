#include "server/push/text_reader.h"

#include <gtest/gtest.h>

#include "server/push/body_reader.h"

// The whole table of what is taken and refused is compared with a real Pushgateway in
// tests/e2e/test_push.py.
namespace meerkat::push {
namespace {

std::string Written(const Families& families) {
  std::string text;
  for (const auto& [name, family] : families) {
    std::vector<const Metric*> metrics;
    for (const Metric& metric : family.metrics) metrics.push_back(&metric);
    AppendText(family, metrics, text);
  }
  return text;
}

TEST(TextReader, WhatItReadsIsWrittenBackTheSame) {
  const std::string page =
      "# HELP a one\\\\two\\nthree\n"
      "# TYPE a counter\n"
      "a{b=\"x\\\"y\\n\",c=\"\"} 1e+06\n"
      "# TYPE h histogram\n"
      "h_bucket{b=\"c\",le=\"0.5\"} 1\n"
      "h_bucket{b=\"c\",le=\"+Inf\"} 3\n"
      "h_sum{b=\"c\"} 4.5\n"
      "h_count{b=\"c\"} 3\n"
      "# TYPE n untyped\n"
      "n NaN\n"
      "# TYPE s summary\n"
      "s{quantile=\"0.9\"} -Inf\n"
      "s_sum 2\n"
      "s_count 1\n";
  const auto families = ReadText(page);
  ASSERT_TRUE(families) << families.error().message();
  EXPECT_EQ(Written(*families), page);
}

TEST(TextReader, RefusesInUpstreamsWords) {
  struct Case {
    std::string_view body, error;
  };
  const Case cases[] = {
      {"a 1", "line 1: unexpected end of input stream"},
      {"a 1\n\nb x\n", "line 3: expected float as value, got \"x\""},
      {"a 1_0\n", "line 1: expected float as value, got \"1_0\""},
      {"a 1e400\n", "line 1: expected float as value, got \"1e400\""},
      {"a{b=\"\\t\"} 1\n", "line 1: invalid escape sequence '\\t'"},
      {"a{b=\"c\",b=\"d\"} 1\n", "line 1: duplicate label names for metric \"a\""},
      {"a 1\n# TYPE a counter\n",
       "line 2: second TYPE line for metric name \"a\", or TYPE reported after samples"},
      {"# HELP a x\n# HELP a x\n", "line 2: second HELP line for metric name \"a\""},
      {"a 1 2 3\n", "line 1: spurious string after timestamp: \" 3\""},
  };
  for (const Case& test : cases) {
    const auto families = ReadText(test.body);
    ASSERT_FALSE(families) << test.body;
    EXPECT_EQ(families.error().message(),
              "text format parsing error in " + std::string(test.error));
  }
}

TEST(TextReader, EveryPrefixOfAPageEndsWithoutASample) {
  const std::string page =
      "# HELP a x\\ny\n# TYPE a summary\na{q=\"\\\"\",quantile=\"0.5\"} 1\na_sum 3 5\n\t# x\n";
  for (std::size_t length = 0; length < page.size(); ++length) {
    const auto families = ReadText(page.substr(0, length));
    const bool at_line_end = length == 0 || page[length - 1] == '\n';
    EXPECT_EQ(families.ok(), at_line_end || page.substr(length - 1, 1) == "\t") << length;
  }
}

TEST(BodyReader, OpenMetricsCountersGoByTheNamesOfTheirSamples) {
  const auto families = ReadBody(
      "# TYPE a counter\n# HELP a what\na_total{b=\"c\"} 2 # {t=\"1\"} 1\na_created 5\n# EOF\n",
      "application/openmetrics-text; version=1.0.0");
  ASSERT_TRUE(families) << families.error().message();
  EXPECT_EQ(Written(*families),
            "# TYPE a_created untyped\na_created 5\n"
            "# HELP a_total what\n# TYPE a_total counter\na_total{b=\"c\"} 2\n");
  EXPECT_FALSE(ReadBody("a 1\n", "application/openmetrics-text; version=1.0.0"));
}

}  // namespace
}  // namespace meerkat::push
