#include <algorithm>

#include "tsdb/compact/part.h"

namespace meerkat::tsdb {

Result<RebuiltPart> RebuildPart(Store& store, std::uint64_t number) {
  RebuiltPart part;
  part.info.number = number;
  part.info.range = {kMaxTime, kMinTime};
  std::vector<SeriesId> all;
  std::shared_ptr<const Block::Times> times;
  std::uint32_t column = 0;
  const auto add = [&](std::string_view key, std::string_view value) {
    if (key.size() != 12) return true;
    const auto at = static_cast<std::uint32_t>(
        ReadBigEndian(std::string(4, '\0') + std::string(key.substr(8))));
    const auto opened = Block::Open(std::string(value));
    if (!opened || at >= 1u << 24) return true;  // whoever reads it is told
    const Block& block = **opened;
    if (block.row_count() == 0) return true;
    if (times != nullptr && *times != *block.times()) ++column;
    times = block.times();
    PartDirectory& directory = part.directory;
    // What could not be read has no time at all, and is never looked at.
    while (directory.blocks.size() < at) {
      directory.blocks.push_back({{kMinTime, kMinTime}, column});
    }
    const TimeRange range{times->front(), times->back()};
    directory.blocks.push_back({range, column});
    for (std::size_t i = 0; i < block.series_count(); ++i) {
      const auto id = static_cast<SeriesId>(block.id(i));
      std::vector<PartRun>& runs = directory.runs;
      if (!runs.empty() && runs.back().block == at && id == runs.back().first + runs.back().count) {
        ++runs.back().count;
      } else {
        runs.push_back({id, 1, at});
      }
      all.push_back(id);
    }
    part.info.range.min = std::min(part.info.range.min, range.min);
    part.info.range.max = std::max(part.info.range.max, range.max);
    part.info.samples += block.row_count() * block.series_count();
    part.info.bytes += value.size();
    return true;
  };
  auto scanned = store.ScanAround(Family::kParts, BigEndianKey(number), BigEndianKey(number + 1),
                                  add, [](const Error&) {});
  if (!scanned) return std::move(scanned).error();
  if (part.directory.blocks.empty()) return Error(Code::kCorruption, "no block can be read");
  std::sort(all.begin(), all.end());
  part.info.series = static_cast<std::uint64_t>(std::unique(all.begin(), all.end()) - all.begin());
  part.info.blocks = part.directory.blocks.size();
  return part;
}

}  // namespace meerkat::tsdb
