#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "tsdb/compact/part.h"
#include "tsdb/compact/seal.h"
#include "tsdb/compact/tombstones.h"
#include "tsdb/head/view.h"

namespace meerkat::tsdb {

struct MergeOptions {
  std::filesystem::path directory;  // where the file is made
  std::uint64_t number = 0;         // of the new part
  int zstd_level = 5;
  // Series to keep; empty: all.
  std::function<bool(SeriesId)> keep;
  const std::atomic<bool>* stopped = nullptr;  // set: give up soon, with kCanceled
};

// Rewrites parts as one, without what the tombstones delete. Nothing when no sample is left.
// kCorruption when a block cannot be read: such parts are left as they are, so that nothing that
// could still be saved by hand is thrown away.
//
// Series that stay on the same columns from part to part (a target's series do) are written side by
// side on the joined column; the few others by themselves.
Result<std::optional<SealedPart>> MergeParts(std::span<const std::shared_ptr<const Part>> parts,
                                             const std::shared_ptr<const Tombstones>& tombstones,
                                             const MergeOptions& options);

}  // namespace meerkat::tsdb
