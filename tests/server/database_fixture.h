#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/manual_clock.h"
#include "tsdb/database.h"

namespace meerkat {

// A real database in a directory of its own, on a clock that stands still.
class DatabaseFixture : public testing::Test {
 protected:
  static constexpr std::int64_t kNow = 1'700'000'000'000;

  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            ("meerkat-" + std::to_string(getpid()) + "-" + info->name());
    std::filesystem::remove_all(path_);
    tsdb::Options options;
    options.path = path_;
    auto opened = tsdb::Database::Open(options, clock_, registry_, Logger::Silent());
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    database_ = std::move(*opened);
  }
  void TearDown() override {
    database_.reset();
    std::filesystem::remove_all(path_);
  }

  ManualClock clock_{FromMillis(kNow)};
  Registry registry_;
  std::filesystem::path path_;
  std::unique_ptr<tsdb::Database> database_;
};

}  // namespace meerkat
