// A flipped byte or a torn end anywhere in a data directory: what was damaged is named, everything
// else is read, writing goes on, and no wrong sample is ever given out.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>

#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

constexpr int kSeries = 60;
constexpr int kSteps = 240;
constexpr int kCold = 4200;  // worth a segment of the attic

Labels Warm(int i) {
  return {{"__name__", "warm"}, {"i", std::to_string(i)}, {"job", "flips"}};
}
Labels Cold(int i) {
  return {{"__name__", "cold"}, {"i", std::to_string(i)}, {"job", "flips"}};
}
double ValueAt(int i, int step) {
  return i % 4 == 0 ? i : static_cast<double>((i * 37 + step * step) % 1000) / 8;
}

// Everything a directory can hold: parts of two levels, a segment of the attic, tombstones, state,
// metadata, and two generations that only the journal has.
class FlipsTest : public DatabaseTest {
 protected:
  void AppendSteps(int first, int last) {
    for (int step = first; step < last; ++step) {
      auto appender = db->NewAppender();
      for (int i = 0; i < kSeries; ++i) {
        appender->Append(appender->Resolve(Warm(i)), FromMillis(At(step * 15)), ValueAt(i, step));
        expected[Warm(i).ToString()].emplace_back(At(step * 15), ValueAt(i, step));
      }
      ASSERT_TRUE(appender->Commit().ok());
      clock.AdvanceTo(FromMillis(At(step * 15)));
    }
  }
  void Fill() {
    Open();
    {
      auto appender = db->NewAppender();
      for (int i = 0; i < kCold; ++i) {
        appender->Append(appender->Resolve(Cold(i)), FromMillis(At(-7200)), i);
        expected[Cold(i).ToString()].emplace_back(At(-7200), i);
      }
      appender->SetMetadata("warm", {MetricType::kGauge, "A gauge.", "s"});
      ASSERT_TRUE(appender->Commit().ok());
    }
    ASSERT_TRUE(db->Seal().ok());
    AppendSteps(0, 60);
    ASSERT_TRUE(db->Seal().ok());
    AppendSteps(60, 90);
    ASSERT_TRUE(db->Compact().ok());
    ASSERT_TRUE(db->CleanTombstones().ok());  // and what is cold leaves
    AppendSteps(90, 150);
    ASSERT_TRUE(db->Seal().ok());
    const std::vector<std::vector<Matcher>> deleted{
        {Matcher::Equal("i", "7"), Matcher::Equal("__name__", "warm")}};
    ASSERT_TRUE(db->DeleteSeries({FromMillis(At(0)), FromMillis(At(150))}, deleted).ok());
    Samples& seven = expected[Warm(7).ToString()];
    resurrected = {seven.begin(), seven.begin() + 11};
    seven.erase(seven.begin(), seven.begin() + 11);
    ASSERT_TRUE(db->state().Write({{"silences/1", "one"}}).ok());
    // A deletion closes a generation that is not sealed.
    AppendSteps(150, 180);
    const std::vector<std::vector<Matcher>> none{
        {Matcher::Equal("i", "8"), Matcher::Equal("__name__", "warm")}};
    ASSERT_TRUE(db->DeleteSeries({FromMillis(At(-100)), FromMillis(At(-50))}, none).ok());
    AppendSteps(180, kSteps);
    db.reset();
    for (const auto& [name, samples] : expected) total += samples.size();
    std::filesystem::rename(options().path, directory.path() / "whole");
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(directory.path() / "whole")) {
      const std::string name = entry.path().filename();
      if (entry.is_regular_file() && entry.file_size() > 0 && !name.starts_with("LOG")) {
        files.push_back(std::filesystem::relative(entry.path(), directory.path() / "whole"));
      }
    }
    std::sort(files.begin(), files.end());
  }

  double Named() {
    return registry->counter("prometheus_tsdb_wal_corruptions_total", "").value() +
           registry->counter("prometheus_tsdb_mmap_chunk_corruptions_total", "").value();
  }

  // Opens the spoilt directory and looks at everything. Returns how many samples are missing; -1
  // when it was refused to open.
  long Examine() {
    registry = std::make_unique<Registry>();
    std::vector<std::string> said;
    auto opened = Database::Open(options(), clock, *registry, Logger::Silent());
    if (!opened) {
      EXPECT_FALSE(opened.error().message().empty());
      refusal = opened.error().message();
      return -1;
    }
    db = std::move(*opened);
    std::size_t found = 0;
    auto querier = db->NewQuerier({});
    EXPECT_TRUE(querier.ok());
    auto set = (*querier)->Select({}, {});
    EXPECT_TRUE(set.ok());
    if (!set) return -1;
    SeriesColumns columns;
    std::set<std::string> seen;
    bool told = false;
    while (*(*set)->Next()) {
      const std::string name = (*set)->labels().ToString();
      EXPECT_TRUE(seen.insert(name).second) << name << " is there twice";
      const auto wanted = expected.find(name);
      EXPECT_NE(wanted, expected.end()) << name << " was never there";
      if (wanted == expected.end()) continue;
      if (!(*set)->Read(columns)) told = true;
      std::map<std::int64_t, double> good(wanted->second.begin(), wanted->second.end());
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::pair sample{ToMillis((*columns.times)[i]), columns.values[i]};
        if (const auto it = good.find(sample.first); it != good.end()) {
          EXPECT_EQ(it->second, sample.second) << name << " at " << sample.first;
          good.erase(it);
          ++found;
        } else {
          // Only a lost deletion brings something back.
          EXPECT_TRUE(std::count(resurrected.begin(), resurrected.end(), sample)) << name;
          told = told || Named() > 0;
        }
      }
    }
    const long missing = static_cast<long>(total - found);
    if (missing > 0) EXPECT_TRUE(told || Named() > 0) << missing << " samples, nothing said";
    set->reset();
    querier->reset();
    // Life goes on.
    const Labels fresh{{"__name__", "fresh"}};
    EXPECT_EQ(Append(fresh, At(kSteps * 15), 1), Refusal::kNone);
    EXPECT_EQ(Append(Warm(0), At(kSteps * 15), 1), Refusal::kNone);
    (void)db->Seal();
    (void)db->Compact();
    EXPECT_EQ(Append(fresh, At(kSteps * 15 + 15), 2), Refusal::kNone);
    EXPECT_EQ(ReadAllReadable()[fresh.ToString()],
              (Samples{{At(kSteps * 15), 1}, {At(kSteps * 15 + 15), 2}}));
    db.reset();
    registry = std::make_unique<Registry>();
    auto again = Database::Open(options(), clock, *registry, Logger::Silent());
    EXPECT_TRUE(again.ok()) << again.error().message();
    if (again) {
      db = std::move(*again);
      Content content = ReadAllReadable();
      EXPECT_EQ(content[fresh.ToString()],
                (Samples{{At(kSteps * 15), 1}, {At(kSteps * 15 + 15), 2}}));
      std::size_t still = 0;
      for (const auto& [name, samples] : content) still += samples.size();
      EXPECT_GE(still, found + 3) << "what could be read is still there";
    }
    db.reset();
    return missing;
  }
  Content ReadAllReadable() {
    Content content;
    auto querier = db->NewQuerier({});
    auto set = (*querier)->Select({}, {});
    SeriesColumns columns;
    while (*(*set)->Next()) {
      (void)(*set)->Read(columns);
      Samples samples;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        samples.emplace_back(ToMillis((*columns.times)[i]), columns.values[i]);
      }
      content[(*set)->labels().ToString()] = std::move(samples);
    }
    return content;
  }

  void Restore() {
    std::filesystem::remove_all(options().path);
    std::filesystem::copy(directory.path() / "whole", options().path,
                          std::filesystem::copy_options::recursive);
  }

  Content expected;
  Samples resurrected;
  std::size_t total = 0;
  std::vector<std::filesystem::path> files;
  std::string refusal;
};

