// Range queries over many series are answered part by part: the same answer as at once, and nothing
// that could go wrong is left for the middle of it.

#include "promql/stream.h"

#include <gtest/gtest.h>

#include <stop_token>

#include "tests/promql/memory_storage.h"

namespace meerkat::promql {
namespace {

constexpr int kSeries = 400;
constexpr std::int64_t kEnd = 1000;  // seconds; at 5 s steps a part is 81 series

class Streams : public ::testing::Test {
 protected:
  Streams() {
    for (int i = 0; i < kSeries; ++i) {
      const std::string number = std::to_string(1000 + i);
      Add(Labels{{"__name__", "m_total"}, {"i", number}}, i);
      // In order with the name, in another without it.
      if (i == 0) Add(Labels{{"__name__", "upper"}}, i);
      if (i > 0) Add(Labels{{"Upper", number}, {"__name__", "upper"}}, i);
      // Series of names that vary, and a type that decides about their order.
      Add(Labels{{"__name__", "many_" + number}, {"family", "many"}}, i);
      Add(
          Labels{
              {"__name__", "typed"}, {"__type__", i == kSeries - 1 ? "gauge" : ""}, {"i", number}},
          i);
    }
  }

  void Add(const Labels& labels, int seed) {
    for (std::int64_t t = 0; t <= kEnd; t += 15) {
      if ((t + seed) % 7 == 0) continue;
      MemoryStorage::Sample sample;
      sample.time = FromMillis(t * 1000 + seed);
      sample.value = static_cast<double>(t * seed % 1013);
      storage_.Add(labels, sample);
    }
  }

  static QueryOptions Range() {
    QueryOptions asked;
    asked.end = FromMillis(kEnd * 1000);
    asked.step = Millis(5000);
    return asked;
  }

  struct Collected {
    std::size_t parts = 1;
    std::size_t largest = 0;  // part but the first, in series
    QueryResult result;
    std::string error;
  };
  Collected Collect(const std::string& query, const EngineOptions& options = {},
                    std::stop_source* stop_after_first = nullptr) const {
    const Engine engine(options, storage_);
    Collected out;
    auto answer = engine.Start(
        query, Range(), stop_after_first ? stop_after_first->get_token() : std::stop_token());
    if (!answer) {
      out.error = answer.error().message();
      return out;
    }
    out.result = std::move(answer->result);
    if (answer->rest == nullptr) return out;
    if (stop_after_first != nullptr) stop_after_first->request_stop();
    auto& all = std::get<Matrix>(out.result.value);
    for (Matrix part;; ++out.parts) {
      auto more = answer->rest->Next(part);
      if (!more) {
        out.error = more.error().message();
        return out;
      }
      if (!*more) break;
      out.largest = std::max(out.largest, part.size());
      for (MatrixSeries& series : part) all.push_back(std::move(series));
    }
    QueryResult end = answer->rest->End();
    end.value = std::move(out.result.value);
    out.result = std::move(end);
    return out;
  }

  MemoryStorage storage_;
};

void ExpectEqual(const QueryResult& a, const QueryResult& b) {
  const auto& left = std::get<Matrix>(a.value);
  const auto& right = std::get<Matrix>(b.value);
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    ASSERT_EQ(left[i].labels, right[i].labels);
    ASSERT_EQ(left[i].floats.size(), right[i].floats.size());
    for (std::size_t k = 0; k < left[i].floats.size(); ++k) {
      ASSERT_EQ(left[i].floats[k].time, right[i].floats[k].time);
      ASSERT_EQ(left[i].floats[k].value, right[i].floats[k].value);
    }
  }
  EXPECT_EQ(a.warnings, b.warnings);
  EXPECT_EQ(a.infos, b.infos);
  EXPECT_EQ(a.stats.total_queryable_samples, b.stats.total_queryable_samples);
  EXPECT_EQ(a.stats.samples_read, b.stats.samples_read);
}

TEST_F(Streams, GiveWhatTheWholeAnswerHas) {
  const struct {
    std::string query;
    bool streamed;
  } cases[] = {
      {"m_total", true},
      {"m_total offset 1m", true},
      {"m_total @ 500", true},
      {"-m_total", true},
      {"(rate(m_total[1m]) * 60) > 20", true},
      {"2 ^ abs(m_total % 10)", true},
      {"rate(upper[1m])", false},  // {} comes before {Upper="1"}, but upper{} does not
      {"upper", true},
      {"last_over_time(upper[1m])", true},
      {"-typed", false},
      {"typed", true},
      {"{family='many'}", false},
      {"{family='many'} or vector(1)", false},
      {"m_total + m_total", false},
      {"m_total * on (i) group_left () m_total offset 1m", false},
      {"sum by (i) (m_total)", false},
      {"quantile_over_time(0.5, m_total[1m])", false},
      {"rate(m_total[1m:15s])", false},
      {"label_replace(m_total, 'j', '$1', 'i', '(.*)')", false},
      {"absent_over_time(m_total[1m])", false},
      {"m_total{i='1003'}", false},  // one part is all
      {"none", false},
      {"vector(1)", false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.query);
    const auto whole = Engine({}, storage_).Run(c.query, Range());
    ASSERT_TRUE(whole);
    const Collected collected = Collect(c.query);
    EXPECT_EQ(collected.error, "");
    EXPECT_EQ(collected.parts > 1, c.streamed);
    EXPECT_LE(collected.largest, 82U);
    ExpectEqual(collected.result, *whole);
  }
}

TEST_F(Streams, HoldOnePartAtATime) {
  const Collected collected = Collect("m_total");
  EXPECT_LT(collected.result.stats.peak_samples, 40'000U);
  EXPECT_GT(Engine({}, storage_).Run("m_total", Range())->stats.peak_samples, 60'000U);
}

TEST_F(Streams, FailBeforeTheyBegin) {
  EngineOptions options;
  // More than the first part, less than all.
  options.max_samples = 50'000;
  const Collected collected = Collect("m_total", options);
  EXPECT_EQ(collected.parts, 1U);
  EXPECT_EQ(collected.error,
            "query processing would load too many samples into memory in query execution");
}

TEST_F(Streams, WaitForAllWhenThereAreHistograms) {
  MemoryStorage::Sample sample;
  sample.time = FromMillis(500'000);
  sample.histogram = std::make_shared<Histogram>();
  storage_.Add(Labels{{"__name__", "m_total"}, {"i", "0"}}, sample);
  EXPECT_EQ(Collect("m_total").parts, 1U);
}

TEST_F(Streams, EndWhenTheyAreStopped) {
  std::stop_source stop;
  EXPECT_EQ(Collect("m_total", {}, &stop).error, "query was canceled in expression evaluation");
}

TEST_F(Streams, TellWhatCouldNotBeReadAtTheEnd) {
  const Labels last{{"__name__", "m_total"}, {"i", std::to_string(999 + kSeries)}};
  storage_.Damage(last, "block 7 is damaged");
  const Collected collected = Collect("m_total");
  EXPECT_GT(collected.parts, 1U);
  ASSERT_EQ(collected.result.warnings.size(), 1U);
  EXPECT_NE(collected.result.warnings[0].find("block 7 is damaged"), std::string::npos);
}

}  // namespace
}  // namespace meerkat::promql
