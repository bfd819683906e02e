#include "server/setup/watch_list.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace meerkat::setup {
namespace {

class WatchListTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "watch-list";
  WatchList list_{folder_ / "setup" / "targets.json"};
};

TEST_F(WatchListTest, KeepsWhatIsAddedOncePerAddress) {
  EXPECT_EQ(*list_.Read(), std::vector<Watched>{});
  ASSERT_TRUE(list_.Add({"redis", "127.0.0.1:9121"}));
  ASSERT_TRUE(list_.Add({"app", "127.0.0.1:8000"}));
  ASSERT_TRUE(list_.Add({"cache", "127.0.0.1:9121"}));
  EXPECT_EQ(*list_.Read(),
            (std::vector<Watched>{{"app", "127.0.0.1:8000"}, {"cache", "127.0.0.1:9121"}}));
  ASSERT_TRUE(list_.Remove("127.0.0.1:8000"));
  EXPECT_EQ(list_.Remove("127.0.0.1:8000").error().code(), Code::kNotFound);
  EXPECT_EQ(*list_.Read(), (std::vector<Watched>{{"cache", "127.0.0.1:9121"}}));
}

TEST_F(WatchListTest, IsAFileSdFileForItsOwnerAlone) {
  ASSERT_TRUE(list_.Add({"redis", "127.0.0.1:9121"}));
  std::stringstream text;
  text << std::ifstream(list_.file()).rdbuf();
  EXPECT_EQ(text.str(), R"([{"targets":["127.0.0.1:9121"],"labels":{"job":"redis"}}])"
                        "\n");
  EXPECT_EQ(std::filesystem::status(list_.file()).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(WatchListTest, KeepsGroupsWrittenByHand) {
  std::filesystem::create_directories(list_.file().parent_path());
  std::ofstream(list_.file())
      << R"([{"targets":["10.0.0.5:80","10.0.0.6:80"],"labels":{"env":"prod"}}])";
  ASSERT_TRUE(list_.Add({"redis", "127.0.0.1:9121"}));
  ASSERT_TRUE(list_.Remove("10.0.0.6:80"));
  std::stringstream text;
  text << std::ifstream(list_.file()).rdbuf();
  EXPECT_EQ(text.str(), R"([{"targets":["10.0.0.5:80"],"labels":{"env":"prod"}},)"
                        R"({"targets":["127.0.0.1:9121"],"labels":{"job":"redis"}}])"
                        "\n");
}

TEST_F(WatchListTest, LeavesAFileOfAnotherShapeAlone) {
  std::filesystem::create_directories(list_.file().parent_path());
  for (const char* text :
       {"not json", "{}", "[1]", R"([{"targets":"x"}])", R"([{"targets":[1]}])"}) {
    std::ofstream(list_.file()) << text;
    EXPECT_EQ(list_.Add({"a", "127.0.0.1:1"}).error().code(), Code::kInvalid) << text;
    std::stringstream kept;
    kept << std::ifstream(list_.file()).rdbuf();
    EXPECT_EQ(kept.str(), text);
  }
}

}  // namespace
}  // namespace meerkat::setup
