#include "tsdb/index/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>

namespace meerkat::tsdb {
namespace {

Matcher Make(const std::string& name, const std::string& op, const std::string& value) {
  const auto type = op == "="    ? Matcher::Type::kEqual
                    : op == "!=" ? Matcher::Type::kNotEqual
                    : op == "=~" ? Matcher::Type::kRegex
                                 : Matcher::Type::kNotRegex;
  auto matcher = Matcher::Make(type, name, value);
  EXPECT_TRUE(matcher.ok());
  return std::move(*matcher);
}

using Ids = std::vector<SeriesId>;

class SelectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Labels all[] = {
        {{"n", "1"}},                                   // 0
        {{"n", "1"}, {"i", "a"}},                       // 1
        {{"n", "1"}, {"i", "b"}},                       // 2
        {{"n", "1"}, {"i", "\n"}},                      // 3
        {{"n", "2"}},                                   // 4
        {{"n", "2.5"}},                                 // 5
        {{"__name__", "up"}, {"job", "node"}},          // 6
        {{"__name__", "up"}, {"job", "prometheus"}},    // 7
        {{"__name__", "down"}, {"job", "prometheus"}},  // 8
        {},                                             // 9
    };
    for (const Labels& labels : all) index_.Add(labels, index_.next_id());
  }
  Index index_;
};

