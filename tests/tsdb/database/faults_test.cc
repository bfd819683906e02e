#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cmath>
#include <fstream>

#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

constexpr int kSeries = 40;

Labels SeriesOf(int i) {
  return Labels{{"__name__", "fault"}, {"i", std::to_string(i)}};
}

class FaultsTest : public DatabaseTest {};

// With files limited in size, the journal cannot grow: as with a full disk.
TEST_F(FaultsTest, RefusesWritesWhileTheDiskIsFullAndRecovers) {
  Open();
  const Labels up{{"__name__", "up"}};
  ASSERT_EQ(Append(up, At(0), 1), Refusal::kNone);
  ASSERT_TRUE(db->state().Write({{"a/1", "x"}}).ok());
  struct sigaction ignore{};
  struct sigaction before{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &ignore, &before);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit none = old;
  none.rlim_cur = 1;
  setrlimit(RLIMIT_FSIZE, &none);
  for (int i = 1; i <= 3; ++i) {
    auto appender = db->NewAppender();
    EXPECT_EQ(appender->Append(appender->Resolve(up), FromMillis(At(i)), 0.5 * i), Refusal::kNone);
    const Result<> committed = appender->Commit();
    ASSERT_FALSE(committed.ok());
    EXPECT_EQ(committed.error().code(), Code::kUnavailable) << committed.error().message();
  }
  EXPECT_EQ(ReadAll()[up.ToString()], (Samples{{At(0), 1}})) << "reading goes on";
  EXPECT_EQ(registry->counter("prometheus_tsdb_wal_writes_failed_total", "").value(), 3);
  setrlimit(RLIMIT_FSIZE, &old);
  sigaction(SIGXFSZ, &before, nullptr);
  EXPECT_EQ(Append(up, At(2), 4), Refusal::kNone);
  const Samples expected{{At(0), 1}, {At(2), 4}};
  EXPECT_EQ(ReadAll()[up.ToString()], expected);
  Reopen();
  EXPECT_EQ(ReadAll()[up.ToString()], expected);
  EXPECT_EQ(**db->state().Read("a/1"), "x");
}

// A file system of a few megabytes, which only root may make.
class SmallDisk {
 public:
  explicit SmallDisk(const std::filesystem::path& path) : path_(path) {
    std::filesystem::create_directories(path);
    mounted_ = mount("none", path.c_str(), "tmpfs", 0, "size=40m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  bool MakeReadOnly() {
    return mount("none", path_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  const std::filesystem::path path_;
  bool mounted_ = false;
};

TEST_F(FaultsTest, RunsOutOfDiskAndGoesOnWhenThereIsSomeAgain) {
  const std::filesystem::path path = directory.path() / "data";
  SmallDisk disk(path);
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount";
  Open();
  std::int64_t step = 0;
  const auto append = [&]() -> Result<> {
    auto appender = db->NewAppender();
    for (int i = 0; i < kSeries; ++i) {
      appender->Append(appender->Resolve(SeriesOf(i)), FromMillis(At(step)), std::sin(i + step));
    }
    auto committed = appender->Commit();
    if (committed) ++step;
    return committed;
  };
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(append().ok());
  // Somebody else takes what is left.
  {
    std::ofstream other(path / "other", std::ios::binary);
    const std::string block(1 << 20, 'x');
    while (std::filesystem::space(path).available > (8u << 20) &&
           other.write(block.data(), 1 << 20))
      other.flush();
  }
  for (int i = 0; i < 3; ++i) {
    const Result<> refused = append();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::kUnavailable);
    EXPECT_NE(refused.error().message().find("no space left"), std::string::npos)
        << refused.error().message();
  }
  EXPECT_EQ(registry->counter("prometheus_tsdb_wal_writes_failed_total", "").value(), 3);
  EXPECT_FALSE(db->Seal().ok());
  EXPECT_FALSE(db->state().Write({{"a/1", "x"}}).ok());
  EXPECT_FALSE(db->Snapshot(directory.path() / "copy", false).ok());
  EXPECT_EQ(ReadAll()[SeriesOf(3).ToString()].size(), 100u) << "reading goes on";
  std::filesystem::remove(path / "other");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(append().ok());
  EXPECT_TRUE(db->Seal().ok());
  EXPECT_TRUE(db->Compact().ok());
  EXPECT_EQ(ReadAll()[SeriesOf(3).ToString()].size(), 200u);
  Reopen();
  EXPECT_EQ(ReadAll()[SeriesOf(3).ToString()].size(), 200u);
  db.reset();
}

TEST_F(FaultsTest, SaysThatADirectoryIsReadOnly) {
  const std::filesystem::path path = directory.path() / "data";
  SmallDisk disk(path);
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount";
  Open();
  ASSERT_EQ(Append(SeriesOf(0), At(0), 1), Refusal::kNone);
  db.reset();
  registry = std::make_unique<Registry>();
  ASSERT_TRUE(disk.MakeReadOnly());
  auto opened = Database::Open(options(), clock, *registry, Logger::Silent());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::kUnavailable);
  EXPECT_NE(opened.error().message().find("Read-only file system"), std::string::npos)
      << opened.error().message();
}

// Flips a byte of a sealed file: the rest stays readable, the damage is told once.
TEST_F(FaultsTest, SetsDamagedBlocksAside) {
  Open();
  for (int step = 0; step < 200; ++step) {
    auto appender = db->NewAppender();
    for (int i = 0; i < kSeries; ++i) {
      appender->Append(appender->Resolve(SeriesOf(i)), FromMillis(At(step)),
                       std::sin(i * 1000 + step));
    }
    ASSERT_TRUE(appender->Commit().ok());
  }
  ASSERT_TRUE(db->Seal().ok());
  ASSERT_EQ(Append(SeriesOf(0), At(1000), 5), Refusal::kNone);
  db.reset();
  registry = std::make_unique<Registry>();
  std::filesystem::path largest;
  std::uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(options().path / "db")) {
    if (entry.path().extension() == ".sst" && entry.file_size() > size) {
      largest = entry.path();
      size = entry.file_size();
    }
  }
  ASSERT_GT(size, 10'000u);
  {
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(size / 3));
    const auto byte = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(size / 3));
    file.put(static_cast<char>(byte ^ 0x40));
  }
  Open();
  auto querier = db->NewQuerier({});
  auto set = (*querier)->Select({}, {});
  int readable = 0;
  int damaged = 0;
  SeriesColumns columns;
  while (*(*set)->Next()) {
    const Result<> read = (*set)->Read(columns);
    if (read.ok()) {
      ++readable;
      EXPECT_EQ(columns.size(), (*set)->labels() == SeriesOf(0) ? 201u : 200u);
    } else {
      ++damaged;
      EXPECT_EQ(read.error().code(), Code::kCorruption);
      EXPECT_TRUE(read.error().message().starts_with("part ")) << read.error().message();
    }
    if ((*set)->labels() == SeriesOf(0)) EXPECT_EQ(columns.values.back(), 5);
  }
  EXPECT_GT(damaged, 0);
  EXPECT_EQ(readable + damaged, kSeries);
  EXPECT_GE(registry->counter("prometheus_tsdb_mmap_chunk_corruptions_total", "").value(), 1);
  EXPECT_FALSE(db->Compact().ok() && damaged == 0);
  EXPECT_EQ(Append(SeriesOf(1), At(1000), 6), Refusal::kNone) << "writing goes on";
}

}  // namespace
}  // namespace meerkat::tsdb
