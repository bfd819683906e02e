#include "server/discovery/manager.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>

#include "server/net/system_clock.h"

namespace meerkat::discovery {
namespace {

class ManagerTest : public ::testing::Test {
 protected:
  ManagerTest() {
    directory_ = std::filesystem::temp_directory_path() /
                 ("discovery-test-" + std::to_string(getpid()) + "-" +
                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(directory_);
    manager_ = std::make_unique<Manager>(
        DiscoveryContext{io_, blocking_, clock_, registry_, Logger::Silent()}, "scrape",
        [this](const std::string& set, std::vector<TargetGroup> groups) {
          const MutexLock lock(mu_);
          auto& addresses = sets_[set];
          addresses.clear();
          for (const TargetGroup& group : groups) {
            for (const Labels& target : group.targets) {
              addresses += std::string(target.Get("__address__")) + " ";
            }
          }
          changed_.notify_all();
        });
  }
  ~ManagerTest() override {
    OnIo([this] { manager_->Stop(); });
    io_.Stop();
    blocking_.Stop();
    std::filesystem::remove_all(directory_);
  }
  template <typename Work>
  void OnIo(Work work) {
    std::promise<void> done;
    io_.Post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  void Write(const std::string& name, const std::string& text) {
    const auto temporary = directory_ / (name + ".new");
    std::ofstream(temporary) << text;
    std::filesystem::rename(temporary, directory_ / name);
  }
  // Until the set's addresses are `wanted`.
  void WaitFor(const std::string& set, const std::string& wanted) {
    mu_.Lock();
    while (sets_[set] != wanted) changed_.wait(mu_);
    mu_.Unlock();
  }

  net::IoThread io_;
  net::ThreadPool blocking_{"test", 2};
  net::SystemClock clock_{io_};
  Registry registry_;
  std::filesystem::path directory_;
  Mutex mu_;
  std::condition_variable_any changed_;
  std::map<std::string, std::string> sets_ GUARDED_BY(mu_);
  std::unique_ptr<Manager> manager_;
};

TEST_F(ManagerTest, StaticTargetsAreThereAtOnce) {
  OnIo([&] {
    manager_->Apply({{"a", {StaticSd{{{{Labels{{"__address__", "h:1"}}}, {}, "0"}}}}}, {"b", {}}});
  });
  WaitFor("a", "h:1 ");
  WaitFor("b", "");
}

TEST_F(ManagerTest, FilesAreFollowedAndBadOnesKeepTheirTargets) {
  Write("sd-1.json", R"([{"targets":["one:1"]}])");
  Write("sd-2.yml", "- targets: ['two:2']\n  labels: {x: y}\n");
  FileSd config;
  config.files = {(directory_ / "sd-*.json").string(), (directory_ / "sd-*.yml").string()};
  OnIo([&] { manager_->Apply({{"f", {config}}}); });
  WaitFor("f", "one:1 two:2 ");
  Write("sd-1.json", "not json [");
  Write("sd-2.yml", "- targets: ['three:3']\n");
  WaitFor("f", "one:1 three:3 ");
  std::filesystem::remove(directory_ / "sd-1.json");
  WaitFor("f", "three:3 ");
}

TEST_F(ManagerTest, ANewConfigurationKeepsKnownSources) {
  const StaticSd one{{{{Labels{{"__address__", "h:1"}}}, {}, "0"}}};
  const StaticSd two{{{{Labels{{"__address__", "h:2"}}}, {}, "0"}}};
  OnIo([&] { manager_->Apply({{"a", {one, two}}}); });
  WaitFor("a", "h:1 h:2 ");
  OnIo([&] { manager_->Apply({{"a", {two}}}); });
  WaitFor("a", "h:2 ");
}

}  // namespace
}  // namespace meerkat::discovery
