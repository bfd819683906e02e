#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <sstream>

#include "base/manual_clock.h"
#include "tsdb/database.h"

namespace meerkat::remote {

// A real database in a temporary directory.
class RemoteFixture : public testing::Test {
 protected:
  static constexpr std::int64_t kNow = 1'700'000'000'000;

  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            ("meerkat-remote-" + std::to_string(getpid()) + "-" + info->name());
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

  // Everything stored, a line for each sample: `labels value @millis`, histograms as `count/sum`.
  std::string Dump() {
    auto querier = database_->NewQuerier({});
    auto series = (*querier)->Select({}, {});
    std::string out;
    tsdb::SeriesColumns columns;
    for (;;) {
      auto more = (*series)->Next();
      EXPECT_TRUE(more.ok());
      if (!more || !*more) return out;
      EXPECT_TRUE((*series)->Read(columns).ok());
      std::size_t next = 0;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        std::ostringstream line;
        line << (*series)->labels().ToString() << ' ';
        if (next < columns.histograms.size() && columns.histograms[next].index == i) {
          const Histogram& h = *columns.histograms[next++].histogram;
          line << h.count << '/' << h.sum;
        } else {
          line << columns.values[i];
        }
        line << " @" << ToMillis((*columns.times)[i]) - kNow << '\n';
        out += line.str();
      }
    }
  }

  ManualClock clock_{FromMillis(kNow)};
  Registry registry_;
  std::filesystem::path path_;
  std::unique_ptr<tsdb::Database> database_;
};

}  // namespace meerkat::remote
