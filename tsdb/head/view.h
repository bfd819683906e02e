#pragma once

#include <memory>
#include <vector>

#include "base/mutex.h"
#include "tsdb/compact/part.h"
#include "tsdb/compact/tombstones.h"
#include "tsdb/head/generation.h"

namespace meerkat::tsdb {

// Where all samples are at one moment. What a view points to never changes, but for the open
// generation, which is read under the lock. Samples of the closed generations and the parts are
// disjoint: a generation leaves the view when its part enters it.
struct View {
  std::shared_ptr<Generation> open;
  std::vector<std::shared_ptr<const Generation>> closed;  // oldest first
  std::vector<std::shared_ptr<const Part>> parts;         // by (least time, first generation)
  std::shared_ptr<const Tombstones> tombstones;           // never null
};

struct LiveView {
  mutable SharedMutex mu;
  View view GUARDED_BY(mu);
};

}  // namespace meerkat::tsdb
