#include <chrono>
#include <thread>

#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

class RetentionTest : public DatabaseTest {
 protected:
  static Labels Named(const std::string& name) { return Labels{{"__name__", name}}; }

  // A sample an hour of each series, sealed every two hours.
  void Fill(int hours, const std::vector<std::string>& names) {
    for (int h = 0; h < hours; ++h) {
      const std::int64_t time = At(h * 3600);
      clock.AdvanceTo(FromMillis(time));
      for (const std::string& name : names) ASSERT_EQ(Append(Named(name), time, h), Refusal::kNone);
      if (h % 2 == 1) ASSERT_TRUE(db->Seal().ok());
    }
  }
  // Upkeep runs on its own thread: asks until it has done its work.
  template <typename Done>
  void Await(Done done) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      std::this_thread::yield();
    }
  }
  std::int64_t Oldest(const std::string& name) {
    const Content content = ReadAll();
    const auto it = content.find(Named(name).ToString());
    return it == content.end() ? -1 : (it->second.front().first - At(0)) / 3'600'000;
  }
};

TEST_F(RetentionTest, ForgetsWhatIsOlderThanTheTime) {
  Open();
  Fill(48, {"a"});
  EXPECT_EQ(Oldest("a"), 0);
  LiveOptions live;
  live.retention_time = std::chrono::hours(12);
  db->Apply(live);
  // The newest sample is of hour 47. Blocks of up to twelve hours go as a whole.
  Await([&] { return Oldest("a") > 47 - 12 - 12; });
  EXPECT_LE(Oldest("a"), 47 - 12);
  Reopen();
  EXPECT_GT(Oldest("a"), 47 - 12 - 12);
}

TEST_F(RetentionTest, KeepsToTheBytes) {
  Open();
  Fill(48, {"a", "b"});
  const auto total = [&] {
    std::uint64_t bytes = 0;
    for (const auto& block : db->Blocks()) bytes += block.bytes;
    return bytes;
  };
  const std::uint64_t half = total() / 2;
  LiveOptions live;
  live.retention_time = Millis(0);
  Await([&] {
    // Besides the blocks there are logs, whose files come and go.
    live.retention_bytes = half + db->DiskBytes() - total();
    db->Apply(live);
    return total() <= half;
  });
  EXPECT_GT(Oldest("a"), 0);
  EXPECT_EQ(ReadAll()[Named("a").ToString()].back(), (std::pair(At(47 * 3600), 47.0)));
}

TEST_F(RetentionTest, RulesHoldForWhatTheySelect) {
  Open();
  Fill(48, {"brief", "usual", "long"});
  LiveOptions live;
  live.retention_time = std::chrono::hours(24);
  live.retention_rules = {{{Matcher::Equal("__name__", "brief")}, std::chrono::hours(6)},
                          {{Matcher::Equal("__name__", "long")}, Millis(0)}};
  db->Apply(live);
  Await([&] { return Oldest("usual") > 0 && Oldest("brief") > 30; });
  EXPECT_EQ(Oldest("long"), 0);
  EXPECT_LE(Oldest("usual"), 24);
  EXPECT_LE(Oldest("brief"), 42);
}

TEST_F(RetentionTest, SeriesWithoutSamplesAreForgotten) {
  Open();
  for (int h = 0; h < 48; ++h) {
    const std::int64_t time = At(h * 3600);
    clock.AdvanceTo(FromMillis(time));
    Append(Named("steady"), time, 1);
    Append(Named("brief" + std::to_string(h)), time, 1);
    if (h % 2 == 1) ASSERT_TRUE(db->Seal().ok());
  }
  EXPECT_EQ(db->Cardinality(0).series, 49u);
  LiveOptions live;
  live.retention_time = std::chrono::hours(12);
  db->Apply(live);
  Await([&] { return db->Cardinality(0).series < 1 + 12 + 12; });
  auto querier = db->NewQuerier({});
  EXPECT_LT((*(*querier)->LabelValues("__name__", {}, 0)).size(), 25u);
  EXPECT_EQ(Append(Named("brief0"), At(48 * 3600), 1), Refusal::kNone) << "it may come back";
  EXPECT_EQ(ReadAll()[Named("brief0").ToString()].size(), 1u);
  querier->reset();
  Reopen();
  EXPECT_EQ(ReadAll()[Named("brief0").ToString()].size(), 1u);
}

TEST_F(RetentionTest, ASnapshotOpensAsADataDirectory) {
  Open();
  Fill(10, {"a", "b"});
  Append(Named("a"), At(36000), 10);
  const Content all = ReadAll();
  const std::filesystem::path target = directory.path() / "snapshot";
  const std::filesystem::path sealed = directory.path() / "sealed";
  ASSERT_TRUE(db->Snapshot(sealed, true).ok());
  ASSERT_TRUE(db->Snapshot(target, false).ok());
  Append(Named("a"), At(36001), 11);
  for (const auto& [path, samples] : {std::pair(target, 11u), std::pair(sealed, 10u)}) {
    Registry other;
    Options copy = options();
    copy.path = path;
    auto opened = Database::Open(copy, clock, other, Logger::Silent());
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    Content content = ReadAll(**opened);
    // The upkeep may have sealed the newest sample too before the first snapshot was taken.
    EXPECT_GE(content[Named("a").ToString()].size(), samples);
    EXPECT_LE(content[Named("a").ToString()].size(), 11u);
    if (path == target) EXPECT_EQ(content, all);
  }
}

}  // namespace
}  // namespace meerkat::tsdb
