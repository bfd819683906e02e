#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <bit>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/manual_clock.h"
#include "tsdb/database.h"

namespace meerkat::tsdb {

// A directory that goes with the test.
class TempDirectory {
 public:
  TempDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "meerkat-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

using Samples = std::vector<std::pair<std::int64_t, double>>;
using Content = std::map<std::string, Samples>;  // by Labels::ToString()

inline std::int64_t At(std::int64_t seconds) {
  return 1'700'000'000'000 + seconds * 1000;
}

class DatabaseTest : public testing::Test {
 protected:
  void Open() {
    auto opened = Database::Open(options(), clock, *registry, Logger::Silent());
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    db = std::move(*opened);
  }
  void Reopen() {
    db.reset();
    registry = std::make_unique<Registry>();
    Open();
  }
  Options options() {
    Options made = base_options;
    made.path = directory.path() / "data";
    return made;
  }

  Refusal Append(const Labels& labels, std::int64_t time, double value) {
    auto appender = db->NewAppender();
    const Refusal refusal = appender->Append(appender->Resolve(labels), FromMillis(time), value);
    EXPECT_TRUE(appender->Commit().ok());
    return refusal;
  }

  static Content ReadAll(Database& database, TimeRange range = {},
                         std::vector<Matcher> matchers = {}) {
    Content content;
    auto querier = database.NewQuerier(range);
    EXPECT_TRUE(querier.ok());
    auto set = (*querier)->Select(matchers, {});
    EXPECT_TRUE(set.ok());
    SeriesColumns columns;
    std::string before;
    for (;;) {
      auto next = (*set)->Next();
      EXPECT_TRUE(next.ok());
      if (!*next) break;
      auto read = (*set)->Read(columns);
      EXPECT_TRUE(read.ok()) << read.error().message();
      Samples samples;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        samples.emplace_back(ToMillis((*columns.times)[i]), columns.values[i]);
      }
      const std::string name = (*set)->labels().ToString();
      EXPECT_FALSE(content.contains(name));
      if (!samples.empty()) content[name] = std::move(samples);
    }
    return content;
  }
  Content ReadAll(TimeRange range = {}) { return ReadAll(*db, range); }

  TempDirectory directory;
  Options base_options;
  ManualClock clock{FromMillis(At(0))};
  std::unique_ptr<Registry> registry = std::make_unique<Registry>();
  std::unique_ptr<Database> db;
};

}  // namespace meerkat::tsdb
