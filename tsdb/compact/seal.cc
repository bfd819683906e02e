#include "tsdb/compact/seal.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "tsdb/compact/part_writer.h"

namespace meerkat::tsdb {

namespace {

// A generation that spans more stretches than this is cut into longer ones.
constexpr std::int64_t kMaxParts = 16;
// Rows of one block: a reader of a short range decodes whole blocks.
constexpr std::size_t kMaxBlockRows = 8192;
constexpr int kZstdLevel = 1;

using Times = Generation::Times;

// The last moment of the stretch that starts there.
Timestamp StretchEnd(Timestamp start, Millis stretch) {
  return start > kMaxTime - stretch ? kMaxTime : start + stretch - Millis(1);
}

struct ColumnTails {
  std::shared_ptr<const Times> times;
  std::vector<std::pair<SeriesId, TailCopy>> tails;  // by series, then age
};

// A column of samples that can be cut by rows.
struct Rows {
  std::vector<std::uint32_t> rows;
  std::vector<double> values;
  std::vector<SeriesColumns::HistogramAt> histograms;
  std::vector<Timestamp> starts;
};

void AddTail(const TailData& tail, Rows& rows) {
  const std::size_t at = rows.values.size();
  if (tail.contiguous) {
    for (std::size_t i = 0; i < tail.values.size(); ++i) {
      rows.rows.push_back(tail.first_row + static_cast<std::uint32_t>(i));
    }
  } else {
    rows.rows.insert(rows.rows.end(), tail.rows.begin(), tail.rows.end());
  }
  rows.values.insert(rows.values.end(), tail.values.begin(), tail.values.end());
  for (const auto& [index, histogram] : tail.histograms) {
    rows.histograms.push_back({static_cast<std::uint32_t>(at + index), histogram});
  }
  if (!tail.starts.empty() || !rows.starts.empty()) {
    rows.starts.resize(at, kMinTime);
    rows.starts.insert(rows.starts.end(), tail.starts.begin(), tail.starts.end());
    rows.starts.resize(rows.values.size(), kMinTime);
  }
}

// Writes the samples at rows [begin, end) as a column of a block with these rows.
Result<> AddCut(PartWriter& writer, SeriesId series, const Rows& all, std::uint32_t begin,
                std::uint32_t end) {
  const auto first = static_cast<std::size_t>(
      std::lower_bound(all.rows.begin(), all.rows.end(), begin) - all.rows.begin());
  const auto last = static_cast<std::size_t>(
      std::lower_bound(all.rows.begin(), all.rows.end(), end) - all.rows.begin());
  if (first == last) return {};
  std::vector<std::uint32_t> rows;
  if (last - first != end - begin) {
    for (std::size_t i = first; i < last; ++i) rows.push_back(all.rows[i] - begin);
  }
  std::vector<SeriesColumns::HistogramAt> histograms;
  for (const auto& [index, histogram] : all.histograms) {
    if (index >= first && index < last) {
      histograms.push_back({static_cast<std::uint32_t>(index - first), histogram});
    }
  }
  ColumnView view;
  view.rows = rows;
  view.values = std::span(all.values).subspan(first, last - first);
  view.histograms = histograms;
  if (!all.starts.empty()) view.starts = std::span(all.starts).subspan(first, last - first);
  const auto none = [](Timestamp start) { return start == kMinTime; };
  if (std::all_of(view.starts.begin(), view.starts.end(), none)) view.starts = {};
  return writer.Add(series, view);
}

Result<> WriteColumn(const Generation& generation, const ColumnTails& column, TimeRange stretch,
                     PartWriter& writer) {
  const Times& times = *column.times;
  const auto from = std::lower_bound(times.begin(), times.end(), stretch.min) - times.begin();
  const auto to = std::upper_bound(times.begin(), times.end(), stretch.max) - times.begin();
  TailData tail;
  for (auto begin = from; begin < to; begin += kMaxBlockRows) {
    const auto end = std::min<std::ptrdiff_t>(begin + kMaxBlockRows, to);
    const auto first = static_cast<std::uint32_t>(begin);
    const auto last = static_cast<std::uint32_t>(end);
    auto rows_begun = writer.Rows(Times(times.begin() + begin, times.begin() + end));
    if (!rows_begun) return rows_begun;
    for (std::size_t i = 0; i < column.tails.size();) {
      const SeriesId series = column.tails[i].first;
      Rows rows;
      for (; i < column.tails.size() && column.tails[i].first == series; ++i) {
        const TailCopy& copy = column.tails[i].second;
        if (copy.first_row >= last || copy.first_row + copy.rows <= first) continue;
        if (auto decoded = generation.Decode(copy, times, tail); !decoded) return decoded;
        AddTail(tail, rows);
      }
      if (auto added = AddCut(writer, series, rows, first, last); !added) return added;
    }
  }
  return {};
}

// Out-of-order samples: series with the same times share rows.
Result<> WriteLoose(const Generation& generation, TimeRange stretch, PartWriter& writer) {
  std::map<Times, std::vector<std::pair<SeriesId, Rows>>> by_times;
  for (const Generation::Entry& entry : generation.Entries()) {
    Times times;
    Rows rows;
    bool starts = false;
    for (const Generation::Loose& loose : generation.CopyLoose(entry.series)) {
      const Timestamp time = FromMillis(loose.time);
      if (!stretch.Contains(time)) continue;
      const auto index = static_cast<std::uint32_t>(times.size());
      if (loose.histogram != nullptr) rows.histograms.push_back({index, loose.histogram});
      times.push_back(time);
      rows.rows.push_back(index);
      rows.values.push_back(std::bit_cast<double>(loose.value));
      rows.starts.push_back(FromMillis(loose.start));
      starts = starts || loose.start != HeadSample::kNoStart;
    }
    if (!starts) rows.starts.clear();
    if (!times.empty()) {
      by_times[std::move(times)].emplace_back(entry.series, std::move(rows));
    }
  }
  for (const auto& [times, series] : by_times) {
    if (auto rows = writer.Rows(times); !rows) return rows;
    for (const auto& [id, samples] : series) {
      auto added = AddCut(writer, id, samples, 0, static_cast<std::uint32_t>(times.size()));
      if (!added) return added;
    }
  }
  return {};
}

}  // namespace

Timestamp AlignDown(Timestamp t, Millis stretch) {
  const std::int64_t millis = ToMillis(t);
  const std::int64_t rest = millis % stretch.count();
  const std::int64_t down = rest < 0 ? rest + stretch.count() : rest;
  if (millis < std::numeric_limits<std::int64_t>::min() + down) return kMinTime;
  return FromMillis(millis - down);
}

Result<std::vector<SealedPart>> SealGeneration(const Generation& generation, Millis partition,
                                               const std::filesystem::path& directory,
                                               const std::function<std::uint64_t()>& next_number) {
  std::vector<ColumnTails> columns(generation.column_count());
  generation.ForEachTail([&](SeriesId series, TailCopy tail) {
    columns[tail.column].tails.emplace_back(series, std::move(tail));
  });
  const auto by_series = [](const auto& a, const auto& b) { return a.first < b.first; };
  for (std::uint32_t i = 0; i < columns.size(); ++i) {
    std::stable_sort(columns[i].tails.begin(), columns[i].tails.end(), by_series);
    columns[i].times = generation.CopyColumn(i);
  }
  // Targets in the order of their first series, so that neighbours in id are neighbours on disk.
  std::sort(columns.begin(), columns.end(), [](const ColumnTails& a, const ColumnTails& b) {
    return a.tails.empty() ? false : b.tails.empty() || a.tails[0].first < b.tails[0].first;
  });

  const TimeRange range = generation.range();
  const auto span =
      static_cast<double>(ToMillis(range.max)) - static_cast<double>(ToMillis(range.min));
  while (span / static_cast<double>(partition.count()) > kMaxParts) partition *= 4;
  // The stretches that hold samples; most generations have one or two.
  std::set<Timestamp> starts;
  for (const ColumnTails& column : columns) {
    for (auto it = column.times->begin(); it != column.times->end();) {
      const Timestamp start = AlignDown(*it, partition);
      starts.insert(start);
      it = std::upper_bound(it, column.times->end(), StretchEnd(start, partition));
    }
  }
  if (generation.has_loose()) {
    for (const Generation::Entry& entry : generation.Entries()) {
      for (const Generation::Loose& loose : generation.CopyLoose(entry.series)) {
        starts.insert(AlignDown(FromMillis(loose.time), partition));
      }
    }
  }

  std::vector<SealedPart> parts;
  for (const Timestamp start : starts) {
    const TimeRange stretch{start, StretchEnd(start, partition)};
    PartWriter writer(directory, next_number(), kZstdLevel);
    for (const ColumnTails& column : columns) {
      if (auto written = WriteColumn(generation, column, stretch, writer); !written) {
        return std::move(written).error();
      }
    }
    if (generation.has_loose()) {
      if (auto written = WriteLoose(generation, stretch, writer); !written) {
        return std::move(written).error();
      }
    }
    if (writer.empty()) continue;
    SealedPart part;
    part.info.first_generation = generation.number();
    part.info.last_generation = generation.number();
    if (auto finished = writer.Finish(part.info, part.directory); !finished)
      return std::move(finished).error();
    part.file = writer.file();
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace meerkat::tsdb
