#include "tsdb/index/postings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tsdb/index/id_table.h"
#include "tsdb/index/slab.h"

namespace meerkat::tsdb {
namespace {

using Ids = std::vector<std::uint32_t>;

Ids All(const Postings& postings) {
  Ids ids;
  postings.AppendTo(ids);
  return ids;
}

// Every size from nothing over arrays and lists to bitmaps and back, dense and spread out.
TEST(Postings, AgreeWithASet) {
  std::mt19937_64 random(3);
  for (const std::uint32_t range : {100U, 5000U, 20000U, 400000U, 4000000000U}) {
    Postings postings;
    std::set<std::uint32_t> model;
    for (int wave = 0; wave < 5; ++wave) {
      const bool growing = wave % 2 == 0;
      for (int i = 0; i < 12000; ++i) {
        const auto id = static_cast<std::uint32_t>(random() % range);
        if (random() % 8 == 0 ? !growing : growing) {
          postings.Add(id);
          model.insert(id);
        } else {
          auto at = model.lower_bound(id);
          if (at == model.end()) continue;
          postings.Remove(*at);
          model.erase(at);
        }
        ASSERT_EQ(postings.size(), model.size());
      }
      ASSERT_EQ(All(postings), Ids(model.begin(), model.end()));
      Ids candidates;
      for (int i = 0; i < 3000; ++i)
        candidates.push_back(static_cast<std::uint32_t>(random() % range));
      std::sort(candidates.begin(), candidates.end());
      candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
      Ids in = candidates;
      Ids out = candidates;
      postings.Intersect(in);
      postings.Subtract(out);
      Ids expected_in;
      Ids expected_out;
      for (const std::uint32_t id : candidates) {
        (model.contains(id) ? expected_in : expected_out).push_back(id);
        ASSERT_EQ(postings.Contains(id), model.contains(id));
      }
      ASSERT_EQ(in, expected_in);
      ASSERT_EQ(out, expected_out);
    }
    // In common with sets of every density, so that each pair of forms meets.
    for (const std::uint32_t step : {1U, 3U, 50U, 3000U}) {
      Postings other;
      Ids expected;
      for (std::uint32_t i = 0; i < 30000; ++i) {
        const std::uint32_t id = i * step;
        other.Add(id);
        if (model.contains(id)) expected.push_back(id);
      }
      Ids common;
      postings.AppendCommon(other, common);
      ASSERT_EQ(common, expected);
      common.clear();
      other.AppendCommon(postings, common);
      ASSERT_EQ(common, expected);
    }
    for (const std::uint32_t id : All(postings)) postings.Remove(id);
    EXPECT_TRUE(postings.empty());
    EXPECT_LT(postings.HeapBytes(), 600U);
  }
}

TEST(Postings, DenseIdsTakeBits) {
  Postings postings;
  for (std::uint32_t id = 0; id < 1000000; ++id) postings.Add(id);
  EXPECT_LT(postings.HeapBytes(), 1000000 / 8 + 10000U);
  Postings every_thousandth;
  for (std::uint32_t id = 0; id < 10000000; id += 1000) every_thousandth.Add(id);
  EXPECT_LT(every_thousandth.HeapBytes(), 10000 * 3U);
}

TEST(IdTable, AgreesWithASet) {
  std::mt19937_64 random(4);
  IdTable table;
  std::set<std::pair<std::uint32_t, std::uint32_t>> model;  // hash, id
  for (int i = 0; i < 200000; ++i) {
    // Few hashes, so that they collide; many at the end of the table, so that it wraps around.
    const auto hash = static_cast<std::uint32_t>(
        random() % 3 == 0 ? ~std::uint32_t{0} - random() % 8 : random() % 512 << 23);
    const auto id = static_cast<std::uint32_t>(random() % 2000);
    const bool known = model.contains({hash, id});
    const auto found = table.Find(hash, [&](std::uint32_t other) { return other == id; });
    ASSERT_EQ(found.has_value(), known);
    if (known && random() % 2 == 0) {
      table.Erase(hash, id);
      model.erase({hash, id});
    } else if (!known && model.size() < 1500 &&
               std::none_of(model.begin(), model.end(),
                            [&](const auto& m) { return m.second == id; })) {
      table.Insert(hash, id);
      model.insert({hash, id});
    }
    ASSERT_EQ(table.size(), model.size());
  }
}

TEST(Slab, UsesNumbersAgainAndGivesPagesBack) {
  Slab<std::uint32_t> slab(3);
  std::mt19937_64 random(5);
  std::set<std::uint32_t> used;
  for (int wave = 0; wave < 6; ++wave) {
    for (int i = 0; i < 5000; ++i) {
      if (wave % 2 == 0) {
        const std::uint32_t record = slab.Take();
        ASSERT_TRUE(used.insert(record).second);
        ASSERT_EQ(slab[record][2], 0U);
        slab[record][2] = 7;
      } else {
        auto at = used.lower_bound(static_cast<std::uint32_t>(random() % 5000));
        if (at == used.end()) at = used.begin();
        slab.Give(*at);
        used.erase(at);
      }
    }
    if (wave % 2 == 1) EXPECT_LT(slab.HeapBytes(), 5000U);
  }
  EXPECT_TRUE(used.empty());
  EXPECT_LT(slab.Take(), 5120U) << "numbers stay dense";
}

}  // namespace
}  // namespace meerkat::tsdb
