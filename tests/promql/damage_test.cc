// A damaged database answers with what can be read and says what is missing.

#include <gtest/gtest.h>

#include "promql/engine.h"
#include "tests/promql/memory_storage.h"

namespace meerkat::promql {
namespace {

TEST(Damage, UnreadableBlocksAreNamedInWarnings) {
  MemoryStorage storage;
  for (const char* a : {"1", "2", "3"}) {
    const Labels labels{{"__name__", "m"}, {"a", a}};
    MemoryStorage::Sample sample;
    sample.time = FromMillis(1000);
    sample.value = 1;
    storage.Add(labels, sample);
    if (*a != '1') storage.Damage(labels, "part 7, block 3: block is missing");
  }
  const Engine engine(EngineOptions(), storage);
  QueryOptions options;
  options.start = options.end = FromMillis(2000);
  const auto sum = engine.Run("sum(m)", options);
  ASSERT_TRUE(sum.ok()) << sum.error().message();
  EXPECT_EQ(std::get<Vector>(sum->value)[0].value, 3);
  EXPECT_EQ(sum->warnings, (std::vector<std::string>{"samples are missing, as they cannot be "
                                                     "read: part 7, block 3: block is missing"}));
  const auto whole = engine.Run("m{a=\"1\"}", options);
  ASSERT_TRUE(whole.ok());
  EXPECT_TRUE(whole->warnings.empty());
}

TEST(Damage, WhatCannotBeLookedIntoIsNamedWithoutAnySeries) {
  MemoryStorage storage;
  storage.DamageAll("part 7: directory is missing");
  const Engine engine(EngineOptions(), storage);
  const auto empty = engine.Run("sum(m)", QueryOptions());
  ASSERT_TRUE(empty.ok()) << empty.error().message();
  EXPECT_TRUE(std::get<Vector>(empty->value).empty());
  EXPECT_EQ(empty->warnings, (std::vector<std::string>{"samples are missing, as they cannot be "
                                                       "read: part 7: directory is missing"}));
}

TEST(Damage, StorageThatTakesLongIsInterrupted) {
  const MemoryStorage storage;
  const Engine engine(EngineOptions(), storage);
  QueryOptions options;
  options.timeout = Millis(0);
  const auto late = engine.Run("m", options);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code(), Code::kTimeout);
}

}  // namespace
}  // namespace meerkat::promql
