#include "tsdb/rocks/status.h"

namespace meerkat::tsdb {

Error ToError(const rocksdb::Status& status) {
  if (status.IsCorruption()) return Error(Code::kCorruption, status.ToString());
  if (status.IsNotFound()) return Error(Code::kNotFound, status.ToString());
  if (status.IsInvalidArgument()) return Error(Code::kInvalid, status.ToString());
  return Error(Code::kUnavailable, status.ToString());
}

}  // namespace meerkat::tsdb
