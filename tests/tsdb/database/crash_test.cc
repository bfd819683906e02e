// kill -9 at random moments of opening, ingest, import, sealing, merging, retention, cooling and
// snapshots: every acknowledged sample is there once, and the index agrees with the data.
// MEERKAT_CRASH_ROUNDS says how many rounds; the nightly preset takes 300.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>

#include "tests/tsdb/database/fixture.h"

namespace meerkat::tsdb {
namespace {

constexpr int kSeries = 40;
constexpr int kPods = 4200;  // of one birth: worth a segment of the attic
constexpr std::int64_t kStepSeconds = 15;

int Rounds() {
  const char* asked = std::getenv("MEERKAT_CRASH_ROUNDS");
  return asked == nullptr ? 10 : std::atoi(asked);
}

Labels SeriesOf(int i) {
  return Labels{{"__name__", "crash"}, {"i", std::to_string(i)}};
}
double ValueAt(int i, std::int64_t step) {
  return i % 3 == 0 ? 1 : static_cast<double>(step * (i + 1)) / 10;
}
Labels HistoryOf(int i) {
  return Labels{{"__name__", "history"}, {"i", std::to_string(i)}};
}
Labels PodOf(std::int64_t birth, int i) {
  return Labels{{"__name__", "pod"}, {"birth", std::to_string(birth)}, {"i", std::to_string(i)}};
}
const Labels kShort{{"__name__", "short"}};  // a rule keeps an hour of it
constexpr std::int64_t kShortSteps = 3600 / kStepSeconds;

// Databases live in child processes only: RocksDB's threads do not survive a fork, so this process
// must never have had them.

// What a process does. Each round one of these is chosen to die in.
enum Work : std::uint8_t {
  kOpening,
  kIngest,
  kImport,
  kBirth,
  kSeal,
  kMerge,
  kRetention,
  kCleanUp,
  kSnapshot,
  kWorks,
};
constexpr const char* kWorkNames[kWorks] = {"opening", "ingest",    "import",   "birth",   "seal",
                                            "merge",   "retention", "clean-up", "snapshot"};

// When a process dies: at a moment within the work, once it has come so far.
struct Death {
  std::int64_t steps = 0;
  Work work = kIngest;
  double moment = 0;  // 0: as it begins, 1: when it took as long as last time
};

// Shared with the process that is killed: what was acknowledged.
struct Progress {
  std::atomic<std::int64_t> steps;
  std::atomic<std::int64_t> history;   // samples of each history series
  std::atomic<std::int64_t> births;    // of kPods pods each
  std::atomic<std::int64_t> snapshot;  // steps that the finished snapshot must hold; -1: none
  std::atomic<Work> work;              // being done
  std::array<std::atomic<std::int64_t>, kWorks> nanos;  // that each work took last time
};

// SIGKILL for this process after so long, from the kernel.
void DieAfter(std::int64_t nanos) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  itimerspec at{};
  nanos = std::max<std::int64_t>(nanos, 1);
  at.it_value = {.tv_sec = nanos / 1'000'000'000, .tv_nsec = nanos % 1'000'000'000};
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
      timer_settime(timer, 0, &at, nullptr) != 0) {
    std::abort();
  }
}

class CrashTest : public DatabaseTest {
 protected:
  void KeepShortOnlyAnHour() {
    base_options.live.retention_time = Millis(0);
    base_options.live.retention_rules = {
        {{Matcher::Equal("__name__", "short")}, std::chrono::hours(1)}};
  }
  std::filesystem::path SnapshotPath() { return directory.path() / "snapshot"; }

