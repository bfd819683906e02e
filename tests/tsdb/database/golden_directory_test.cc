// Whole data directories as earlier versions left them: they open, and say what was put into them.
// MEERKAT_WRITE_GOLDEN=1 writes those that are missing.
#include <cstdlib>

#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

const std::filesystem::path kGolden =
    std::filesystem::path(MEERKAT_SOURCE_DIR) / "tests/data/tsdb/golden";

constexpr int kSteps = 120;

Labels Series(int i) {
  return {{"__name__", "golden_" + std::to_string(i % 3)}, {"i", std::to_string(i)}};
}
double ValueAt(int i, int step) {
  return i % 2 == 0 ? i : step * 0.25 * i;
}
// So many series that they are worth a segment of the attic.
Labels Cold(int i) {
  return {{"__name__", "cold"}, {"i", std::to_string(i)}};
}
constexpr int kCold = 4100;

// What a directory holds besides the six series.
struct Contents {
  bool cold = false;  // series in the attic
  bool born = false;  // a series that only the journal knows
};
const Labels kBorn{{"__name__", "born"}, {"i", "last"}};

class GoldenDirectoryTest : public DatabaseTest {
 protected:
  void AppendStep(int step) {
    auto appender = db->NewAppender();
    for (int i = 0; i < 6; ++i) {
      appender->Append(appender->Resolve(Series(i)), FromMillis(At(step * 15)), ValueAt(i, step));
    }
    ASSERT_TRUE(appender->Commit().ok());
    clock.AdvanceTo(FromMillis(At(step * 15)));
  }

  void AppendExtras() {
    auto appender = db->NewAppender();
    appender->SetMetadata("golden_0", {MetricType::kCounter, "What it counts.", "seconds"});
    const SeriesRef exemplar = appender->Resolve(Series(0));
    appender->AppendExemplar(exemplar, {Labels{{"trace_id", "abc"}}, 3, FromMillis(At(0))});
    ASSERT_TRUE(appender->Commit().ok());
  }

  void Fill(const Contents& contents) {
    Open();
    if (contents.cold) {
      auto appender = db->NewAppender();
      for (int i = 0; i < kCold; ++i) {
        appender->Append(appender->Resolve(Cold(i)), FromMillis(At(-7200)), 1);
      }
      ASSERT_TRUE(appender->Commit().ok());
      ASSERT_TRUE(db->Seal().ok());
    }
    AppendExtras();
    ASSERT_TRUE(db->state().Write({{"silences/1", "state"}}).ok());
    for (int step = 0; step < kSteps; ++step) {
      AppendStep(step);
      if (step == 50) ASSERT_TRUE(db->Seal().ok());
      if (step == 70) ASSERT_TRUE(db->Compact().ok());
      if (step == 90) ASSERT_TRUE(db->Seal().ok());
    }
    if (contents.cold) ASSERT_TRUE(db->CleanTombstones().ok());
    const std::vector<std::vector<Matcher>> deleted{{Matcher::Equal("i", "5")}};
    ASSERT_TRUE(db->DeleteSeries({FromMillis(At(0)), FromMillis(At(150))}, deleted).ok());
    AppendStep(kSteps);
    if (contents.born) EXPECT_EQ(Append(kBorn, At(kSteps * 15), 1), Refusal::kNone);
    db.reset();
  }

  void Check(const Contents& contents) {
    Open();
    Content content = ReadAll();
    for (int i = 0; i < 6; ++i) {
      Samples expected;
      for (int step = i == 5 ? 11 : 0; step <= kSteps; ++step) {
        expected.emplace_back(At(step * 15), ValueAt(i, step));
      }
      EXPECT_EQ(content[Series(i).ToString()], expected) << i;
    }
    for (int i = 0; i < (contents.cold ? kCold : 0); ++i) {
      ASSERT_EQ(content[Cold(i).ToString()], (Samples{{At(-7200), 1}})) << i;
    }
    if (contents.born) EXPECT_EQ(content[kBorn.ToString()], (Samples{{At(kSteps * 15), 1}}));
    EXPECT_EQ(content.size(), 6u + (contents.cold ? kCold : 0) + (contents.born ? 1 : 0));
    const auto metadata = db->MetricMetadata("golden_0");
    ASSERT_EQ(metadata.size(), 1u);
    EXPECT_EQ(metadata[0].second, (Metadata{MetricType::kCounter, "What it counts.", "seconds"}));
    EXPECT_EQ(db->state().Read("silences/1")->value_or(""), "state");
    const std::vector<std::vector<Matcher>> any{{}};
    const auto exemplars = db->Exemplars({}, any);
    ASSERT_TRUE(exemplars.ok());
    EXPECT_EQ(registry->counter("prometheus_tsdb_wal_corruptions_total", "").value(), 0);
    EXPECT_EQ(registry->counter("prometheus_tsdb_mmap_chunk_corruptions_total", "").value(), 0);
    if (contents.cold) {
      EXPECT_NE(registry->Exposition().find("\nprometheus_tsdb_head_series " +
                                            std::to_string(contents.born ? 7 : 6) + "\n"),
                std::string::npos)
          << "the others are in the attic";
    }
    // It goes on from there.
    AppendStep(kSteps + 1);
    ASSERT_TRUE(db->Compact().ok());
    EXPECT_EQ(ReadAll()[Series(1).ToString()].size(), kSteps + 2u);
    if (contents.cold) EXPECT_EQ(Append(Cold(7), At(kSteps * 15), 2), Refusal::kNone);
    if (contents.cold) EXPECT_EQ(ReadAll()[Cold(7).ToString()].size(), 2u);
  }

  void Run(const std::string& name, const Contents& contents) {
    const auto golden = kGolden / name;
    if (!std::filesystem::exists(golden) && std::getenv("MEERKAT_WRITE_GOLDEN") != nullptr) {
      Fill(contents);
      std::filesystem::create_directories(golden / "db");
      for (const auto& entry : std::filesystem::directory_iterator(options().path / "db")) {
        const std::string file = entry.path().filename();
        if (file.starts_with("LOG") || file == "LOCK") continue;
        std::filesystem::copy_file(entry.path(), golden / "db" / file);
      }
    }
    ASSERT_TRUE(std::filesystem::exists(golden)) << golden;
    std::filesystem::remove_all(options().path);
    std::filesystem::create_directories(options().path);
    std::filesystem::copy(golden / "db", options().path / "db");
    registry = std::make_unique<Registry>();
    Check(contents);
  }
};

TEST_F(GoldenDirectoryTest, OfFormatOneOpens) {
  Run("directory.v1", {});
}

TEST_F(GoldenDirectoryTest, OfFormatTwoOpensWithItsAttic) {
  Run("directory.v2", {.cold = true});
}

TEST_F(GoldenDirectoryTest, OfFormatThreeOpensWithWhatItsJournalDefines) {
  Run("directory.v3", {.cold = true, .born = true});
}

}  // namespace
}  // namespace meerkat::tsdb
