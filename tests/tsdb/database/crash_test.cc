#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>

#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

constexpr int kSeries = 40;
constexpr int kRounds = 10;

Labels SeriesOf(int i) {
  return Labels{{"__name__", "crash"}, {"i", std::to_string(i)}};
}
double ValueAt(int i, std::int64_t step) {
  return i % 3 == 0 ? 1 : static_cast<double>(step * (i + 1)) / 10;
}

// Databases live in child processes only: RocksDB's threads do not survive a fork, so this process
// must never have had them.

// Shared with the process that is killed.
struct Progress {
  std::atomic<std::int64_t> acknowledged;  // steps whose commit returned
  std::atomic<bool> failed;
};

class CrashTest : public DatabaseTest {
 protected:
  // Appends step after step, seals and merges in between, until it is killed.
  [[noreturn]] void Ingest(Progress& progress, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Registry fresh;
    auto opened = Database::Open(options(), clock, fresh, Logger::Silent());
    if (!opened) {
      progress.failed = true;
      _exit(1);
    }
    Database& database = **opened;
    for (std::int64_t step = progress.acknowledged + 1;; ++step) {
      auto appender = database.NewAppender();
      for (int i = 0; i < kSeries; ++i) {
        appender->Append(appender->Resolve(SeriesOf(i)), FromMillis(At(step)), ValueAt(i, step));
      }
      if (!appender->Commit()) {
        progress.failed = true;
        _exit(1);
      }
      progress.acknowledged = step;
      if (random() % 64 == 0 && !database.Seal()) progress.failed = true;
      if (random() % 256 == 0 && !database.Compact()) progress.failed = true;
    }
  }

  // What was acknowledged is there once; tells how far the batches reach.
  void Check(Progress& progress) {
    const std::int64_t acknowledged = progress.acknowledged;
    Open();
    const Content content = ReadAll();
    ASSERT_EQ(content.size(), static_cast<std::size_t>(kSeries));
    std::size_t steps = 0;
    for (int i = 0; i < kSeries; ++i) {
      const Samples& samples = content.at(SeriesOf(i).ToString());
      // The batch being committed when the process died may be there, whole, or not.
      ASSERT_GE(static_cast<std::int64_t>(samples.size()), acknowledged);
      ASSERT_LE(static_cast<std::int64_t>(samples.size()), acknowledged + 1);
      if (i > 0) ASSERT_EQ(samples.size(), steps) << "half a batch";
      steps = samples.size();
      for (std::size_t s = 0; s < samples.size(); ++s) {
        const auto step = static_cast<std::int64_t>(s) + 1;
        ASSERT_EQ(samples[s], (std::pair(At(step), ValueAt(i, step))));
      }
    }
    progress.acknowledged = static_cast<std::int64_t>(steps);
    db.reset();
  }
};

TEST_F(CrashTest, KeepsEveryAcknowledgedSampleOnceThroughKill9) {
  void* shared =
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto& progress = *new (shared) Progress{};
  std::mt19937_64 random(7);
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    const std::int64_t enough =
        progress.acknowledged + 20 + static_cast<std::int64_t>(random() % 600);
    const std::uint64_t seed = random();
    const pid_t child = fork();
    if (child == 0) Ingest(progress, seed);
    while (progress.acknowledged < enough && !progress.failed) sched_yield();
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    ASSERT_FALSE(progress.failed);
    const pid_t checker = fork();
    if (checker == 0) {
      Check(progress);
      _exit(HasFailure() ? 1 : 0);
    }
    int status = 0;
    waitpid(checker, &status, 0);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  munmap(shared, sizeof(Progress));
}

}  // namespace
}  // namespace meerkat::tsdb
