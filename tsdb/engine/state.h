#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/state_store.h"
#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {

// The small things beside the samples: entries of the state family.
class State : public StateStore {
 public:
  State(Store& store, bool sync) : store_(store), sync_(sync) {}

  Result<> Write(std::vector<Change> changes) override {
    StoreBatch batch;
    for (const Change& change : changes) {
      if (change.value) {
        batch.Put(Family::kState, change.key, *change.value);
      } else {
        batch.Delete(Family::kState, change.key);
      }
    }
    return store_.Write(batch, sync_);
  }
  Result<std::optional<std::string>> Read(std::string_view key) const override {
    return store_.Get(Family::kState, key);
  }
  Result<> Scan(
      std::string_view prefix,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return store_.Scan(Family::kState, prefix, {},
                       [&](std::string_view key, std::string_view value) {
                         return key.starts_with(prefix) && visit(key, value);
                       });
  }

 private:
  Store& store_;
  const bool sync_;
};

}  // namespace meerkat::tsdb
