#include "server/dashboards/dashboard_library.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/manual_clock.h"
#include "server/dashboards/dashboard_json.h"

namespace meerkat::server {
namespace {

class MemoryState : public StateStore {
 public:
  Result<> Write(std::vector<Change> changes) override {
    for (Change& change : changes) {
      if (change.value) {
        entries_[change.key] = *change.value;
      } else {
        entries_.erase(change.key);
      }
    }
    return {};
  }
  Result<std::optional<std::string>> Read(std::string_view key) const override {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return std::optional<std::string>();
    return std::optional<std::string>(at->second);
  }
  Result<> Scan(
      std::string_view prefix,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    for (auto at = entries_.lower_bound(prefix);
         at != entries_.end() && at->first.starts_with(prefix); ++at) {
      if (!visit(at->first, at->second)) break;
    }
    return {};
  }

 private:
  std::map<std::string, std::string, std::less<>> entries_;
};

class DashboardLibraryTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("dashboards-" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void File(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  DashboardLibrary Open() {
    return {{DashboardFolder{folder_, "", true, std::chrono::seconds(1)}},
            {},
            state_,
            clock_,
            Logger::Silent()};
  }
  std::vector<std::string> Uids(DashboardLibrary& library) {
    std::vector<std::string> uids;
    for (const auto& summary : library.List()) uids.push_back(summary.uid);
    return uids;
  }

  std::filesystem::path folder_;
  MemoryState state_;
  ManualClock clock_{FromMillis(1'000'000)};
};

TEST_F(DashboardLibraryTest, GivesAUidFromTheFileNameWhereTheOwnIsUnusable) {
  File("a.json", R"({"uid":"same","title":"A","panels":[]})");
  File("b two.json", R"({"uid":"same","title":"B","panels":[]})");
  File("Node (1).json", R"({"title":"C","panels":[]})");
  File("long.json", R"({"uid":"0123456789012345678901234567890123456789x","title":"D","rows":[]})");
  File("sub/e.json", R"({"uid":"e","title":"E","panels":[]})");
  File("not.json", "[1]");
  auto library = Open();
  EXPECT_EQ(Uids(library), (std::vector<std::string>{"same", "b-two", "Node-1", "long", "e"}));
  EXPECT_EQ(library.List().back().folder, "sub");
}

TEST_F(DashboardLibraryTest, ReadsGrafanasNewModelToo) {
  const std::string text = R"({"apiVersion":"dashboard.grafana.app/v2beta1","kind":"Dashboard",)"
                           R"("metadata":{"name":"abc"},"spec":{"title":"New","tags":["t"]}})";
  File("new.json", text);
  File("pod.json", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{}})");
  auto library = Open();
  ASSERT_EQ(Uids(library), std::vector<std::string>{"abc"});
  EXPECT_EQ(library.List()[0].title, "New");
  EXPECT_EQ(library.List()[0].tags, std::vector<std::string>{"t"});
  EXPECT_EQ(library.Get("abc")->json, text);
  const auto saved = library.Save(text, "", "", std::nullopt);
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved->uid, "abc");
}

TEST_F(DashboardLibraryTest, SeesFilesThatChange) {
  auto library = Open();
  EXPECT_TRUE(library.List().empty());
  File("a.json", R"({"uid":"a","title":"A","panels":[]})");
  EXPECT_TRUE(library.List().empty());  // not before the interval is over
  clock_.Advance(Millis(1500));
  EXPECT_EQ(Uids(library), (std::vector<std::string>{"a"}));
  std::filesystem::remove(folder_ / "a.json");
  clock_.Advance(Millis(1500));
  EXPECT_TRUE(library.List().empty());
}

TEST_F(DashboardLibraryTest, ANewDashboardNeverBecomesAVersionOfAnother) {
  File("a.json", R"({"uid":"Board","title":"From file","panels":[]})");
  auto library = Open();
  const std::string long_title(45, 'x');
  const auto save = [&](const std::string& title) {
    return library.Save(R"({"title":")" + title + R"(","panels":[]})", "", "", std::nullopt);
  };
  for (const auto& [title, uid] : std::vector<std::pair<std::string, std::string>>{
           {"Board", "Board-2"},
           {"Board", "Board-3"},
           {long_title, std::string(40, 'x')},
           {long_title, std::string(38, 'x') + "-2"}}) {
    const auto saved = save(title);
    ASSERT_TRUE(saved.ok());
    EXPECT_EQ(saved->uid, uid);
    EXPECT_EQ(saved->version, 1);
  }
}

TEST_F(DashboardLibraryTest, KeepsVersionsAndTellsTheSecondOfTwoSavers) {
  auto library = Open();
  const auto first =
      library.Save(R"({"title":"My board","panels":[]})", "Team", "begun", std::nullopt);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->uid, "My-board");
  EXPECT_EQ(first->version, 1);
  const std::string next = R"({"uid":"My-board","title":"My board 2","panels":[]})";
  EXPECT_EQ(library.Save(next, "Team", "", 1)->version, 2);
  const auto late = library.Save(next, "Team", "", 1);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code(), Code::kConflict);
  ASSERT_EQ(library.Versions("My-board").size(), 2U);
  EXPECT_EQ(library.Versions("My-board")[1].message, "begun");
  EXPECT_NE(library.VersionJson("My-board", 1)->find("My board\""), std::string::npos);

  auto reopened = Open();
  EXPECT_EQ(reopened.Get("My-board")->summary.version, 2);
  EXPECT_TRUE(reopened.Delete("My-board").ok());
  EXPECT_FALSE(reopened.Get("My-board").has_value());
  EXPECT_TRUE(reopened.Versions("My-board").empty());
}

