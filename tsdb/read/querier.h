#pragma once

#include <memory>

#include "tsdb/head/head.h"
#include "tsdb/head/view.h"
#include "tsdb/index/index.h"
#include "tsdb/storage.h"

namespace meerkat::tsdb {

// Answers from the view at the time it is made; samples that are appended to the open generation
// later may be seen, whole batches at a time.
std::unique_ptr<Querier> MakeQuerier(const Index& index, const Attic& attic, const Head& head,
                                     const LiveView& live, TimeRange range);

}  // namespace meerkat::tsdb
