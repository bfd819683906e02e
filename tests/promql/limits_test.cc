// No query can hurt the server: what is too deep, too long, too wide or too large ends in an error
// before it has cost much, and what only looks so is answered.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "promql/engine.h"
#include "tests/promql/memory_storage.h"

namespace meerkat::promql {
namespace {

std::string Repeat(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string Nested(std::string_view open, std::string_view inner, std::string_view close,
                   std::size_t levels) {
  return Repeat(open, levels) + std::string(inner) + Repeat(close, levels);
}

std::string Numbered(std::string_view before, std::string_view after, std::string_view between,
                     std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += between;
    out += std::string(before) + std::to_string(i) + std::string(after);
  }
  return out;
}

// ThreadSanitizer keeps 65,536 frames of each stack and writes beyond them unchecked.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MEERKAT_SHALLOW_STACKS 1
#endif
#endif

class Limits : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef MEERKAT_SHALLOW_STACKS
    GTEST_SKIP() << "no deep trees under ThreadSanitizer";
#endif
  }

  Limits() {
    for (int i = 0; i < 100; ++i) {
      const std::string number = std::to_string(i);
      const Labels labels{{"__name__", "m"}, {"i", number}, {"text", Repeat("x", 1000)}};
      for (std::int64_t t = 0; t <= 600; t += 15) {
        MemoryStorage::Sample sample;
        sample.time = FromMillis(t * 1000);
        sample.value = static_cast<double>(t);
        storage_.Add(labels, sample);
      }
    }
  }

  // The error, or "" for an answer.
  std::string Run(const std::string& query, Timestamp end = FromMillis(600'000),
                  Millis step = Millis(0)) const {
    EngineOptions options;
    options.parse.experimental_functions = true;
    options.max_samples = 5'000'000;
    const Engine engine(options, storage_);
    QueryOptions asked;
    asked.start = FromMillis(600'000);
    asked.end = end;
    asked.step = step;
    const auto result = engine.Run(query, asked);
    return result ? "" : result.error().message();
  }

  MemoryStorage storage_;
};

std::size_t PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) / 1024;
}