TEST_F(DashboardLibraryTest, AStoredDashboardHidesAFileAndFilesCannotBeDeleted) {
  File("a.json", R"({"uid":"a","title":"From file","panels":[]})");
  auto library = Open();
  EXPECT_EQ(library.Delete("a").error().code(), Code::kInvalid);
  EXPECT_EQ(library.Delete("nope").error().code(), Code::kNotFound);
  ASSERT_TRUE(
      library.Save(R"({"dashboard":{"uid":"a","title":"Saved","panels":[]}})", "", "", std::nullopt)
          .ok());
  EXPECT_EQ(library.Get("a")->summary.title, "Saved");
  ASSERT_TRUE(library.Delete("a").ok());
  EXPECT_EQ(library.Get("a")->summary.title, "From file");
  EXPECT_EQ(library.Get("a")->json, R"({"uid":"a","title":"From file","panels":[]})");
}

TEST_F(DashboardLibraryTest, GivesBackWhatWasSavedByteForByte) {
  auto library = Open();
  const std::string text = R"({"uid":"x","title":"X",  "version": 7, "panels":[]})";
  ASSERT_TRUE(library.Save(text, "", "", std::nullopt).ok());
  EXPECT_EQ(library.Get("x")->json, text);
}

TEST_F(DashboardLibraryTest, RemembersStars) {
  File("a.json", R"({"uid":"a","title":"A","panels":[]})");
  auto library = Open();
  ASSERT_TRUE(library.Star("a", true).ok());
  EXPECT_TRUE(library.List()[0].starred);
  ASSERT_TRUE(library.Star("a", false).ok());
  EXPECT_FALSE(library.Get("a")->summary.starred);
  EXPECT_FALSE(library.Star("nope", true).ok());
}

TEST(DashboardJson, RefusesWhatIsNoDashboard) {
  EXPECT_FALSE(ReadDashboard("{").ok());
  EXPECT_FALSE(ReadDashboard("[]").ok());
  EXPECT_FALSE(ReadDashboard("{\"a\":1}").ok());
  EXPECT_EQ(SlugOf("Node Exporter: Full (v2)"), "node-exporter-full-v2");
}

}  // namespace
}  // namespace meerkat::server
