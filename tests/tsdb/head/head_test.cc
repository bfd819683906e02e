#include "tsdb/head/head.h"

#include <bit>

#include "base/manual_clock.h"
#include "tests/tsdb/database/fixture.h"
#include "tests/tsdb/head/read_tails.h"
#include "tsdb/attic/attic.h"
#include "tsdb/index/index.h"

namespace meerkat::tsdb {
namespace {

using Found = std::vector<std::pair<std::int64_t, double>>;

// A head above a store of its own; what the parts hold is said by the test.
class HeadTest : public testing::Test {
 protected:
  static constexpr std::int64_t kPartsEnd = 1'000'000;

  void Open() {
    auto opened = Store::Open(directory_.path() / "db", {});
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    world_ = std::make_unique<World>(std::move(opened->store), directory_.path(),
                                     [this](SeriesId series) { return look_up_(series); });
    ASSERT_TRUE(world_->attic.Load(false).ok());
    ASSERT_TRUE(world_->head.Replay(1, FromMillis(kPartsEnd), 0, Logger::Silent()).ok());
  }

  // As one batch.
  Refusal Append(std::int64_t time, double value) {
    auto appender = world_->head.NewAppender();
    const Refusal refusal = appender->Append(appender->Resolve(labels_), FromMillis(time), value);
    EXPECT_TRUE(appender->Commit().ok());
    return refusal;
  }

  Found Read() {
    const auto series = world_->index.Find(labels_);
    if (!series) return {};
    ReaderLock lock(world_->live.mu);
    return ReadTails(*world_->live.view.open, *series, world_->head.FindSlot(*series));
  }

  TempDirectory directory_;
  const Labels labels_{{"__name__", "up"}};
  Head::LookUp look_up_;

  struct World {
    World(std::unique_ptr<Store> opened, const std::filesystem::path& path, Head::LookUp look_up)
        : store(std::move(opened)),
          attic(path / "scratch", *store, registry, Logger::Silent(), [this] { return ++number; }),
          head({}, clock, *store, index, attic, live, metrics, std::move(look_up),
               [](const Head::Filling&) {}) {}
    ManualClock clock{FromMillis(kPartsEnd)};
    Registry registry;
    HeadMetrics metrics{registry};
    std::unique_ptr<Store> store;
    std::uint64_t number = 0;
    Index index;
    LiveView live;
    Attic attic;
    Head head;
  };
  std::unique_ptr<World> world_;
};

TEST_F(HeadTest, WhatPartsHoldDecidesOverTheFirstSampleAfterAStart) {
  look_up_ = [](SeriesId) {
    return Head::Newest{kPartsEnd - 10, std::bit_cast<std::uint64_t>(1.0), nullptr};
  };
  Open();
  EXPECT_EQ(Append(kPartsEnd - 20, 7), Refusal::kOutOfOrder);
  EXPECT_EQ(Append(kPartsEnd - 10, 7), Refusal::kDuplicate);
  EXPECT_EQ(Append(kPartsEnd - 10, 1), Refusal::kNone) << "the same once more";
  EXPECT_EQ(Append(kPartsEnd - 5, 1), Refusal::kNone);
  EXPECT_EQ(Read(), (Found{{kPartsEnd - 5, 1}}));
}

// The journal tells a value by how it differs from the one before. While the parts are asked for
// that, another batch is faster.
TEST_F(HeadTest, ABatchThatComesWhilePartsAreAskedIsNotForgotten) {
  int asked = 0;
  look_up_ = [&](SeriesId) -> std::optional<Head::Newest> {
    if (++asked == 1) EXPECT_EQ(Append(kPartsEnd + 10, 2), Refusal::kNone);
    return Head::Newest{kPartsEnd - 10, std::bit_cast<std::uint64_t>(1.0), nullptr};
  };
  Open();
  EXPECT_EQ(Append(kPartsEnd - 5, 7), Refusal::kOutOfOrder);
  EXPECT_EQ(Append(kPartsEnd + 20, 2), Refusal::kNone);
  EXPECT_EQ(Append(kPartsEnd + 30, 1), Refusal::kNone);
  const Found all = {{kPartsEnd + 10, 2}, {kPartsEnd + 20, 2}, {kPartsEnd + 30, 1}};
  EXPECT_EQ(Read(), all);
  world_.reset();
  Open();
  EXPECT_EQ(Read(), all) << "after a start";
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace meerkat::tsdb