  // Appends step after step, with all the rest in between, until it dies.
  [[noreturn]] void Ingest(Progress& progress, std::uint64_t seed, const Death& death) {
    std::mt19937_64 random(seed);
    Registry fresh;
    KeepShortOnlyAnHour();
    const auto check = [](bool good) {
      if (!good) _exit(1);
    };
    const auto work = [&](Work what, auto&& done) {
      progress.work = what;
      if (what == death.work && progress.steps >= death.steps) {
        DieAfter(static_cast<std::int64_t>(death.moment *
                                           static_cast<double>(progress.nanos[what].load())));
      }
      const auto start = std::chrono::steady_clock::now();
      done();
      progress.nanos[what] =
          std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
    };
    std::unique_ptr<Database> database;
    work(kOpening, [&] {
      auto opened = Database::Open(options(), clock, fresh, Logger::Silent());
      check(opened.ok());
      database = std::move(*opened);
    });
    // An opening quicker than the last one leaves its death for later, too.
    const std::int64_t most = std::max<std::int64_t>(progress.steps, death.steps) + 10'000;
    for (std::int64_t step = progress.steps + 1;; ++step) {
      // Its time has come: what it is to die in is done now.
      const auto due = [&](Work what, std::uint64_t one_in) {
        return random() % one_in == 0 || (what == death.work && step > death.steps);
      };
      check(step < most);
      const Timestamp now = FromMillis(At(step * kStepSeconds));
      clock.AdvanceTo(now);
      work(kIngest, [&] {
        auto appender = database->NewAppender();
        for (int i = 0; i < kSeries; ++i) {
          appender->Append(appender->Resolve(SeriesOf(i)), now, ValueAt(i, step));
        }
        appender->Append(appender->Resolve(kShort), now, static_cast<double>(step));
        check(appender->Commit().ok());
        progress.steps = step;
      });
      if (due(kImport, 16)) {
        work(kImport, [&] {
          auto appender = database->NewBackfillAppender();
          const std::int64_t at = progress.history;
          for (int i = 0; i < kSeries; ++i) {
            appender->Append(appender->Resolve(HistoryOf(i)), FromMillis(At(at * 60 - 10'000'000)),
                             ValueAt(i, at));
          }
          check(appender->Commit().ok());
          progress.history = at + 1;
        });
      }
      if (due(kBirth, 256)) {
        work(kBirth, [&] {
          auto appender = database->NewAppender();
          for (int i = 0; i < kPods; ++i) {
            appender->Append(appender->Resolve(PodOf(progress.births, i)), now, i);
          }
          check(appender->Commit().ok());
          ++progress.births;
        });
      }
      if (due(kSeal, 64)) work(kSeal, [&] { check(database->Seal().ok()); });
      if (due(kMerge, 256)) work(kMerge, [&] { check(database->Compact().ok()); });
      if (due(kRetention, 256)) {
        // Wakes the upkeep thread, which takes a while; what comes next runs beside it.
        work(kRetention, [&] {
          database->Apply(base_options.live);
          check(database->Seal().ok());
        });
      }
      if (due(kCleanUp, 256)) work(kCleanUp, [&] { check(database->CleanTombstones().ok()); });
      if (due(kSnapshot, 512)) {
        work(kSnapshot, [&] {
          progress.snapshot = -1;
          std::filesystem::remove_all(SnapshotPath());
          const bool skip_head = random() % 2 == 0;
          check(database->Snapshot(SnapshotPath(), skip_head).ok());
          progress.snapshot = skip_head ? 0 : progress.steps.load();
        });
      }
    }
  }

  void CheckSteps(Content& content, std::int64_t acknowledged, std::int64_t& steps) {
    for (int i = 0; i < kSeries; ++i) {
      const Samples& samples = content[SeriesOf(i).ToString()];
      // The batch being committed when the process died may be there, whole, or not.
      ASSERT_GE(static_cast<std::int64_t>(samples.size()), acknowledged);
      if (i > 0) ASSERT_EQ(static_cast<std::int64_t>(samples.size()), steps) << "half a batch";
      steps = static_cast<std::int64_t>(samples.size());
      for (std::int64_t step = 1; step <= steps; ++step) {
        ASSERT_EQ(samples[static_cast<std::size_t>(step - 1)],
                  (std::pair(At(step * kStepSeconds), ValueAt(i, step))));
      }
    }
  }

  // Tells how far the batches reach.
  void Check(Progress& progress) {
    KeepShortOnlyAnHour();
    clock.AdvanceTo(FromMillis(At(progress.steps * kStepSeconds)));
    Open();
    Content content = ReadAll();
    std::int64_t steps = 0;
    CheckSteps(content, progress.steps, steps);
    ASSERT_LE(steps, progress.steps + 1);
    progress.steps = steps;

    std::int64_t history = 0;
    for (int i = 0; i < kSeries; ++i) {
      const Samples& samples = content[HistoryOf(i).ToString()];
      if (i > 0) ASSERT_EQ(static_cast<std::int64_t>(samples.size()), history) << "half a batch";
      history = static_cast<std::int64_t>(samples.size());
      for (std::int64_t at = 0; at < history; ++at) {
        ASSERT_EQ(samples[static_cast<std::size_t>(at)],
                  (std::pair(At(at * 60 - 10'000'000), ValueAt(i, at))));
      }
    }
    ASSERT_GE(history, progress.history);
    ASSERT_LE(history, progress.history + 1);
    progress.history = history;

    std::int64_t births = 0;
    while (content.contains(PodOf(births, 0).ToString())) {
      for (int i = 0; i < kPods; ++i) {
        const Samples& samples = content[PodOf(births, i).ToString()];
        ASSERT_EQ(samples.size(), 1u);
        ASSERT_EQ(samples[0].second, i);
      }
      ++births;
    }
    ASSERT_GE(births, progress.births);
    ASSERT_LE(births, progress.births + 1);
    progress.births = births;

    const Samples& kept = content[kShort.ToString()];
    ASSERT_GE(static_cast<std::int64_t>(kept.size()), std::min(steps, kShortSteps));
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const std::int64_t step = steps - static_cast<std::int64_t>(kept.size() - 1 - i);
      ASSERT_EQ(kept[i], (std::pair(At(step * kStepSeconds), static_cast<double>(step))));
    }

