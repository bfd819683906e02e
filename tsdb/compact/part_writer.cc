#include "tsdb/compact/part_writer.h"

#include <algorithm>
#include <utility>

namespace meerkat::tsdb {

namespace {

// Bytes of columns in a block: what reading a single series costs. A block is one section, so
// whoever reads many of its series inflates once.
constexpr std::size_t kBlockBytes = 64 << 10;

}  // namespace

PartWriter::PartWriter(const std::filesystem::path& directory, std::uint64_t number, int zstd_level)
    : file_(directory / ("part-" + std::to_string(number) + ".sst")),
      // One section: the block itself is the unit that is read.
      builder_(BlockOptions{.zstd_level = zstd_level, .section_bytes = std::size_t{1} << 30}) {
  info_.number = number;
  info_.range = {kMaxTime, kMinTime};
}

Result<> PartWriter::Rows(std::vector<Timestamp> times) {
  if (auto closed = CloseBlock(); !closed) return closed;
  times_ = std::move(times);
  if (std::exchange(column_used_, false)) ++column_;
  return {};
}

Result<> PartWriter::Add(SeriesId series, const ColumnView& column) {
  if (!open_) {
    builder_.Begin(times_);
    open_ = true;
  }
  builder_.Add(series, column);
  ids_.push_back(series);
  info_.samples += column.values.size();
  if (builder_.raw_bytes() >= kBlockBytes) return CloseBlock();
  return {};
}

Result<> PartWriter::CloseBlock() {
  if (!open_) return {};
  if (out_ == nullptr) {
    auto created = PartFile::Create(file_);
    if (!created) return std::move(created).error();
    out_ = std::move(*created);
  }
  const auto block = static_cast<std::uint32_t>(info_.blocks++);
  for (const SeriesId series : ids_) {
    std::vector<PartRun>& runs = directory_.runs;
    if (!runs.empty() && runs.back().block == block &&
        series == runs.back().first + runs.back().count) {
      ++runs.back().count;
    } else {
      runs.push_back({series, 1, block});
    }
  }
  all_.insert(all_.end(), ids_.begin(), ids_.end());
  ids_.clear();
  const TimeRange range{times_.front(), times_.back()};
  directory_.blocks.push_back({range, column_});
  column_used_ = true;
  info_.range.min = std::min(info_.range.min, range.min);
  info_.range.max = std::max(info_.range.max, range.max);
  const std::string bytes = builder_.Finish();
  open_ = false;
  return out_->Put(PartKey(info_.number, block), bytes);
}

Result<> PartWriter::Finish(PartInfo& info, std::string& directory) {
  if (auto closed = CloseBlock(); !closed) return closed;
  directory = directory_.Encode();
  auto bytes = out_->Finish();
  if (!bytes) return std::move(bytes).error();
  std::sort(all_.begin(), all_.end());
  info.number = info_.number;
  info.range = info_.range;
  info.samples = info_.samples;
  info.blocks = info_.blocks;
  info.bytes = *bytes;
  info.series = static_cast<std::uint64_t>(std::unique(all_.begin(), all_.end()) - all_.begin());
  return {};
}

}  // namespace meerkat::tsdb
