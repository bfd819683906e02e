#include "promql/exec/map_series.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <utility>

#include "base/mutex.h"
#include "base/thread_time.h"
#include "promql/workers.h"

// The query's own thread begins alone. When the first series tell that the rest takes long, the
// series are cut into chunks; threads take them one after the other, and the query's own thread,
// which takes chunks like the others, hands their rows on in order.
namespace meerkat::promql {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

// Waking a thread and giving it caches of its own costs some 0.2 ms.
constexpr Nanoseconds kWorthHelp = std::chrono::milliseconds(10);
constexpr Nanoseconds kBetweenLooks = std::chrono::milliseconds(2);
constexpr std::size_t kSeriesBetweenLooks = 16;
// Values in the rows of one chunk: 8 MB.
constexpr std::size_t kMostValues = 1 << 20;
constexpr std::size_t kChunksOfEach = 6;  // a core has so many to do
// Steps beyond which a query stays with its own thread: rows and counts of each step weigh so much
// then (a subquery of millions) that those of several threads are worth more than their help.
constexpr std::size_t kMostSteps = 1 << 16;

// The rows of a few neighbouring series.
struct Chunk {
  enum class State : std::uint8_t { kOpen, kTaken, kDone } state = State::kOpen;
  std::size_t first = 0, count = 0;
  std::vector<Row> rows;
  // Notes that came up before the row of that number was handed on.
  std::vector<std::pair<std::size_t, Annotations>> notes;
  std::unique_ptr<Held> held;
  Result<> result;
};

// One thread's way through the series: what it reads with, and how far it is.
struct Lane {
  Execution& execution;
  tsdb::SeriesSet& series;
  RowMaker& maker;
  std::size_t position;
  tsdb::SeriesColumns columns;
};

// What the threads share. A helper that begins when all is over finds it closed.
class Chunks {
 public:
  Chunks(std::size_t first, std::size_t count, std::size_t in_chunk, std::size_t ahead)
      : ahead_(ahead) {
    for (std::size_t at = 0; at < count; at += in_chunk) {
      Chunk chunk;
      chunk.first = first + at;
      chunk.count = std::min(in_chunk, count - at);
      chunks_.push_back(std::move(chunk));
    }
  }

  std::size_t size() const { return chunks_.size(); }

  // Helpers say when they begin and end. False: there is nothing left to do.
  bool Join() {
    const MutexLock lock(mu_);
    if (closed_) return false;
    ++helpers_;
    return true;
  }
  void Leave() {
    const MutexLock lock(mu_);
    --helpers_;
    changed_.notify_all();
  }
  // The next one to be computed by a helper, which waits while too much lies ready; null at the
  // end.
  Chunk* Take() {
    const MutexLock lock(mu_);
    while (!closed_ && next_ < chunks_.size() && next_ >= handed_on_ + ahead_) changed_.wait(mu_);
    return TakeNext();
  }
  // For the query's own thread: null, or one that nobody has taken, if it needs not wait for it.
  Chunk* TakeAhead() {
    const MutexLock lock(mu_);
    return next_ < handed_on_ + ahead_ ? TakeNext() : nullptr;
  }
  void Finish(Chunk& chunk) {
    const MutexLock lock(mu_);
    chunk.state = Chunk::State::kDone;
    changed_.notify_all();
  }

  // The chunk that comes next in order. It belongs to the caller when it is open (and taken now) or
  // done; null: somebody computes it.
  Chunk* NextInOrder() {
    const MutexLock lock(mu_);
    Chunk& chunk = chunks_[handed_on_];
    if (chunk.state == Chunk::State::kTaken) return nullptr;
    if (chunk.state == Chunk::State::kOpen) next_ = handed_on_ + 1;
    return &chunk;
  }
  void HandedOn() {
    const MutexLock lock(mu_);
    ++handed_on_;
    changed_.notify_all();
  }
  void WaitForNextInOrder() {
    const MutexLock lock(mu_);
    while (chunks_[handed_on_].state == Chunk::State::kTaken) changed_.wait(mu_);
  }
  bool closed() {
    const MutexLock lock(mu_);
    return closed_;
  }
  // No more chunks are taken, and those that are end early; waits for the helpers.
  void Close() {
    const MutexLock lock(mu_);
    closed_ = true;
    changed_.notify_all();
    while (helpers_ > 0) changed_.wait(mu_);
    chunks_.clear();  // what they hold must not outlive the query; a late helper may outlive it
  }

  void AddCounts(const SampleCounter& counter, SampleCounter& total) {
    const MutexLock lock(mu_);
    for (std::size_t i = 0; i < counter.touched.size(); ++i) {
      total.touched[i] += counter.touched[i];
      total.read[i] += counter.read[i];
    }
  }

