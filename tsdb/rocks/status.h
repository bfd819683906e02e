#pragma once

#include <rocksdb/status.h>

#include "base/result.h"

// Only for the .cc files of this folder.
namespace meerkat::tsdb {

// Damage is kCorruption; all else that disks do (full, read-only, gone) may be over later:
// kUnavailable.
Error ToError(const rocksdb::Status& status);

}  // namespace meerkat::tsdb
