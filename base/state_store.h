#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace meerkat {

// Durable memory for the small things: silences, the notification log, alert state, stored
// dashboards. Keys are "<area>/<id>"; values are bytes whose meaning is the owner's. A write is in
// the journal when Write returns, so kill -9 forgets nothing. Threads: any.
class StateStore {
 public:
  virtual ~StateStore() = default;
  struct Change {
    std::string key;
    std::optional<std::string> value;  // nullopt deletes
  };
  // All of it or nothing.
  virtual Result<> Write(std::vector<Change> changes) = 0;
  virtual Result<std::optional<std::string>> Read(std::string_view key) const = 0;
  // Every entry whose key starts with `prefix`, in key order, until `visit` returns false.
  virtual Result<> Scan(
      std::string_view prefix,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const = 0;
};

}  // namespace meerkat