// The cases follow the semantics of the querying language: a missing label is "".
TEST_F(SelectTest, AnswersMatchers) {
  const struct {
    std::vector<Matcher> matchers;
    Ids ids;
  } cases[] = {
      {{}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
      {{Make("n", "=", "1")}, {0, 1, 2, 3}},
      {{Make("n", "=", "1"), Make("i", "=", "a")}, {1}},
      {{Make("n", "=", "1"), Make("i", "=", "missing")}, {}},
      {{Make("missing", "=", "")}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
      {{Make("missing", "=", "x")}, {}},
      {{Make("missing", "!=", "x"), Make("n", "=", "2")}, {4}},
      {{Make("missing", "!=", "")}, {}},
      {{Make("missing", "=~", ".*"), Make("n", "=", "2")}, {4}},
      {{Make("missing", "=~", ".+")}, {}},
      {{Make("missing", "!~", ".+"), Make("n", "=", "2")}, {4}},
      {{Make("n", "=", "1"), Make("i", "=", "")}, {0}},
      {{Make("n", "!=", "1")}, {4, 5, 6, 7, 8, 9}},
      {{Make("i", "!=", "")}, {1, 2, 3}},
      {{Make("n", "!=", "1"), Make("i", "!=", "")}, {}},
      {{Make("n", "=", "1"), Make("i", "!=", "a")}, {0, 2, 3}},
      {{Make("n", "=~", "^1$")}, {0, 1, 2, 3}},
      {{Make("n", "=", "1"), Make("i", "=~", "^a$")}, {1}},
      {{Make("n", "=", "1"), Make("i", "=~", "^a?$")}, {0, 1}},
      {{Make("i", "=~", "^$")}, {0, 4, 5, 6, 7, 8, 9}},
      {{Make("n", "=", "1"), Make("i", "=~", "^.*$")}, {0, 1, 2, 3}},
      {{Make("n", "=", "1"), Make("i", "=~", "^.+$")}, {1, 2, 3}},
      {{Make("n", "=", "1"), Make("i", "=~", ".+")}, {1, 2, 3}},
      {{Make("n", "!~", "^1$")}, {4, 5, 6, 7, 8, 9}},
      {{Make("n", "!~", "1"), Make("n", "!=", "")}, {4, 5}},
      {{Make("n", "=", "1"), Make("i", "!~", "^a?$")}, {2, 3}},
      {{Make("n", "=", "1"), Make("i", "!~", "^$")}, {1, 2, 3}},
      {{Make("n", "=", "1"), Make("i", "!~", ".*")}, {}},
      {{Make("n", "=", "1"), Make("i", "!~", ".+")}, {0}},
      {{Make("n", "=", "1"), Make("i", "!=", ""), Make("i", "!~", "b.*")}, {1, 3}},
      {{Make("n", "=~", "1|2")}, {0, 1, 2, 3, 4}},
      {{Make("n", "=~", "1|2|")}, {0, 1, 2, 3, 4, 6, 7, 8, 9}},
      {{Make("n", "!~", "1|2")}, {5, 6, 7, 8, 9}},
      {{Make("n", "!~", "1|2|")}, {5}},
      {{Make("n", "=~", "2\\.5|x")}, {5}},
      {{Make("n", "=~", "2.*")}, {4, 5}},
      {{Make("i", "=~", "a|b"), Make("n", "=~", "1.*")}, {1, 2}},
      {{Make("i", "!=", "a"), Make("i", "!=", "b"), Make("i", "!=", "")}, {3}},
      {{Make("i", "=", "a"), Make("i", "=", "b")}, {}},
      {{Make("__name__", "=", "up")}, {6, 7}},
      {{Make("__name__", "!=", "up"), Make("job", "=~", "prom.*")}, {8}},
      {{Make("__name__", "=", ""), Make("n", "=", "")}, {9}},
  };
  for (const auto& [matchers, ids] : cases) {
    std::string text;
    for (const Matcher& matcher : matchers) text += matcher.ToString() + " ";
    EXPECT_EQ(index_.Select(matchers), ids) << text;
    EXPECT_EQ(index_.Select(matchers, 1), Ids(ids.begin(), ids.begin() + !ids.empty())) << text;
  }
}

TEST_F(SelectTest, ListsNamesAndValues) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(index_.LabelNames(), (Strings{"__name__", "i", "job", "n"}));
  EXPECT_EQ(index_.LabelNames(2), (Strings{"__name__", "i"}));
  EXPECT_EQ(index_.LabelNames(Ids{1, 6}), (Strings{"__name__", "i", "job", "n"}));
  EXPECT_EQ(index_.LabelNames(Ids{4, 5, 77}), (Strings{"n"}));
  EXPECT_EQ(index_.LabelValues("n"), (Strings{"1", "2", "2.5"}));
  EXPECT_EQ(index_.LabelValues("n", 1), (Strings{"1"}));
  EXPECT_EQ(index_.LabelValues("i"), (Strings{"\n", "a", "b"}));
  EXPECT_EQ(index_.LabelValues("missing"), Strings{});
  EXPECT_EQ(index_.LabelValues("n", Ids{5, 0, 1, 9, 7}), (Strings{"1", "2.5"}));
  EXPECT_EQ(index_.LabelValues("n", Ids{5, 0, 1}, 1), (Strings{"1"}));
}

TEST_F(SelectTest, CountsWhatIsCommon) {
  const CardinalityStats stats = index_.Cardinality(2);
  const auto text = [](const std::vector<NamedCount>& list) {
    std::string out;
    for (const auto& [name, value] : list) out += name + ":" + std::to_string(value) + " ";
    return out;
  };
  EXPECT_EQ(stats.series, 10U);
  EXPECT_EQ(stats.label_pairs, 10U);
  EXPECT_EQ(text(stats.series_by_metric), "up:2 down:1 ");
  EXPECT_EQ(text(stats.values_by_label), "i:3 n:3 ");
  EXPECT_EQ(text(stats.bytes_by_label), "job:39 __name__:38 ");
  EXPECT_EQ(text(stats.series_by_pair), "n=1:4 __name__=up:2 ");
}

TEST(Index, KnowsLabelsByIdAndIdsByLabels) {
  Index index;
  const Labels a = {{"__name__", "a"}, {"x", "1"}};
  const Labels b = {{"__name__", "a"}, {"x", "2"}};
  EXPECT_EQ(index.next_id(), 0U);
  EXPECT_TRUE(index.Add(a, 5).created);
  EXPECT_FALSE(index.Add(a, 6).created);
  EXPECT_EQ(index.Add(a, 6).id, 5U);
  EXPECT_TRUE(index.Add(b, 70000).created);
  EXPECT_EQ(index.next_id(), 70001U);
  EXPECT_EQ(index.Find(a), 5U);
  EXPECT_EQ(index.Find({{"x", "1"}}), std::nullopt);
  EXPECT_EQ(index.LabelsOf(70000), b);
  EXPECT_EQ(index.LabelsOf(6), Labels());
  EXPECT_EQ(index.LabelsOf(Ids{70000, 5}), (std::vector<Labels>{b, a}));
  EXPECT_TRUE(index.Has(5));
  EXPECT_FALSE(index.Has(6));
  index.Remove(Ids{5, 6, 99999999});
  EXPECT_EQ(index.Find(a), std::nullopt);
  EXPECT_EQ(index.size(), 1U);
  EXPECT_EQ(index.LabelValues("x"), std::vector<std::string>{"2"});
  EXPECT_TRUE(index.Add(a, 5).created) << "the caller may use an id again";
}

TEST(Index, TakesManyAndLongLabels) {
  Index index;
  std::vector<std::pair<std::string, std::string>> text;
  for (int i = 0; i < 300; ++i) {
    text.emplace_back("name_" + std::to_string(i),
                      std::string(static_cast<std::size_t>(i * 7), 'v') + "x");
  }
  std::vector<Label> list;
  for (const auto& [name, value] : text) list.push_back({name, value});
  const Labels labels = Labels::From(list);
  index.Add(labels, 3);
  EXPECT_EQ(index.LabelsOf(3), labels);
  index.Remove(Ids{3});
  EXPECT_EQ(index.LabelNames(), std::vector<std::string>{});
}

// A million random steps, checked against a plain map.
TEST(Index, AgreesWithANaiveModel) {
  std::mt19937_64 random(1);
  Index index;
  std::map<SeriesId, Labels> model;
  std::set<Labels> known;
  SeriesId next = 0;
  const auto some_labels = [&] {
    std::vector<std::pair<std::string, std::string>> text;
    text.emplace_back("__name__", "m" + std::to_string(random() % 5));
    if (random() % 2 == 0) text.emplace_back("a", "v" + std::to_string(random() % 30));
    if (random() % 3 != 0) text.emplace_back("b", "w" + std::to_string(random() % 300));
    if (random() % 4 == 0) text.emplace_back("c", std::to_string(random() % 3));
    std::vector<Label> list;
    for (const auto& [name, value] : text) list.push_back({name, value});
    return Labels::From(list);
  };
  const std::vector<Matcher> pool = {
      Make("__name__", "=", "m1"), Make("__name__", "!=", "m1"), Make("__name__", "=~", "m1|m2"),
      Make("a", "=", "v3"),        Make("a", "!=", "v3"),        Make("a", "=", ""),
      Make("a", "!=", ""),         Make("a", "=~", "v1.*"),      Make("a", "!~", "v1.*"),
      Make("b", "=~", "w.*7"),     Make("b", "!~", "w.*7"),      Make("b", "=~", "w1|w2|w3|"),
      Make("b", "!~", "w1|w2|w3"), Make("b", "=~", ".+"),        Make("b", "!~", ".+"),
      Make("c", "=~", "0?"),       Make("c", "!~", "0?"),        Make("c", "=~", ".*"),
      Make("nothing", "=", ""),    Make("nothing", "=~", "x.*"), Make("b", "=~", "w1[0-9]+"),
      Make("c", "=", "1"),         Make("c", "!=", "1"),         Make("b", "=", "w250"),
  };
  std::uint64_t steps = 0;
  for (int round = 0; round < 400; ++round) {
    // Waves: the set grows to tens of thousands and falls back to nearly nothing.
    const bool growing = round / 40 % 2 == 0;
    for (int i = 0; i < 2500; ++i, ++steps) {
      if (random() % 5 == 0 ? !growing : growing) {
        const Labels labels = some_labels();
        const bool fresh = known.insert(labels).second;
        const auto added = index.Add(labels, next);
        ASSERT_EQ(added.created, fresh);
        if (fresh) {
          model[next] = labels;
          next += 1 + (random() % 1000 == 0 ? 70000 : 0);
        }
      } else if (!model.empty()) {
        auto at = model.lower_bound(static_cast<SeriesId>(random() % (next + 1)));
        if (at == model.end()) at = model.begin();
        known.erase(at->second);
        index.Remove(Ids{at->first});
        if (random() % 64 == 0) index.Shrink();
        ASSERT_EQ(index.Find(at->second), std::nullopt);
        model.erase(at);
      }
    }
    ASSERT_EQ(index.size(), model.size());
    std::map<std::string, std::pair<SeriesId, SeriesId>> ends;
    for (const auto& [id, labels] : model) {
      if (const std::string b(labels.Get("b")); !b.empty()) {
        ends.try_emplace(b, id, id).first->second.second = id;
      }
    }
    const auto witnessed = index.LabelValuesWitnessed("b");
    ASSERT_EQ(witnessed.size(), ends.size());
    for (const auto& [text, least, greatest] : witnessed) {
      ASSERT_EQ(ends[text], std::pair(least, greatest)) << text;
    }
    for (int query = 0; query < 4; ++query) {
      std::vector<Matcher> matchers;
      for (std::uint64_t i = random() % 4; i-- > 0;)
        matchers.push_back(pool[random() % pool.size()]);
      Ids expected;
      std::set<std::string> names;
      std::set<std::string> values;
      for (const auto& [id, labels] : model) {
        if (!std::all_of(matchers.begin(), matchers.end(),
                         [&](const Matcher& m) { return m.Matches(labels); })) {
          continue;
        }
        expected.push_back(id);
        for (const Label label : labels) {
          names.emplace(label.name);
          if (label.name == "b") values.emplace(label.value);
        }
      }
      const Ids ids = index.Select(matchers);
      ASSERT_EQ(ids, expected);
      ASSERT_EQ(index.LabelNames(ids), std::vector<std::string>(names.begin(), names.end()));
      ASSERT_EQ(index.LabelValues("b", ids),
                std::vector<std::string>(values.begin(), values.end()));
      if (query == 0 && round % 10 == 0) {
        Ids sorted = ids;
        index.SortByLabels(sorted);
        std::sort(expected.begin(), expected.end(),
                  [&](SeriesId a, SeriesId b) { return model[a] < model[b]; });
        ASSERT_EQ(sorted, expected);
      }
      if (!expected.empty()) {
        const SeriesId id = expected[random() % expected.size()];
        ASSERT_EQ(index.LabelsOf(id), model[id]);
        ASSERT_EQ(index.Find(model[id]), id);
      }
    }
  }
  EXPECT_EQ(steps, 1000000U);
}

TEST(Index, ChurnLeavesNothingBehind) {
  Index index;
  const auto make = [](int generation, int i) {
    const std::string pod = "pod-" + std::to_string(generation) + "-" + std::to_string(i / 10);
    const std::string metric = "metric_" + std::to_string(i % 10);
    return Labels{{"__name__", metric}, {"job", "churn"}, {"pod", pod}};
  };
  const std::size_t empty = index.MemoryBytes();
  std::size_t after_first = 0;
  SeriesId next = 0;
  for (int generation = 0; generation < 30; ++generation) {
    Ids ids;
    for (int i = 0; i < 5000; ++i) ids.push_back(index.Add(make(generation, i), next++).id);
    index.Remove(ids);
    if (generation == 0) after_first = index.MemoryBytes();
  }
  EXPECT_EQ(index.size(), 0U);
  EXPECT_LT(after_first, empty + 50000);
  EXPECT_LT(index.MemoryBytes(), after_first + 2000) << "ids that never come back cost nothing";
}

TEST(Index, ShrinksToWhatItWasBeforeManyCame) {
  const auto make = [](const char* job, int i) {
    return Labels{{"__name__", "m" + std::to_string(i % 100)},
                  {"job", job},
                  {"pod", std::string(job) + "-" + std::to_string(i / 100)}};
  };
  Index index;
  for (int i = 0; i < 10000; ++i) index.Add(make("base", i), static_cast<SeriesId>(i));
  index.Shrink();
  const std::size_t before = index.MemoryBytes();
  Ids guests;
  for (int i = 0; i < 200000; ++i) {
    guests.push_back(index.Add(make("guest", i), static_cast<SeriesId>(10000 + i)).id);
  }
  EXPECT_GT(index.MemoryBytes(), 5 * before);
  index.Remove(guests);
  index.Shrink();
  EXPECT_LT(index.MemoryBytes(), before + before / 10);
  for (int i = 0; i < 10000; ++i) {
    ASSERT_EQ(index.Find(make("base", i)), static_cast<SeriesId>(i));
    ASSERT_EQ(index.Find(make("guest", i)), std::nullopt);
  }
  EXPECT_EQ(index.LabelValues("pod").size(), 100U);
  EXPECT_EQ(index.Add(make("guest", 7), 500000).id, 500000U);
  EXPECT_EQ(index.LabelsOf(500000), make("guest", 7));
}

// Thousands of alternatives that no cache of states can hold.
class DearExpressions : public ::testing::Test {
 protected:
  DearExpressions() {
    for (SeriesId i = 0; i < kSeries; ++i) {
      index_.Add({{"__name__", "m"}, {"host", "h" + std::to_string(7919 * i % 100'003)}}, i);
    }
    std::string text;
    for (int i = 0; i < 5000; ++i) text += ".*" + std::to_string(i * 13) + ".*|";
    dear_ = {Make("host", "=~", text + "x"), Make("__name__", "!~", text + "x")};
  }

  static constexpr SeriesId kSeries = 400;
  Index index_;
  std::vector<Matcher> dear_;
};

TEST_F(DearExpressions, GiveTheSameWithoutTheLock) {
  Ids expected;
  for (SeriesId id = 0; id < kSeries; ++id) {
    const Labels labels = index_.LabelsOf(id);
    if (dear_[0].Matches(labels) && dear_[1].Matches(labels)) expected.push_back(id);
  }
  ASSERT_FALSE(expected.empty());
  ASSERT_LT(expected.size(), kSeries);
  EXPECT_EQ(index_.Select(dear_), expected);
}

TEST_F(DearExpressions, EndWhenInterrupted) {
  int asked = 0;
  Interrupt interrupt([&]() -> Result<> {
    // Nobody holds the lock meanwhile: a scrape may bring a new series.
    index_.Add({{"__name__", "new"}, {"ask", std::to_string(asked)}}, index_.next_id());
    if (++asked == 3) return Error(Code::kCanceled, "gone");
    return {};
  });
  const auto ids = index_.Select(dear_, interrupt);
  ASSERT_FALSE(ids.ok());
  EXPECT_EQ(ids.error().message(), "gone");
  EXPECT_EQ(asked, 3);
}

TEST(Index, ASeriesTakesFewBytes) {
  Index index;
  SeriesId next = 0;
  for (int target = 0; target < 100; ++target) {
    const std::string instance = "host-" + std::to_string(target) + ":9100";
    for (int metric = 0; metric < 1000; ++metric) {
      const std::string name = "metric_with_a_name_" + std::to_string(metric);
      index.Add({{"__name__", name}, {"instance", instance}, {"job", "node"}, {"mode", "idle"}},
                next++);
    }
  }
  EXPECT_LT(index.MemoryBytes() / next, 60U);
}

TEST(Index, ReadersAndWritersMeetUnharmed) {
  Index index;
  const Labels steady = {{"__name__", "steady"}};
  index.Add(steady, 0);
  std::vector<std::thread> threads;
  for (SeriesId writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&index, writer] {
      for (SeriesId i = 0; i < 3000; ++i) {
        const SeriesId id = 1 + 10000 * writer + i;
        index.Add({{"__name__", "moving"}, {"i", std::to_string(id)}}, id);
        if (i >= 100) index.Remove(Ids{id - 100});
      }
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&index, &steady] {
      const std::vector<Matcher> by_name = {Make("__name__", "=", "steady")};
      const std::vector<Matcher> by_regex = {Make("i", "=~", "1.*"),
                                             Make("__name__", "!=", "steady")};
      for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(index.Select(by_name), Ids{0});
        EXPECT_EQ(index.Find(steady), 0U);
        for (const Labels& labels : index.LabelsOf(index.Select(by_regex))) {
          EXPECT_TRUE(labels.empty() || labels.metric_name() == "moving");
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(index.size(), 201U);
}

}  // namespace
}  // namespace meerkat::tsdb
