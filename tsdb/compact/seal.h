#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "tsdb/compact/part.h"
#include "tsdb/head/generation.h"

namespace meerkat::tsdb {

struct SealedPart {
  PartInfo info;
  std::string directory;  // encoded
  std::filesystem::path file;
};

// Writes a closed generation as parts, one for each aligned stretch of `partition` it has samples
// in (longer stretches when it spans very many). Does not touch the store.
Result<std::vector<SealedPart>> SealGeneration(const Generation& generation, Millis partition,
                                               const std::filesystem::path& directory,
                                               const std::function<std::uint64_t()>& next_number);

// The start of the aligned stretch that holds `t`.
Timestamp AlignDown(Timestamp t, Millis stretch);

}  // namespace meerkat::tsdb
