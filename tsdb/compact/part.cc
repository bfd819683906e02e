#include "tsdb/compact/part.h"

#include <algorithm>

#include "tsdb/head/token.h"

namespace meerkat::tsdb {

namespace {

constexpr std::uint64_t kInfoVersion = 1;
constexpr std::uint64_t kDirectoryVersion = 1;

// Varints one after the other; a short read spoils all that follows.
class Varints {
 public:
  explicit Varints(std::string_view bytes) : in_(bytes.data()), end_(in_ + bytes.size()) {}
  std::uint64_t Next() {
    std::uint64_t value = 0;
    if (in_ != nullptr) in_ = GetVarint(in_, end_, value);
    return value;
  }
  std::int64_t Signed() { return UnZigZag(Next()); }
  bool ok() const { return in_ != nullptr; }
  std::size_t left() const { return in_ == nullptr ? 0 : static_cast<std::size_t>(end_ - in_); }

 private:
  const char* in_;
  const char* end_;
};

void AppendSigned(std::string& out, std::int64_t value) {
  AppendVarint(out, ZigZag(value));
}

}  // namespace

std::string PartInfo::Encode() const {
  std::string out;
  AppendVarint(out, kInfoVersion);
  AppendVarint(out, number);
  AppendSigned(out, ToMillis(range.min));
  AppendSigned(out, ToMillis(range.max));
  for (const std::uint64_t value :
       {first_generation, last_generation, std::uint64_t{level}, series, samples, blocks, bytes}) {
    AppendVarint(out, value);
  }
  return out;
}

Result<PartInfo> PartInfo::Decode(std::string_view bytes) {
  Varints in(bytes);
  const std::uint64_t version = in.Next();
  if (in.ok() && version > kInfoVersion) {
    return Error(Code::kInvalid,
                 "part of version " + std::to_string(version) + ": made by a newer meerkat");
  }
  PartInfo info;
  info.number = in.Next();
  info.range.min = FromMillis(in.Signed());
  info.range.max = FromMillis(in.Signed());
  info.first_generation = in.Next();
  info.last_generation = in.Next();
  info.level = static_cast<std::uint32_t>(in.Next());
  info.series = in.Next();
  info.samples = in.Next();
  info.blocks = in.Next();
  info.bytes = in.Next();
  if (!in.ok()) return Error(Code::kCorruption, "part record ends early");
  return info;
}

std::string PartDirectory::Encode() const {
  std::string out;
  AppendVarint(out, kDirectoryVersion);
  AppendVarint(out, blocks.size());
  std::uint64_t before = 0;
  std::uint32_t column = 0;
  for (const InBlock& in : blocks) {
    const auto min = static_cast<std::uint64_t>(ToMillis(in.range.min));
    AppendSigned(out, static_cast<std::int64_t>(min - before));
    AppendVarint(out, static_cast<std::uint64_t>(ToMillis(in.range.max)) - min);
    AppendVarint(out, in.column - column);
    before = min;
    column = in.column;
  }
  AppendVarint(out, runs.size());
  std::uint32_t block = 0;
  SeriesId behind = 0;
  for (const PartRun& run : runs) {
    AppendVarint(out, run.block - block);
    AppendSigned(out, static_cast<std::int64_t>(run.first) - behind);
    AppendVarint(out, run.count);
    block = run.block;
    behind = run.first + run.count;
  }
  return out;
}

Result<PartDirectory> PartDirectory::Decode(std::string_view bytes) {
  const Error broken(Code::kCorruption, "part directory is damaged");
  Varints in(bytes);
  if (in.Next() != kDirectoryVersion) return broken;
  PartDirectory directory;
  const std::uint64_t blocks = in.Next();
  if (!in.ok() || blocks > in.left()) return broken;
  std::uint64_t before = 0;
  std::uint64_t column = 0;
  for (std::uint64_t i = 0; i < blocks; ++i) {
    before += static_cast<std::uint64_t>(in.Signed());
    const std::uint64_t last = before + in.Next();
    column += in.Next();
    if (column > i) return broken;
    directory.blocks.push_back({{FromMillis(static_cast<std::int64_t>(before)),
                                 FromMillis(static_cast<std::int64_t>(last))},
                                static_cast<std::uint32_t>(column)});
  }
  const std::uint64_t runs = in.Next();
  if (!in.ok() || runs > in.left()) return broken;
  std::uint64_t block = 0;
  std::uint64_t behind = 0;
  for (std::uint64_t i = 0; i < runs; ++i) {
    block += in.Next();
    const std::uint64_t first = behind + static_cast<std::uint64_t>(in.Signed());
    const std::uint64_t count = in.Next();
    if (!in.ok() || block >= blocks || first > 0xffffffff || count > 0x100000000 - first) {
      return broken;
    }
    directory.runs.push_back({static_cast<SeriesId>(first), static_cast<std::uint32_t>(count),
                              static_cast<std::uint32_t>(block)});
    behind = first + count;
  }
  if (!in.ok()) return broken;
  return directory;
}

std::string PartKey(std::uint64_t part, std::uint32_t block) {
  std::string key = BigEndianKey(part);
  return key + BigEndianKey(block).substr(4);
}

std::string PartDirectoryKey(std::uint64_t part) {
  return "directory/" + BigEndianKey(part);
}

Part::Part(PartInfo info, Store& store, BlockCache& cache, Damaged damaged)
    : info_(info), store_(store), cache_(cache), damaged_(std::move(damaged)) {}

Part::~Part() {
  if (!dropped_.load()) return;
  cache_.Forget(info_.number);
  // What cannot be deleted now is no part's at the next start, and deleted then.
  (void)store_.DropParts(BigEndianKey(info_.number), BigEndianKey(info_.number + 1));
}

Result<const PartDirectory*> Part::Directory() const {
  MutexLock lock(mu_);
  if (directory_ != nullptr) return directory_.get();
  auto bytes = store_.Get(Family::kMeta, PartDirectoryKey(info_.number));
  Result<PartDirectory> directory = Error(Code::kCorruption, "part directory is missing");
  if (!bytes) {
    directory = std::move(bytes).error();
  } else if (bytes->has_value()) {
    directory = PartDirectory::Decode(**bytes);
  }
  if (!directory) {
    if (std::find(told_.begin(), told_.end(), kDirectoryBlock) == told_.end()) {
      told_.push_back(kDirectoryBlock);
      damaged_(info_, kDirectoryBlock, directory.error());
    }
    auto rebuilt = RebuildPart(store_, info_.number);
    if (!rebuilt) return std::move(directory).error();
    directory = std::move(rebuilt->directory);
  }
  directory_ = std::make_unique<const PartDirectory>(std::move(*directory));
  return directory_.get();
}

Result<std::shared_ptr<const CachedBlock>> Part::ReadBlock(std::uint32_t block, bool keep) const {
  if (auto cached = cache_.Find(info_.number, block)) return cached;
  auto bytes = store_.Get(Family::kParts, PartKey(info_.number, block));
  Result<std::shared_ptr<const Block>> opened = Error(Code::kCorruption, "block is missing");
  if (!bytes) {
    opened = std::move(bytes).error();
  } else if (bytes->has_value()) {
    opened = Block::Open(std::move(**bytes));
  }
  if (!opened) {
    MutexLock lock(mu_);
    if (std::find(told_.begin(), told_.end(), block) == told_.end()) {
      told_.push_back(block);
      damaged_(info_, block, opened.error());
    }
    return std::move(opened).error();
  }
  if (!keep) {
    const auto times = (*opened)->times();
    return std::shared_ptr<const CachedBlock>(
        std::make_shared<CachedBlock>(CachedBlock{std::move(*opened), times}));
  }
  return cache_.Insert(info_.number, block, std::move(*opened));
}

Result<> Part::Verify() const {
  auto directory = Directory();
  if (!directory) return std::move(directory).error();
  for (std::uint32_t i = 0; i < (*directory)->blocks.size(); ++i) {
    auto block = ReadBlock(i, false);
    if (!block) return std::move(block).error();
    if (auto verified = (*block)->block->Verify(); !verified) return verified;
  }
  return {};
}

Result<std::vector<Part::Place>> Part::Find(std::span<const SeriesId> ids, TimeRange range) const {
  auto directory = Directory();
  if (!directory) return std::move(directory).error();
  std::vector<Place> places;
  for (const PartRun& run : (*directory)->runs) {
    if (!(*directory)->blocks[run.block].range.Overlaps(range)) continue;
    auto it = std::lower_bound(ids.begin(), ids.end(), run.first);
    for (; it != ids.end() && *it - run.first < run.count; ++it) {
      places.push_back({static_cast<std::uint32_t>(it - ids.begin()), run.block});
    }
  }
  return places;
}

}  // namespace meerkat::tsdb
