#pragma once

#include <string_view>

#include "tsdb/storage.h"

namespace meerkat::tsdb {

// In upstream's words where it has them; empty for kNone.
std::string_view TextOf(Refusal refusal);

}  // namespace meerkat::tsdb