 private:
  Chunk* TakeNext() REQUIRES(mu_) {
    if (closed_ || next_ >= chunks_.size()) return nullptr;
    Chunk& chunk = chunks_[next_++];
    chunk.state = Chunk::State::kTaken;
    return &chunk;
  }

  const std::size_t ahead_;
  Mutex mu_;
  std::condition_variable_any changed_;
  std::vector<Chunk> chunks_;  // the state of each GUARDED_BY(mu_), the rest is its taker's
  std::size_t next_ GUARDED_BY(mu_) = 0;
  std::size_t handed_on_ GUARDED_BY(mu_) = 0;
  std::size_t helpers_ GUARDED_BY(mu_) = 0;
  bool closed_ GUARDED_BY(mu_) = false;
};

class SeriesMapper {
 public:
  SeriesMapper(Execution& execution, const Grid& grid, const NewRowMaker& new_maker,
               const RowSink& sink)
      : execution_(execution),
        workers_(*execution.options().workers),
        grid_(grid),
        new_maker_(new_maker),
        sink_(sink),
        helped_(grid.count) {}

  Result<> Run(const Selection& selection) {
    SeriesFeed feed;
    if (auto opened = execution_.Open(selection, feed); !opened) return opened;
    const auto maker = new_maker_(execution_);
    Lane lane{execution_, *feed.series, *maker, 0, {}};
    auto done = Walk(lane);
    maker->Finish();
    return done;
  }

 private:
  // The series at the lane's position, which moves on. What is held counts against max_samples only
  // `in_order`: how far others are ahead must not decide about an error.
  enum class Made : std::uint8_t { kRow, kNothing, kEnd };
  Result<Made> MakeRow(Lane& lane, bool in_order, Row& row) {
    if (auto ok = lane.execution.Check(); !ok) return std::move(ok).error();
    ++lane.position;
    auto more = lane.series.Next();
    if (!more) return std::move(more).error();
    if (!*more) return Made::kEnd;
    auto read = lane.execution.ReadSeries(lane.series, lane.columns);
    if (!read) return std::move(read).error();
    if (!*read) return Made::kNothing;
    Held held(lane.execution.budget());
    Footprint footprint = Of(lane.columns);
    if (!in_order) footprint.samples = 0;
    if (auto ok = held.Add(footprint); !ok) return std::move(ok).error();
    auto made = lane.maker.Make(lane.series.labels(), lane.columns, row);
    if (!made) return std::move(made).error();
    return *made ? Made::kRow : Made::kNothing;
  }

  // Until `end`, and straight to the sink. False: there are no more series.
  Result<bool> MakeAndSink(Lane& lane, std::size_t end) {
    while (lane.position < end) {
      const auto made = MakeRow(lane, true, row_);
      if (!made) return made.error();
      if (*made == Made::kEnd) return false;
      if (*made == Made::kNothing) continue;
      if (auto sunk = sink_(row_); !sunk) return std::move(sunk).error();
    }
    return true;
  }

  Result<> Walk(Lane& lane) {
    const std::size_t size = lane.series.size();
    if (size == 0) {
      auto done = MakeAndSink(lane, std::numeric_limits<std::size_t>::max());
      return done ? Result<>() : Result<>(std::move(done).error());
    }
    const auto begun = SteadyClock::now();
    const Nanoseconds computed_before = ThreadTime();
    auto next_look = begun + kBetweenLooks;
    while (lane.position < size) {
      const std::size_t end = std::min(size, lane.position + kSeriesBetweenLooks);
      if (auto done = MakeAndSink(lane, end); !done) return std::move(done).error();
      const auto now = SteadyClock::now();
      if (now < next_look) continue;
      next_look = now + kBetweenLooks;
      const Nanoseconds computed = ThreadTime() - computed_before;
      // Who has to wait for a core himself would not be faster with another thread that waits.
      if (now - begun > 2 * computed) continue;
      const Nanoseconds each = computed / static_cast<std::int64_t>(lane.position);
      if (each * static_cast<std::int64_t>(size - lane.position) < kWorthHelp) continue;
      if (auto helped = TryWithHelp(lane, size); !helped || *helped) {
        return helped ? Result<>() : Result<>(std::move(helped).error());
      }
    }
    return {};
  }

  // False: nobody is free.
  Result<bool> TryWithHelp(Lane& lane, std::size_t size) {
    const std::size_t left = size - lane.position;
    const std::size_t in_chunk =
        std::clamp<std::size_t>(left / (workers_.cores() * kChunksOfEach), 1,
                                std::max<std::size_t>(1, kMostValues / grid_.count));
    execution_.budget().Share();
    std::size_t helpers = 0;
    const auto chunks =
        std::make_shared<Chunks>(lane.position, left, in_chunk, 2 * workers_.cores());
    while (helpers + 1 < chunks->size() &&
           workers_.TryRun([this, chunks, &lane] { Help(chunks, lane); })) {
      ++helpers;
    }
    if (helpers == 0) return false;
    auto done = HandOn(lane, *chunks);
    chunks->Close();
    if (!done) return std::move(done).error();
    SampleCounter& counter = execution_.counter();
    for (std::size_t i = 0; i < grid_.count; ++i) {
      counter.touched[i] += helped_.touched[i];
      counter.read[i] += helped_.read[i];
    }
    return true;
  }

