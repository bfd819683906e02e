#include "tsdb/attic/segment_writer.h"

#include <algorithm>

#include "tsdb/compact/part.h"

namespace meerkat::tsdb {

namespace {

// What looking for one value reads.
constexpr std::size_t kValueSheetBytes = 16 << 10;

// first, behind the last, first, behind the last, ...
std::vector<std::uint32_t> RunsOf(const Postings& rows) {
  std::vector<std::uint32_t> runs;
  rows.ForEach([&runs](std::uint32_t row) {
    if (!runs.empty() && runs.back() == row) {
      ++runs.back();
    } else {
      runs.push_back(row);
      runs.push_back(row + 1);
    }
  });
  return runs;
}

}  // namespace

SegmentWriter::SegmentWriter(const std::filesystem::path& directory, std::uint64_t number)
    : file_(directory / ("attic-" + std::to_string(number) + ".sst")), number_(number) {}

Result<> SegmentWriter::Put(std::uint32_t sheet, SheetKind kind, std::string_view body) {
  if (out_ == nullptr) {
    auto created = PartFile::Create(file_);
    if (!created) return std::move(created).error();
    out_ = std::move(*created);
  }
  return out_->Put(PartKey(number_, sheet), SealSheet(kind, body, compressor_));
}

Result<> SegmentWriter::Add(const Labels& labels, SeriesId id) {
  if (labels_.rows() == 0) directory_.first_labels.push_back(labels);
  labels_.Add(labels, id);
  index_.Add(labels, rows_++);
  ids_.push_back(id);
  hashes_.push_back(labels.hash());
  return labels_.rows() == kSheetRows ? CloseLabels() : Result<>();
}

Result<> SegmentWriter::CloseLabels() {
  if (labels_.rows() == 0) return {};
  const auto sheet = static_cast<std::uint32_t>(directory_.first_labels.size() - 1);
  return Put(sheet, SheetKind::kLabels, labels_.Finish());
}

Result<> SegmentWriter::PutValues() {
  std::uint32_t sheet = 0;
  std::vector<std::uint32_t> rows;
  for (const auto& [text, id] : index_.names_by_text) {
    const IndexState::Name& name = index_.names[id];
    directory_.names.push_back({text, RunsOf(name.series), sheet, {}});
    std::vector<IndexState::PairId> pairs = name.pairs;
    std::sort(pairs.begin(), pairs.end(), [this](auto a, auto b) {
      return index_.pair(a).value.view() < index_.pair(b).value.view();
    });
    ValueSheetBuilder builder;
    for (const IndexState::PairId pair : pairs) {
      const std::string_view value = index_.pair(pair).value.view();
      if (builder.bytes() == 0) directory_.names.back().first_values.emplace_back(value);
      rows.clear();
      index_.pair(pair).series.AppendTo(rows);
      builder.Add(value, rows, rows_);
      if (builder.bytes() < kValueSheetBytes && pair != pairs.back()) continue;
      auto put = Put(kValueSheets + sheet++, SheetKind::kValues, builder.Finish());
      if (!put) return put;
    }
  }
  return {};
}

Result<> SegmentWriter::Finish() {
  if (auto closed = CloseLabels(); !closed) return closed;
  if (auto put = PutValues(); !put) return put;
  directory_.rows = rows_;
  std::sort(ids_.begin(), ids_.end());
  if (auto put = Put(kIdSheet, SheetKind::kIds, EncodeIds(ids_)); !put) return put;
  if (auto put = Put(kFilterSheet, SheetKind::kFilter, LabelFilter(hashes_).Encode()); !put) {
    return put;
  }
  if (auto put = Put(kDirectorySheet, SheetKind::kDirectory, directory_.Encode()); !put) {
    return put;
  }
  auto bytes = out_->Finish();
  if (!bytes) return std::move(bytes).error();
  bytes_ = *bytes;
  return {};
}

}  // namespace meerkat::tsdb