    // Every series with samples is found by its labels, and no other is.
    const std::size_t series = (steps > 0 ? kSeries + 1 : 0) + (history > 0 ? kSeries : 0) +
                               static_cast<std::size_t>(births) * kPods;
    std::erase_if(content, [](const auto& one) { return one.second.empty(); });
    ASSERT_EQ(content.size(), series);
    auto querier = *db->NewQuerier({});
    ASSERT_EQ(querier->LabelValues("birth", {}, 0)->size(), static_cast<std::size_t>(births));
    for (int i = 0; i < kSeries; i += 7) {
      ASSERT_EQ(ReadAll(*db, {}, {Matcher::Equal("i", std::to_string(i))}).size(),
                (steps > 0 ? 1 : 0) + (history > 0 ? 1 : 0) + static_cast<std::size_t>(births));
    }
    EXPECT_EQ(registry->counter("prometheus_tsdb_wal_corruptions_total", "").value(), 0);
    EXPECT_EQ(registry->counter("prometheus_tsdb_mmap_chunk_corruptions_total", "").value(), 0);
    querier.reset();
    db.reset();

    if (progress.snapshot < 0) return;
    registry = std::make_unique<Registry>();
    auto made = options();
    made.path = SnapshotPath();
    auto copy = Database::Open(made, clock, *registry, Logger::Silent());
    ASSERT_TRUE(copy.ok()) << copy.error().message();
    Content copied = ReadAll(**copy);
    std::int64_t copied_steps = 0;
    CheckSteps(copied, progress.snapshot, copied_steps);
    ASSERT_LE(copied_steps, steps);
    copy->reset();
  }

  static Progress& Begin(void* shared) {
    auto& progress = *new (shared) Progress{};
    progress.snapshot = -1;
    for (auto& nanos : progress.nanos) nanos = 1'000'000;
    return progress;
  }
};

TEST_F(CrashTest, KeepsEveryAcknowledgedSampleOnceThroughKill9) {
  void* shared =
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  Progress& progress = Begin(shared);
  std::mt19937_64 random(7);
  const int rounds = Rounds();
  std::array<int, kWorks> deaths{};
  for (int round = 0; round < rounds; ++round) {
    if (round % 50 == 49) {  // a directory of months would only make the checks long
      std::filesystem::remove_all(directory.path() / "data");
      std::filesystem::remove_all(SnapshotPath());
      Begin(shared);
    }
    Death death;
    death.work = static_cast<Work>(round % kWorks);
    death.steps = death.work == kOpening
                      ? 0
                      : progress.steps + 20 + static_cast<std::int64_t>(random() % 600);
    death.moment = std::uniform_real_distribution<>(0, 1)(random);
    const std::uint64_t seed = random();
    SCOPED_TRACE("round " + std::to_string(round) + ", to die in " + kWorkNames[death.work]);
    const pid_t child = fork();
    if (child == 0) Ingest(progress, seed, death);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ++deaths[progress.work];
    const pid_t checker = fork();
    if (checker == 0) {
      Check(progress);
      _exit(HasFailure() ? 1 : 0);
    }
    waitpid(checker, &status, 0);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  for (int work = 0; work < kWorks; ++work) {
    RecordProperty(kWorkNames[work], deaths[static_cast<std::size_t>(work)]);
    if (rounds >= 100) EXPECT_GT(deaths[static_cast<std::size_t>(work)], 0) << kWorkNames[work];
  }
  munmap(shared, sizeof(Progress));
}

}  // namespace
}  // namespace meerkat::tsdb
