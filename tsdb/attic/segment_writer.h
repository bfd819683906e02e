#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tsdb/attic/sheet.h"
#include "tsdb/index/state.h"
#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {

// Keys of a segment's sheets, in the parts family under its number.
inline constexpr std::uint32_t kValueSheets = 0x80000000;  // behind the label sheets
inline constexpr std::uint32_t kIdSheet = 0xfffffffd;
inline constexpr std::uint32_t kFilterSheet = 0xfffffffe;
inline constexpr std::uint32_t kDirectorySheet = 0xffffffff;

// Writes the file of one segment. Label sheets go out as they come; what is derived from them is
// kept in an index of rows until the end, about 60 bytes a row. Threads: one.
class SegmentWriter {
 public:
  // The file is `directory`/attic-<number>.sst.
  SegmentWriter(const std::filesystem::path& directory, std::uint64_t number);

  // In strict label order.
  Result<> Add(const Labels& labels, SeriesId id);
  std::uint32_t rows() const { return rows_; }
  Result<> Finish();

  std::uint64_t number() const { return number_; }
  const std::filesystem::path& file() const { return file_; }
  // After Finish:
  std::vector<SeriesId> TakeIds() { return std::move(ids_); }  // ascending
  std::uint64_t bytes() const { return bytes_; }

 private:
  Result<> Put(std::uint32_t sheet, SheetKind kind, std::string_view body);
  Result<> CloseLabels();
  Result<> PutValues();

  const std::filesystem::path file_;
  const std::uint64_t number_;
  std::unique_ptr<PartFile> out_;
  Compressor compressor_;
  std::uint32_t rows_ = 0;
  LabelSheetBuilder labels_;
  SegmentDirectory directory_;
  IndexState index_;  // ids are rows
  std::vector<SeriesId> ids_;
  std::vector<std::uint64_t> hashes_;
  std::uint64_t bytes_ = 0;
};

}  // namespace meerkat::tsdb