  // On a helper's thread. `lane` is only looked at when there is work left, and it is the series of
  // the set, not its position, that is taken from it.
  void Help(const std::shared_ptr<Chunks>& chunks, const Lane& lane) {
    if (!chunks->Join()) return;
    {
      SampleCounter counter(grid_.count);
      Execution own(execution_, counter);
      const std::unique_ptr<tsdb::SeriesSet> series = lane.series.Fork();
      const auto maker = new_maker_(own);
      Lane mine{own, *series, *maker, 0, {}};
      while (Chunk* const chunk = chunks->Take()) {
        Fill(mine, *chunk, *chunks);
        chunks->Finish(*chunk);
      }
      maker->Finish();
      chunks->AddCounts(counter, helped_);
    }
    chunks->Leave();
  }

  // Computes a chunk whose turn it is not yet.
  void Fill(Lane& lane, Chunk& chunk, Chunks& chunks) {
    lane.series.Skip(chunk.first - lane.position);
    lane.position = chunk.first;
    chunk.held = std::make_unique<Held>(execution_.budget());
    Annotations before = std::exchange(lane.execution.notes(), {});
    Annotations& notes = lane.execution.notes();
    chunk.rows.reserve(chunk.count);
    while (lane.position < chunk.first + chunk.count && chunk.result) {
      if (lane.position % kSeriesBetweenLooks == 0 && chunks.closed()) break;
      const std::size_t number = chunk.rows.size();
      Row row;
      const auto made = MakeRow(lane, false, row);
      if (!notes.empty()) chunk.notes.emplace_back(number, std::exchange(notes, {}));
      if (!made) {
        chunk.result = made.error();
      } else if (*made == Made::kRow) {
        chunk.result = chunk.held->Add({0, Of(row).bytes});
        chunk.rows.push_back(std::move(row));
      }
    }
    notes = std::move(before);
  }

  // On the query's own thread.
  Result<> HandOn(Lane& lane, Chunks& chunks) {
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      Chunk* chunk = chunks.NextInOrder();
      while (chunk == nullptr) {
        if (Chunk* const later = chunks.TakeAhead()) {
          Fill(lane, *later, chunks);
          chunks.Finish(*later);
        } else {
          chunks.WaitForNextInOrder();
        }
        chunk = chunks.NextInOrder();
      }
      auto done = chunk->state == Chunk::State::kDone ? Sink(*chunk) : MakeNow(lane, *chunk);
      if (!done) return done;
      chunks.HandedOn();
    }
    return {};
  }

  Result<> MakeNow(Lane& lane, const Chunk& chunk) {
    lane.series.Skip(chunk.first - lane.position);
    lane.position = chunk.first;
    auto done = MakeAndSink(lane, chunk.first + chunk.count);
    return done ? Result<>() : Result<>(std::move(done).error());
  }

  Result<> Sink(Chunk& chunk) {
    auto note = chunk.notes.begin();
    for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
      for (; note != chunk.notes.end() && note->first <= i; ++note) {
        execution_.notes().Append(note->second);
      }
      if (auto sunk = sink_(chunk.rows[i]); !sunk) return sunk;
    }
    for (; note != chunk.notes.end(); ++note) execution_.notes().Append(note->second);
    chunk.rows = {};
    chunk.held.reset();
    return std::move(chunk.result);
  }

  Execution& execution_;
  Workers& workers_;
  const Grid& grid_;
  const NewRowMaker& new_maker_;
  const RowSink& sink_;
  Row row_;
  SampleCounter helped_;  // by all helpers; changed by Chunks::AddCounts alone until Close
};

}  // namespace

Result<> MapSeries(Execution& execution, std::size_t selection, const Grid& grid,
                   const NewRowMaker& new_maker, const RowSink& sink) {
  // A prompt query is over before help would be worth it.
  if (execution.options().workers != nullptr && !execution.prompt() && grid.count <= kMostSteps &&
      execution.IsReadOnce(selection)) {
    return SeriesMapper(execution, grid, new_maker, sink)
        .Run(execution.plan().selections[selection]);
  }
  const auto maker = new_maker(execution);
  Row row;
  auto done = execution.ForEachSeries(
      selection, [&](const Labels& labels, const tsdb::SeriesColumns& columns) -> Result<> {
        auto made = maker->Make(labels, columns, row);
        if (!made) return std::move(made).error();
        return *made ? sink(row) : Result<>();
      });
  maker->Finish();
  return done;
}

}  // namespace meerkat::promql