TEST_F(Limits, WhatIsTooMuchIsAnError) {
  const struct {
    const char* name;
    std::string query;
    const char* error;
  } kCases[] = {
      {"parentheses", Nested("(", "m", ")", 100'000), "nested deeper than"},
      {"calls", Nested("abs(", "m", ")", 100'000), "nested deeper than"},
      {"aggregations", Nested("sum(", "m", ")", 100'000), "nested deeper than"},
      {"signs", Repeat("-", 100'000) + "m", "nested deeper than"},
      {"powers", Repeat("2^", 40'000) + "2", "nested deeper than"},
      {"open brackets", Repeat("m[", 50'000), "1:3: parse error"},
      {"open braces", Repeat("{", 50'000), "1:2: parse error"},
      {"subquery of many steps", "sum_over_time(m[1y:1ms])", "too many samples"},
      {"subqueries of many steps", Nested("sum_over_time(", "vector(1)", "[1d:1ms])", 3),
       "too many samples"},
      {"series times steps", "sum_over_time((m * 2)[10m:1ms]) + topk(100, (m * 2))", ""},
      {"all samples at once", "quantile(0.5, m offset 5m) + on() quantile(0.5, m[10m])",
       "expected type instant vector"},
      {"a repetition of repetitions", "{a=~\"((x{1,1000}){1,1000}){1,1000}\"}", "parse error"},
      {"many wildcards", "{a=~\"" + Repeat("(a|b)*", 20'000) + "\"}",
       "at least one non-empty matcher"},
      {"a regex in a call", "label_replace(m, \"a\", \"$1\", \"i\", \"((x{1,1000}){1,1000})\")",
       "invalid regular expression"},
      {"a label that doubles and doubles",
       Repeat("label_replace(", 40) + "m{i=\"7\"}" +
           Repeat(", \"text\", \"$1$1\", \"text\", \"(.*)\")", 40),
       "label \"text\" would be longer than 1048576 bytes in label_replace()"},
      {"a label of a thousand labels",
       "label_join(m, \"text\", \",\"" + Repeat(", \"text\"", 2000) + ")",
       "label \"text\" would be longer than 1048576 bytes in label_join()"},
      {"a reference a thousand times",
       "label_replace(m, \"text\", \"" + Repeat("$1", 20'000) + "\", \"text\", \"(.*)\")",
       "label \"text\" would be longer"},
      {"labels that are long in sum",
       "label_replace(label_replace(" + Repeat("label_replace(", 7) + "m" +
           Repeat(", \"text\", \"$1$1\", \"text\", \"(.*)\")", 7) +
           ", \"text\", \"$1$1$1$1\", \"text\", \"(.*)\")" +
           ", \"b\", \"$1$1\", \"text\", \"(.*)\")",
       "too many samples"},
      {"a span beyond all time", "rate(m[99999999999999999y])", "duration out of range"},
      {"an argument list", "label_join(m, " + Repeat("\"a\", ", 100'000) + "\"b\")", "parse error"},
      {"a chain of numbers", Repeat("1 + ", 100'000) + "1", "parse error"},
  };
  for (const auto& test : kCases) {
    const std::string error = Run(test.query);
    if (*test.error == '\0') {
      EXPECT_EQ(error, "") << test.name;
    } else {
      EXPECT_NE(error.find(test.error), std::string::npos) << test.name << ": " << error;
    }
  }
  EXPECT_NE(Run("m", FromMillis(600'000 + 10'000'000'000), Millis(1)).find("too many samples"),
            std::string::npos);
}

TEST_F(Limits, WhatOnlyLooksLikeMuchIsAnswered) {
  const std::string kCases[] = {
      Nested("(", "m", ")", 10'000),
      Nested("abs(", "m", ")", 10'000),
      Nested("sum(", "m", ")", 10'000),
      Nested("-(", "m", ")", 5'000),
      Nested("m{i=\"1\"} + (", "m{i=\"1\"}", ")", 3'000),
      Nested("max_over_time(", "m{i=\"1\"}", "[1m:10s])", 300),
      Repeat("2^", 10'000) + "2",
      "sum(" + Repeat("m + ", 900) + "m)",
      Repeat("1 + ", 20'000) + "1",
      "m" + Repeat(" + 1", 20'000),
      Numbered("m{i=\"", "\"}", " or ", 2'000),
      Nested("max_over_time(", "vector(1)", "[10m:1s])", 12),
      "{__name__=~\"" + Numbered("m", "", "|", 20'000) + "\"}",
      "{__name__=~\"" + Repeat(".*a", 500) + "\"}",
      "m{" + Numbered("l", "=\"\"", ",", 5000) + "}",
      "sum by (" + Numbered("l", "", ",", 5000) + ") (m)",
      Repeat("#", 500'000) + "\nm",
      "topk(1e18, m)",
      "rate(m[290y])",
      "m offset 100y",
      "count_values(\"v\", m)",
  };
  for (const std::string& query : kCases) {
    EXPECT_EQ(Run(query), "") << query.substr(0, 60);
  }
}

// Everything above in one process: memory stayed within bounds.
TEST_F(Limits, MemoryStaysBounded) {
  const std::size_t before = PeakMegabytes();
  Run(Repeat("label_replace(", 40) + "m" + Repeat(", \"text\", \"$1$1\", \"text\", \"(.*)\")", 40));
  Run(Nested("sum_over_time(", "vector(1)", "[1d:1ms])", 3));
  Run("{a=~\"((x{1,1000}){1,1000}){1,1000}\"}");
  Run(Nested("abs(", "m", ")", 20'000));
  EXPECT_LT(PeakMegabytes(), before + 500);
}

}  // namespace
}  // namespace meerkat::promql
