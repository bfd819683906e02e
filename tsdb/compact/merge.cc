#include "tsdb/compact/merge.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "tsdb/compact/part_writer.h"
#include "tsdb/read/series_reader.h"

namespace meerkat::tsdb {

namespace {

constexpr std::size_t kMaxBlockRows = 8192;
constexpr std::uint32_t kNone = 0xffffffff;

// Where a series has a block, and the node of that block's column.
struct Place {
  SeriesId series;
  std::uint32_t part;
  std::uint32_t block;
  std::uint32_t node;
};

// A time column of one input part. Columns that the same series use one after the other are chained
// and become one column.
struct Node {
  TimeRange range;
  std::uint32_t next = kNone;
  std::uint32_t previous = kNone;
  std::uint32_t chain = 0;   // the first node of its chain
  std::uint32_t window = 0;  // stretch of the chain that is written together
  std::uint32_t row = 0;     // its first row within the window
  std::shared_ptr<const Block::Times> times;
};

struct Window {
  std::vector<std::uint32_t> nodes;
  std::size_t rows = 0;
};

class Merger {
 public:
  Merger(std::span<const std::shared_ptr<const Part>> parts,
         const std::shared_ptr<const Tombstones>& tombstones, const MergeOptions& options)
      : parts_(parts),
        tombstones_(tombstones),
        options_(options),
        writer_(options.directory, options.number, options.zstd_level) {}

  Result<std::optional<SealedPart>> Run() {
    if (auto read = ReadDirectories(); !read) return std::move(read).error();
    LinkChains();
    if (auto read = ReadTimes(); !read) return std::move(read).error();
    if (auto written = WriteChains(); !written) return std::move(written).error();
    if (auto written = WriteStrays(); !written) return std::move(written).error();
    if (writer_.empty()) return std::optional<SealedPart>();
    SealedPart merged;
    merged.info.first_generation = ~std::uint64_t{0};
    for (const auto& part : parts_) {
      const PartInfo& info = part->info();
      merged.info.first_generation = std::min(merged.info.first_generation, info.first_generation);
      merged.info.last_generation = std::max(merged.info.last_generation, info.last_generation);
      merged.info.level = std::max(merged.info.level, info.level);
    }
    if (parts_.size() > 1) ++merged.info.level;
    if (auto finished = writer_.Finish(merged.info, merged.directory); !finished) {
      return std::move(finished).error();
    }
    merged.file = writer_.file();
    return std::optional<SealedPart>(std::move(merged));
  }

 private:
  // All places by series, then part and block; all nodes.
  Result<> ReadDirectories() {
    for (std::uint32_t p = 0; p < parts_.size(); ++p) {
      auto directory = parts_[p]->Directory();
      if (!directory) return std::move(directory).error();
      const auto first_node = static_cast<std::uint32_t>(nodes_.size());
      for (const PartDirectory::InBlock& in : (*directory)->blocks) {
        if (nodes_.size() == first_node + in.column) nodes_.emplace_back().range = in.range;
      }
      for (const PartRun& run : (*directory)->runs) {
        const std::uint32_t node = first_node + (*directory)->blocks[run.block].column;
        for (std::uint32_t i = 0; i < run.count; ++i) {
          const SeriesId series = run.first + i;
          if (options_.keep && !options_.keep(series)) continue;
          places_.push_back({series, p, run.block, node});
        }
      }
    }
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
      return std::tie(a.series, a.part, a.block) < std::tie(b.series, b.part, b.block);
    });
    return {};
  }

  template <typename Visit>
  void ForEachSeries(Visit&& visit) {
    for (std::size_t i = 0; i < places_.size();) {
      std::size_t end = i + 1;
      while (end < places_.size() && places_[end].series == places_[i].series) ++end;
      visit(std::span<const Place>(places_).subspan(i, end - i));
      i = end;
    }
  }

  void LinkChains() {
    ForEachSeries([this](std::span<const Place> places) {
      for (std::size_t i = 1; i < places.size(); ++i) {
        Node& from = nodes_[places[i - 1].node];
        Node& to = nodes_[places[i].node];
        if (from.next == kNone && to.previous == kNone && from.range.max < to.range.min) {
          from.next = places[i].node;
          to.previous = places[i - 1].node;
        }
      }
    });
    for (std::uint32_t n = 0; n < nodes_.size(); ++n) {
      if (nodes_[n].previous != kNone) continue;
      for (std::uint32_t at = n; at != kNone; at = nodes_[at].next) nodes_[at].chain = n;
    }
    ForEachSeries([this](std::span<const Place> places) {
      bool stray = false;
      for (std::size_t i = 1; i < places.size() && !stray; ++i) {
        const Node& from = nodes_[places[i - 1].node];
        const Node& to = nodes_[places[i].node];
        stray = from.chain != to.chain || from.range.max >= to.range.min;
      }
      (stray ? strays_ : by_chain_[nodes_[places[0].node].chain]).push_back(places);
    });
  }

