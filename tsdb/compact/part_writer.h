#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "tsdb/chunk/block.h"
#include "tsdb/compact/part.h"
#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {

// Writes the file of one part, block by block. Threads: one.
class PartWriter {
 public:
  // The file is `directory`/part-<number>.sst.
  PartWriter(const std::filesystem::path& directory, std::uint64_t number, int zstd_level);

  // Begins a run of series on the same rows, which are the block's timestamps.
  Result<> Rows(std::vector<Timestamp> times);
  // Ids ascend within a run.
  Result<> Add(SeriesId series, const ColumnView& column);

  bool empty() const { return info_.blocks == 0 && !open_; }
  // Ends the file. `info` gets range, series, samples, blocks and bytes; `directory` is to be kept
  // in the meta family.
  Result<> Finish(PartInfo& info, std::string& directory);
  const std::filesystem::path& file() const { return file_; }

 private:
  Result<> CloseBlock();

  const std::filesystem::path file_;
  std::unique_ptr<PartFile> out_;
  std::vector<Timestamp> times_;
  std::uint32_t column_ = 0;  // of the open block
  bool column_used_ = false;
  BlockBuilder builder_;
  bool open_ = false;          // whether the builder holds a block
  std::vector<SeriesId> ids_;  // of the open block
  PartDirectory directory_;
  std::vector<SeriesId> all_;  // to count distinct series
  PartInfo info_;
};

}  // namespace meerkat::tsdb