// MEERKAT_FLIPS says how many places of each file; a nightly run takes hundreds.
int Places() {
  const char* asked = std::getenv("MEERKAT_FLIPS");
  return asked == nullptr ? 1 : std::atoi(asked);
}

TEST_F(FlipsTest, AFlippedByteOrTornEndIsNamedAndContained) {
  Fill();
  ASSERT_GE(files.size(), 8u);
  std::mt19937_64 random(20260101);
  for (const auto& file : files) {
    const auto size = std::filesystem::file_size(directory.path() / "whole" / file);
    for (int place = 0; place <= Places(); ++place) {
      Restore();
      const std::uint64_t offset = random() % size;
      const std::uint64_t bits = 1 + random() % 255;
      const bool torn = place == Places();
      SCOPED_TRACE(file.string() + (torn ? " torn at " : " flipped at ") + std::to_string(offset) +
                   " of " + std::to_string(size));
      if (torn) {
        std::filesystem::resize_file(options().path / file, offset);
      } else {
        std::fstream spoilt(options().path / file, std::ios::in | std::ios::out | std::ios::binary);
        spoilt.seekg(static_cast<std::streamoff>(offset));
        const int byte = spoilt.get();
        spoilt.seekp(static_cast<std::streamoff>(offset));
        spoilt.put(static_cast<char>(byte ^ static_cast<int>(bits)));
      }
      const long missing = Examine();
      if (std::getenv("MEERKAT_FLIPS_PRINT") != nullptr) {
        std::printf(
            "%-24s %s %8lu of %8lu: %s\n", file.string().c_str(), torn ? "torn   " : "flipped",
            static_cast<unsigned long>(offset), static_cast<unsigned long>(size),
            missing < 0
                ? ("refused: " + refusal).c_str()
                : (std::to_string(missing) + " of " + std::to_string(total) + " samples missing")
                      .c_str());
        std::fflush(stdout);
      }
      EXPECT_GE(missing, 0) << refusal;
    }
  }
}

// Its first record of the last block claims to reach beyond the end of a log, as one that a death
// cut off does; but whole ones follow.
TEST_F(FlipsTest, ALogsRecordThatClaimsTooMuchIsNamed) {
  Fill();
  int spoilt = 0;
  for (const auto& file : files) {
    const auto size = std::filesystem::file_size(directory.path() / "whole" / file);
    constexpr std::uint64_t kBlock = 32 << 10;
    const std::uint64_t last = (size - 1) / kBlock * kBlock;
    if (file.extension() != ".log" || size - last < 10'000) continue;
    SCOPED_TRACE(file);
    Restore();
    std::fstream log(options().path / file, std::ios::in | std::ios::out | std::ios::binary);
    log.seekp(static_cast<std::streamoff>(last + 5));  // the upper byte of the length
    log.put('\xFF');
    log.close();
    EXPECT_GT(Examine(), 0);
    ++spoilt;
  }
  EXPECT_GT(spoilt, 0);
}

}  // namespace
}  // namespace meerkat::tsdb