  Result<std::shared_ptr<const CachedBlock>> BlockOf(const Place& place) {
    return parts_[place.part]->ReadBlock(place.block, false);
  }

  // The timestamps of each node, and the windows of each chain.
  Result<> ReadTimes() {
    for (const Place& place : places_) {
      Node& node = nodes_[place.node];
      if (node.times != nullptr) continue;
      auto block = BlockOf(place);
      if (!block) return std::move(block).error();
      node.times = (*block)->times;
    }
    for (std::uint32_t n = 0; n < nodes_.size(); ++n) {
      if (nodes_[n].previous != kNone) continue;
      for (std::uint32_t at = n; at != kNone; at = nodes_[at].next) {
        Node& node = nodes_[at];
        // A column of series that are not kept has no times.
        const std::size_t rows = node.times == nullptr ? 0 : node.times->size();
        const bool fits = at != n && windows_.back().rows + rows <= kMaxBlockRows;
        if (!fits) windows_.emplace_back();
        Window& window = windows_.back();
        node.window = static_cast<std::uint32_t>(windows_.size() - 1);
        node.row = static_cast<std::uint32_t>(window.rows);
        window.nodes.push_back(at);
        window.rows += rows;
      }
    }
    return {};
  }

  Result<> WriteChains() {
    // In the order of their first series, so that neighbours in id stay neighbours.
    std::vector<std::uint32_t> order;
    for (const auto& [chain, series] : by_chain_) order.push_back(chain);
    std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
      return by_chain_[a][0][0].series < by_chain_[b][0][0].series;
    });
    for (const std::uint32_t chain : order) {
      std::uint32_t written = kNone;
      for (std::uint32_t at = chain; at != kNone; at = nodes_[at].next) {
        if (nodes_[at].window == written) continue;
        written = nodes_[at].window;
        if (auto window = WriteWindow(written, by_chain_[chain]); !window) return window;
      }
    }
    return {};
  }

  Result<> WriteWindow(std::uint32_t number, std::span<const std::span<const Place>> series) {
    const Window& window = windows_[number];
    if (window.rows == 0) return {};
    if (options_.stopped != nullptr && options_.stopped->load()) {
      return Error(Code::kCanceled, "the database is closing");
    }
    Block::Times times;
    times.reserve(window.rows);
    for (const std::uint32_t n : window.nodes) {
      if (nodes_[n].times == nullptr) continue;
      times.insert(times.end(), nodes_[n].times->begin(), nodes_[n].times->end());
    }
    if (auto rows = writer_.Rows(times); !rows) return rows;
    open_.clear();
    for (const std::span<const Place> places : series) {
      ClearColumn();
      for (const Place& place : places) {
        if (nodes_[place.node].window != number) continue;
        if (auto read = ReadPlace(place, times); !read) return read;
      }
      if (values_.empty()) continue;
      ColumnView view;
      if (values_.size() != times.size()) view.rows = rows_;
      view.values = values_;
      view.histograms = histograms_;
      view.starts = starts_;
      if (auto added = writer_.Add(places[0].series, view); !added) return added;
    }
    return {};
  }

  void ClearColumn() {
    rows_.clear();
    values_.clear();
    histograms_.clear();
    starts_.clear();
  }

  // Appends the samples of one block to the column in the making.
  Result<> ReadPlace(const Place& place, const Block::Times& times) {
    auto& [block, scratch] = open_[std::uint64_t{place.part} << 32 | place.block];
    if (block == nullptr) {
      auto read = BlockOf(place);
      if (!read) return std::move(read).error();
      block = *read;
    }
    const auto index = block->block->Find(place.series);
    if (!index) return {};
    if (auto read = block->block->Read(*index, scratch, column_); !read) return read;
    deleted_.clear();
    tombstones_->RangesFor(place.series, parts_[place.part]->info().last_generation, deleted_);
    const std::uint32_t row = nodes_[place.node].row;
    if (deleted_.empty() && column_.histograms.empty() && column_.starts.empty() && starts_.empty())
        [[likely]] {
      const std::size_t first = rows_.size();
      rows_.resize(first + column_.size());
      for (std::size_t i = 0; i < column_.size(); ++i) {
        rows_[first + i] =
            row + (column_.every_row ? static_cast<std::uint32_t>(i) : column_.rows[i]);
      }
      values_.insert(values_.end(), column_.values.begin(), column_.values.end());
      return {};
    }
    std::size_t histogram = 0;
    for (std::size_t i = 0; i < column_.size(); ++i) {
      const bool is_histogram =
          histogram < column_.histograms.size() && column_.histograms[histogram].index == i;
      if (is_histogram) ++histogram;
      const std::uint32_t at =
          row + (column_.every_row ? static_cast<std::uint32_t>(i) : column_.rows[i]);
      const auto holds = [&](const TimeRange& range) { return range.Contains(times[at]); };
      if (std::any_of(deleted_.begin(), deleted_.end(), holds)) continue;
      if (is_histogram) {
        histograms_.push_back({static_cast<std::uint32_t>(values_.size()),
                               column_.histograms[histogram - 1].histogram});
      }
      if (!column_.starts.empty() || !starts_.empty()) {
        starts_.resize(values_.size(), kMinTime);
        starts_.push_back(column_.starts.empty() ? kMinTime : column_.starts[i]);
      }
      rows_.push_back(at);
      values_.push_back(column_.values[i]);
    }
    return {};
  }

  // Series that changed columns or have samples out of order: read as queries do.
  Result<> WriteStrays() {
    // Those with the same history are neighbours, and share their columns.
    const auto same_places = [](const Place& a, const Place& b) { return a.node < b.node; };
    std::stable_sort(strays_.begin(), strays_.end(), [&](const auto& a, const auto& b) {
      return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), same_places);
    });
    LiveView none;
    View view;
    view.parts.assign(parts_.begin(), parts_.end());
    view.tombstones = tombstones_;
    SeriesReader reader(none, view, {});
    SeriesColumns columns;
    std::vector<SeriesPlaces::InPart> in_parts;
    std::shared_ptr<const Block::Times> times;
    SeriesId before = 0;
    for (const std::span<const Place> stray : strays_) {
      SeriesPlaces places;
      places.series = stray[0].series;
      in_parts.clear();
      for (const Place& place : stray) in_parts.push_back({place.part, place.block});
      places.parts = in_parts;
      if (auto read = reader.Read(places, columns); !read) return read;
      for (std::size_t begin = 0; begin < columns.size(); begin += kMaxBlockRows) {
        const std::size_t end = std::min(begin + kMaxBlockRows, columns.size());
        const bool whole = end - begin == columns.size();
        if (!whole || times == nullptr || (columns.times != times && *columns.times != *times) ||
            places.series <= before) {
          times = whole ? columns.times : nullptr;
          auto rows =
              writer_.Rows(Block::Times(columns.times->begin() + static_cast<std::ptrdiff_t>(begin),
                                        columns.times->begin() + static_cast<std::ptrdiff_t>(end)));
          if (!rows) return rows;
        }
        before = places.series;
        histograms_.clear();
        for (const auto& [index, histogram] : columns.histograms) {
          if (index >= begin && index < end) {
            histograms_.push_back({static_cast<std::uint32_t>(index - begin), histogram});
          }
        }
        ColumnView view_of;
        view_of.values = std::span(columns.values).subspan(begin, end - begin);
        view_of.histograms = histograms_;
        if (!columns.starts.empty()) {
          view_of.starts = std::span(columns.starts).subspan(begin, end - begin);
        }
        if (auto added = writer_.Add(places.series, view_of); !added) return added;
      }
    }
    return {};
  }

  const std::span<const std::shared_ptr<const Part>> parts_;
  const std::shared_ptr<const Tombstones> tombstones_;
  const MergeOptions& options_;
  PartWriter writer_;
  std::vector<Place> places_;
  std::vector<Node> nodes_;
  std::vector<Window> windows_;
  std::unordered_map<std::uint32_t, std::vector<std::span<const Place>>> by_chain_;
  std::vector<std::span<const Place>> strays_;
  struct OpenBlock {
    std::shared_ptr<const CachedBlock> block;
    Block::Scratch scratch;
  };
  std::unordered_map<std::uint64_t, OpenBlock> open_;
  Column column_;
  std::vector<TimeRange> deleted_;
  // The column in the making.
  std::vector<std::uint32_t> rows_;
  std::vector<double> values_;
  std::vector<SeriesColumns::HistogramAt> histograms_;
  std::vector<Timestamp> starts_;
};

}  // namespace

Result<std::optional<SealedPart>> MergeParts(std::span<const std::shared_ptr<const Part>> parts,
                                             const std::shared_ptr<const Tombstones>& tombstones,
                                             const MergeOptions& options) {
  return Merger(parts, tombstones, options).Run();
}

}  // namespace meerkat::tsdb
